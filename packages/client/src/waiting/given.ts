/** What is given of some options: without those that are undefined, so that they replace nothing when they are put over others. What are no options is left as it is. */
export function given<O extends object>(options: O): O {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as O;
}
