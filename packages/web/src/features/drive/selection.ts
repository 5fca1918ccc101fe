/**
 * What is selected in a list, where the focus is, and from where a range is drawn. Immutable; items are known by their paths, so a list that is
 * sorted anew or loaded further keeps its selection.
 */
export interface Selection {
  readonly paths: ReadonlySet<string>;
  /** The item that the keyboard acts on. */
  readonly focus: string | undefined;
  /** The other end of the next range. */
  readonly anchor: string | undefined;
}

/** Nothing is selected. */
export const NO_SELECTION: Selection = { paths: new Set(), focus: undefined, anchor: undefined };

/** Selects one item and nothing else. */
export function selectOnly(path: string): Selection {
  return { paths: new Set([path]), focus: path, anchor: path };
}

/** Adds an item, or takes it out. */
export function toggle(selection: Selection, path: string): Selection {
  const paths = new Set(selection.paths);
  if (!paths.delete(path)) paths.add(path);
  return { paths, focus: path, anchor: path };
}

/** Selects everything from the anchor to an item, in the order of the list. */
export function extendTo(selection: Selection, path: string, order: readonly string[]): Selection {
  const anchor = selection.anchor ?? selection.focus ?? path;
  const [from, to] = [order.indexOf(anchor), order.indexOf(path)];
  if (from < 0 || to < 0) return selectOnly(path);
  return { paths: new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1)), focus: path, anchor };
}

/** Selects everything. */
export function selectAll(selection: Selection, order: readonly string[]): Selection {
  return { ...selection, paths: new Set(order) };
}

/** Selects nothing; the focus stays. */
export function clear({ focus }: Selection): Selection {
  return { paths: new Set(), focus, anchor: focus };
}

/** Moves the focus without selecting. */
export function focusOn(selection: Selection, path: string): Selection {
  return { ...selection, focus: path };
}

/** What is left of a selection when the list has changed. A focus whose item is gone moves to what came next in the list of `before`, or else to what came last ahead of it. */
export function keepOnly(selection: Selection, order: readonly string[], before: readonly string[] = []): Selection {
  const there = new Set(order);
  const isThere = (path: string): boolean => there.has(path);
  const paths = new Set([...selection.paths].filter(isThere));
  const { focus, anchor } = selection;
  const kept = (path: string | undefined): string | undefined => (path !== undefined && isThere(path) ? path : undefined);
  const place = focus === undefined ? -1 : before.indexOf(focus);
  const neighbour = place < 0 ? undefined : (before.slice(place).find(isThere) ?? before.slice(0, place).findLast(isThere));
  return { paths, focus: kept(focus) ?? neighbour, anchor: kept(anchor) };
}

/** The next item, from `from` on and around the end, whose name begins with what was typed; undefined when there is none. */
export function findByTyping(names: readonly string[], from: number, typed: string, language: string): number | undefined {
  const wanted = typed.toLocaleLowerCase(language);
  for (let step = 0; step < names.length; step++) {
    const index = (from + step) % names.length;
    if (names[index]?.toLocaleLowerCase(language).startsWith(wanted) === true) return index;
  }
  return undefined;
}
