import type { Thumbnail, Timestamp } from '@pyrgos/core/model';
import type { Item } from './item.js';

/** Memory of the facts about an item besides its texts and its thumbnail, roughly. */
const FACTS_SIZE = 400;

/**
 * What there is to show of an item, and nothing to work with: neither keys nor ciphertext. A tenth of the memory of the {@link Item}, so
 * that a list of many thousand can be kept. Immutable.
 */
export class ItemFacts {
  /** Tells it from a {@link DanglingEntry}. */
  readonly isDangling = false;

  private constructor(
    /** The name by which the parent lists it. */
    readonly name: string,
    readonly isDirectory: boolean,
    /** As its properties have it. */
    readonly size: number,
    readonly mimeType: string,
    readonly modified: Timestamp,
    readonly created: Timestamp,
    readonly isHidden: boolean,
    readonly isWritable: boolean,
    readonly thumbnail: Thumbnail | undefined,
    /** See {@link versionOf}. */
    readonly version: string,
  ) {}

  /** The facts about an item. */
  static of(item: Item): ItemFacts {
    const { name, size, mimeType, modified, created, isHidden, thumbnail } = item.properties;
    const { isDirectory, isWritable } = item;
    return new ItemFacts(name, isDirectory, size, mimeType, modified, created, isHidden, isWritable, thumbnail, versionOf(item));
  }

  /** A directory of which nothing is known but its name, on the way to an item: with the times of the item, and its version. */
  static above({ properties: { modified, created }, ...item }: Item, name: string): ItemFacts {
    return new ItemFacts(name, true, 0, '', modified, created, false, false, undefined, versionOf(item));
  }

  /** Bytes of memory that it takes, roughly. */
  get memorySize(): number {
    const { name, mimeType, version, thumbnail } = this;
    return FACTS_SIZE + 2 * name.length + mimeType.length + version.length + (thumbnail?.bytes.length ?? 0);
  }
}

/**
 * The version of a file or directory: the CIDs of the node of its first chunk and of the link nodes on the way to it. The first node holds size, times, name,
 * parent link and keys, and every change of content that this program makes seals it anew, under a nonce of its own: so no two versions have
 * one CID, not even when the same bytes come back. Whoever commits a change puts the new node in place of exactly this one (chapter 04
 * section 23 rule 1), which makes the comparison hold up to the commit. No secret: the server knows the CIDs.
 *
 * What it does not tell: the reference, when it writes into the middle of a file of more than 5 MiB, may leave the first node as it was (section
 * 15.1, note).
 */
export function versionOf({ cid, links }: Pick<Item, 'cid' | 'links'>): string {
  return [...links.map((link) => link.cid), cid].join('.');
}
