import type { PublicKeyHash } from '../keys/public-key-hash.js';

/** A signed pointer update of one writer (chapter 03 section 2.4). */
export interface WriterPointer {
  readonly writer: PublicKeyHash;
  /** 64-byte signature || CBOR PointerUpdate. */
  readonly signed: Uint8Array;
}

/** A store of mutable pointers (chapter 03 section 2). One contract suite tests every implementation. */
export interface PointerStore {
  /** The last accepted signed update, byte for byte, or undefined when the writer has none. Not verified: callers verify. */
  getPointer(owner: PublicKeyHash, writer: PublicKeyHash, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Applies one update by the rules of section 2.6. ConflictError `conflict.pointer` (data: existing, sequence, claimed) when the
   * current target is not the claimed one; resolves to false when another update won the race after validation.
   */
  setPointer(owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array, signal?: AbortSignal): Promise<boolean>;
  /** Applies all updates or none (section 2.7). A writer occurs at most once. */
  setPointers(owner: PublicKeyHash, updates: readonly WriterPointer[], signal?: AbortSignal): Promise<boolean>;
  /**
   * The same store for who must not be answered from what was seen before: a look at whether a change was made, or at what a server has now.
   * Absent when all answers of this store are the server's own.
   */
  readonly current?: PointerStore;
}
