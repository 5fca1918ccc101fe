import { decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { type ChildEntry, childrenToCbor, openChildren, parseChildren } from '@pyrgos/core/model';
import type { Item } from './item.js';
import type { ReadOptions, View } from './view.js';

/** What is read of a directory node: an item, or a chunk after the first one. */
export type DirectoryNode = Pick<Item, 'capability' | 'cid' | 'node'>;

/** Memory of an opened entry, roughly; its bytes have a tenth of that. */
const ENTRY_SIZE = 3200;

/** How a list is read. */
export interface ChildListOptions extends ReadOptions {
  /** Whether it stays in the cache; default true. */
  readonly isKept?: boolean | undefined;
}

/**
 * The child list of one directory chunk (chapter 04 section 9.1), in its order. A malformed element is an entry with an error; its siblings
 * are not affected. CryptoError `crypto.authentication` when the key does not open the list, FormatError when it is no list, and the errors
 * of reading its fragments.
 */
export async function readChildList(view: View, directory: DirectoryNode, options: ChildListOptions = {}): Promise<readonly ChildEntry[]> {
  const { capability, cid, node } = directory;
  const cached = view.nodes.childList(cid, capability.rBaseKey);
  if (cached !== undefined) return cached;
  const { listings } = view.nodes;
  const packed = listings.list(cid, capability.rBaseKey);
  let entries: readonly ChildEntry[];
  if (packed === undefined) {
    const reader = view.fragmentReader(capability.owner, options.signal ?? view.signal);
    entries = await openChildren(view.crypto, node, capability.rBaseKey, reader);
    if (options.isKept !== false) listings.setList(cid, capability.rBaseKey, encodeCbor(childrenToCbor(entries)));
  } else {
    entries = parseChildren(decodeCbor(packed));
  }
  if (options.isKept !== false) view.nodes.setChildList(cid, capability.rBaseKey, entries, entries.length * ENTRY_SIZE);
  return entries;
}
