import type { Cid } from '@pyrgos/core/codec';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { LISTING_CACHE_SIZE } from '@pyrgos/core/limits';
import { ByteLru } from './byte-lru.js';
import type { ItemFacts } from './item-facts.js';

/** Memory of a key object, roughly. */
const KEY_SIZE = 300;

/** What was found behind an element of a list. */
export interface KnownFacts {
  /** The tree in which it was looked up last. */
  readonly root: Cid;
  /** Of one node, which their version names. */
  readonly facts: ItemFacts;
}

interface PackedList {
  /** The key that opened the list: whoever asks must have it. */
  readonly key: SymmetricKey;
  readonly bytes: Uint8Array;
}

type Cached = { readonly known: KnownFacts } | { readonly list: PackedList };

/**
 * What lists have shown, as small as it can be kept: child lists as the bytes that were decrypted, a tenth of the opened list, and the facts about
 * their items, a tenth of nodes with the content of small files. So listing a directory of ten thousand files once more takes no request. Nothing in it can
 * become stale: lists are known by their CID, facts hold for one node. Bounded in bytes; least recently used first out. Lists hold keys: it is
 * never written anywhere.
 */
export class ListingCache {
  private readonly cache: ByteLru<Cached>;

  /** `capacity` in bytes. */
  constructor(readonly capacity: number = LISTING_CACHE_SIZE) {
    this.cache = new ByteLru(capacity);
  }

  /** Bytes in the cache; at most the capacity. */
  get size(): number {
    return this.cache.size;
  }

  /** The plaintext of a child list; undefined when it is not here or was opened with another key. */
  list(cid: Cid, key: SymmetricKey): Uint8Array | undefined {
    const cached = this.cache.get(`c${cid.key}`);
    return cached !== undefined && 'list' in cached && cached.list.key.equals(key) ? cached.list.bytes : undefined;
  }

  /** Keeps the plaintext of a child list; the array is the cache's from now on. */
  setList(cid: Cid, key: SymmetricKey, bytes: Uint8Array): void {
    this.cache.set(`c${cid.key}`, { list: { key, bytes } }, bytes.length + KEY_SIZE);
  }

  /** What was found behind an element of a list; `key` depends on the element and on the rights of who opened it. */
  facts(key: string): KnownFacts | undefined {
    const cached = this.cache.get(`f${key}`);
    return cached !== undefined && 'known' in cached ? cached.known : undefined;
  }

  /** Keeps what was found behind an element of a list. */
  setFacts(key: string, known: KnownFacts): void {
    this.cache.set(`f${key}`, { known }, known.facts.memorySize);
  }

  /** Forgets everything, keys included. */
  clear(): void {
    this.cache.clear();
  }
}
