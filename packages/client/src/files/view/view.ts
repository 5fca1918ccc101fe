import { assertMethods, assertObject } from '@pyrgos/core/arguments';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { CryptoPool } from '@pyrgos/core/crypto/pool';
import type { FragmentReader } from '@pyrgos/core/containers';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { ChampLookup, ChampLookupResult, Snapshot } from '@pyrgos/core/model';
import type { BlockReadContext } from '@pyrgos/core/store';
import type { KnownLocation, NodeCache } from './node-cache.js';

/** Cancelling one call; without it the signal of the view counts. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * One consistent look at the data of any number of owners: every writer is read at one version, which is added when the writer is first
 * met (chapter 04 section 23 rule 6). Everything that comes out is verified.
 *
 * {@link CommittedView} shows what is committed, {@link OperationView} what an operation sees that writes.
 */
export interface View {
  readonly crypto: CryptoProvider;
  /** Where large ciphertexts are decrypted. */
  readonly pool: CryptoPool;
  readonly nodes: NodeCache;
  /** Cancels every call that brings no signal of its own. */
  readonly signal: AbortSignal | undefined;
  /** Whether whoever looks has the turn of an operation: then nothing may be changed but by that one. */
  readonly hasTurn: boolean;

  /** The versions of an owner's writers that this view has used so far. */
  snapshotOf(owner: PublicKeyHash): Snapshot;
  /** The root of a writer's tree, or undefined when the writer does not exist, was deleted, or has no tree. */
  treeOf(owner: PublicKeyHash, writer: PublicKeyHash, options?: ReadOptions): Promise<Cid | undefined>;
  /**
   * Whether the server has a pointer of a writer: it has one also of a writer that was deleted, which {@link View.treeOf} does not tell from one
   * that never was. With `fresh` it is asked again. What an operation has made counts as being there.
   */
  hasPointer(owner: PublicKeyHash, writer: PublicKeyHash, options?: ReadOptions & { readonly fresh?: boolean }): Promise<boolean>;
  /** What is committed now: the server is asked for each writer again. */
  fresh(): View;
  /** Looks up map keys with their blocks in as few requests as possible; all undefined when the writer has no tree. */
  lookUp(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    lookups: readonly ChampLookup[],
    options?: ReadOptions,
  ): Promise<readonly ChampLookupResult[]>;
  /**
   * Where map keys lead as far as that is known without a request, in order: the CID of a node, null for a key that the tree does not have,
   * undefined for one that has to be looked up.
   */
  knownCids(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    mapKeys: readonly Uint8Array[],
    options?: ReadOptions,
  ): Promise<readonly (KnownLocation | undefined)[]>;
  /** A verified block. Never modify the array. */
  getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array>;
  /** Where the data sections of an owner read their fragments. */
  fragmentReader(owner: PublicKeyHash, signal?: AbortSignal): FragmentReader;
}

/** Requires a view and options, as callers in plain JavaScript can get them wrong; otherwise an ArgumentError. */
export function assertRead(view: View, options: ReadOptions): void {
  assertMethods('view', view, 'treeOf', 'lookUp', 'getBlock', 'fragmentReader');
  assertObject('options', options);
}
