import type { Cid } from '@pyrgos/core/codec';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { NODE_CACHE_SIZE } from '@pyrgos/core/limits';
import type { ChildEntry, CryptreeNode } from '@pyrgos/core/model';
import { ByteLru } from './byte-lru.js';
import { ListingCache } from './listing-cache.js';
import { locationKey } from './location-key.js';

/** Memory of a known place, and of a parsed node besides the bytes of its block; roughly. */
const LOCATION_SIZE = 500;
const NODE_SIZE = 1500;

/** What is known about a map key of a tree: the CID of its node, or null for a key that the tree does not have. */
export type KnownLocation = Cid | null;

interface ChildList {
  /** The key that opened the list: whoever asks must have it. */
  readonly key: SymmetricKey;
  readonly entries: readonly ChildEntry[];
}

type Cached = { readonly location: KnownLocation } | { readonly node: CryptreeNode; readonly size: number };

/**
 * Parsed nodes in memory (chapter 04 section 24). Keys are content addresses (tree root and map key, CID), so nothing in it can become
 * stale, and all views of a session share one. Bounded in bytes; least recently used first out. Holds opened child lists as well, and
 * with them keys: it is never written anywhere.
 */
export class NodeCache {
  private readonly cache: ByteLru<Cached>;
  private readonly lists: ByteLru<ChildList>;

  /** `capacity` in bytes, of nodes and opened lists together; `listings`: what is kept of long lists besides. */
  constructor(
    capacity: number = NODE_CACHE_SIZE,
    /** @internal */
    readonly listings: ListingCache = new ListingCache(),
  ) {
    // Apart, so that reading one long list does not drive out the nodes of all paths.
    const forLists = Math.floor(capacity / 2);
    this.lists = new ByteLru(forLists);
    this.cache = new ByteLru(capacity - forLists);
  }

  /** Bytes in the cache; at most the capacity. */
  get size(): number {
    return this.cache.size + this.lists.size;
  }

  /** What the tree at `root` has under a map key; undefined when nothing is known. */
  locationOf(root: Cid, mapKey: Uint8Array): KnownLocation | undefined {
    const cached = this.cache.get(`l${root.key}${locationKey(mapKey)}`);
    return cached !== undefined && 'location' in cached ? cached.location : undefined;
  }

  /** Remembers what a verified lookup has found. */
  setLocation(root: Cid, mapKey: Uint8Array, location: KnownLocation): void {
    this.cache.set(`l${root.key}${locationKey(mapKey)}`, { location }, LOCATION_SIZE);
  }

  /** The parsed node, with the bytes of its block; undefined when it is not here. */
  node(cid: Cid): { readonly node: CryptreeNode; readonly size: number } | undefined {
    const cached = this.cache.get(`n${cid.key}`);
    return cached !== undefined && 'node' in cached ? cached : undefined;
  }

  /** Keeps the parsed node of a verified block of `size` bytes. */
  setNode(cid: Cid, node: CryptreeNode, size: number): void {
    this.cache.set(`n${cid.key}`, { node, size }, size + NODE_SIZE);
  }

  /** The opened child list of a directory node; undefined when it is not here or was opened with another key. */
  childList(cid: Cid, key: SymmetricKey): readonly ChildEntry[] | undefined {
    const cached = this.lists.get(cid.key);
    return cached?.key.equals(key) === true ? cached.entries : undefined;
  }

  /** Keeps an opened child list whose plaintext has about `size` bytes. */
  setChildList(cid: Cid, key: SymmetricKey, entries: readonly ChildEntry[], size: number): void {
    this.lists.set(cid.key, { key, entries }, size);
  }

  /** Forgets everything, keys included. */
  clear(): void {
    this.cache.clear();
    this.lists.clear();
    this.listings.clear();
  }
}
