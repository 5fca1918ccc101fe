import { FragmentedPaddedCipherText } from '@pyrgos/core/containers';
import type { HashBranch } from '@pyrgos/core/containers';
import { CryptoError } from '@pyrgos/core/errors';
import { type ChunkLocation, type FileProperties, sealFileChunk, type SealedChunk } from '@pyrgos/core/model';
import type { View } from '../view/index.js';
import type { FragmentUploads } from './fragment-uploads.js';
import { type FileTarget, TargetLocations } from './file-target.js';
import { runPipeline } from './ordered-pipeline.js';

/** Plaintext of one chunk. */
export interface PlainChunk {
  readonly index: number;
  /** Exactly the bytes of the file. Nothing may change them any more. */
  readonly data: Uint8Array;
  /** Their SHA-256, if somebody has computed it already. */
  readonly leaf?: Uint8Array | undefined;
  /** Takes the memory back; whoever has no more use for the bytes may call it, once, or give the memory away. Absent: the bytes are still needed. */
  readonly release?: (() => void) | undefined;
}

/** A chunk whose node can be put into the tree. */
export interface SealedFileChunk {
  readonly index: number;
  readonly location: ChunkLocation;
  /** The node, and the fragments that are not on the server yet. */
  readonly sealed: SealedChunk;
  /** SHA-256 of the plaintext. */
  readonly leaf: Uint8Array;
  /** Bytes of plaintext. */
  readonly length: number;
}

/** How {@link sealChunks} works. */
export interface SealOptions {
  /** The properties that each chunk stores; those of the first one count. Thumbnail and hash branch are kept where they belong. */
  readonly properties: FileProperties;
  /** The branch that chunk `index`, a multiple of 1024, stores, as far as it is known. */
  readonly branchOf?: ((index: number) => HashBranch | undefined) | undefined;
  /** Takes the fragments at once; without it they stay in memory with the chunk. */
  readonly uploads?: FragmentUploads | undefined;
  readonly concurrency: number;
}

/** Chunks whose index is a multiple of this store a branch of the hash tree (chapter 04 section 8.3). */
export const BRANCH_INTERVAL = 1024;

/**
 * Hashes, encrypts and, with `uploads`, uploads the chunks of a file, several at a time; gives them in the order of `chunks`, when their
 * fragments are stored (chapter 04 sections 7 and 14). `chunks` gets a signal that ends it.
 */
export async function* sealChunks(
  view: View,
  target: FileTarget,
  chunks: (signal: AbortSignal) => AsyncIterable<PlainChunk>,
  options: SealOptions,
): AsyncGenerator<SealedFileChunk, void, undefined> {
  const locations = new TargetLocations(view.crypto, target);
  // The locations of a chunk are taken while it is its turn: later ones follow from them.
  const located = async function* (signal: AbortSignal): AsyncGenerator<LocatedChunk, void, undefined> {
    for await (const chunk of chunks(signal)) {
      const location = locations.at(chunk.index);
      yield { ...chunk, location, next: locations.at(chunk.index + 1) };
    }
  };
  const { concurrency } = options;
  const work = (chunk: LocatedChunk, _: number, signal: AbortSignal): Promise<SealedFileChunk> =>
    sealChunk(view, target, chunk, options, signal);
  yield* runPipeline(located, work, { concurrency, signal: view.signal });
}

/** A chunk and the places that its node has and names. */
export interface LocatedChunk extends PlainChunk {
  readonly location: ChunkLocation;
  readonly next: ChunkLocation;
}

/** Hashes, encrypts and, with `uploads`, uploads one chunk; see {@link sealChunks}. */
export async function sealChunk(
  view: View,
  target: FileTarget,
  { index, data, leaf: knownLeaf, release, location, next }: LocatedChunk,
  options: Omit<SealOptions, 'concurrency'>,
  signal: AbortSignal | undefined,
): Promise<SealedFileChunk> {
  const { crypto, pool } = view;
  const { mirrorBatId } = target;
  const { length } = data;
  const content = await FragmentedPaddedCipherText.sealInPool(crypto, pool, target.dataKey, data, {
    mirrorBatId,
    signal,
    // Whoever would take the memory back needs the bytes no more.
    consume: release !== undefined,
    hashData: knownLeaf === undefined,
  });
  const leaf = knownLeaf ?? content.dataDigest;
  if (leaf === undefined) throw new CryptoError('crypto.worker', 'the crypto pool did not hash what it was asked to');
  const isFirst = index === 0;
  const { properties, branchOf, uploads } = options;
  const sealed = sealFileChunk(crypto, {
    rBaseKey: target.capability.rBaseKey,
    dataKey: target.dataKey,
    data: content,
    properties: properties.with({
      treeHash: index % BRANCH_INTERVAL === 0 ? branchOf?.(index) : undefined,
      thumbnail: isFirst ? properties.thumbnail : undefined,
    }),
    parentLink: target.parentLink,
    bat: location.bat,
    next,
    signerLink: isFirst ? target.signerLink : undefined,
    mirrorBatId,
  });
  const chunk = { index, location, leaf, length };
  if (uploads === undefined) return { ...chunk, sealed };
  await uploads.put(target.signer, index, sealed.fragments, signal);
  return { ...chunk, sealed: { node: sealed.node, fragments: [] } };
}
