const listeners = new Set<() => void>();

/** Has `listener` called whenever somebody leaves their account in this page: what a feature still knows of them is to be forgotten. For parts of the page that are loaded on demand. */
export function onLeave(listener: () => void): void {
  listeners.add(listener);
}

/** Tells everybody who has asked for it that nobody is logged in any more. */
export function tellLeaving(): void {
  for (const listener of listeners) listener();
}
