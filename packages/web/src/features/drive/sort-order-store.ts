import { useSyncExternalStore } from 'react';
import type { SortOrder } from './sort-rows.js';

let current: SortOrder = { by: 'name', descending: false };
const listeners = new Set<() => void>();

/** The order of folders, the same in all of them and in the viewer, until the page is closed; and how to choose another one. */
export function useSortOrder(): readonly [SortOrder, (order: SortOrder) => void] {
  const order = useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => current,
  );
  return [order, setSortOrder];
}

function setSortOrder(order: SortOrder): void {
  current = order;
  for (const listener of listeners) listener();
}
