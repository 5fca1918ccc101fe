import type { Item } from '../view/index.js';
import type { NewEntry } from './directory-edit.js';

/** How a directory lists an item, or the link node that leads to it. */
export function listingOf(item: Item): NewEntry {
  const { name, isDirectory, mimeType, created } = item.properties;
  return { name, capability: (item.link ?? item).capability, isDirectory, mimeType, created };
}
