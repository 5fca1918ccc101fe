import { whenAborted } from '../abort.js';
import { assertInstance, assertList, assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { FormatError, LimitError, PyrgosError, throwIfAborted } from '../errors.js';
import { stripRawPrefix } from '../keys/bat-prefix.js';
import type { BatWithId } from '../keys/bat.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';
import { MAX_BLOCK_SIZE, MAX_SECTION_SIZE } from '../limits.js';
import type { BlockReadContext, BlockSource } from '../store/block-store.js';

/** One piece of a ciphertext. */
export interface Fragment {
  readonly cid: Cid;
  /** Absent in legacy containers. */
  readonly bat?: BatWithId | undefined;
}

/** Where fragments are read from, and how. */
export interface FragmentReader {
  readonly blocks: BlockSource;
  readonly owner: PublicKeyHash;
  readonly signal?: AbortSignal | undefined;
  /** Blocks that are fetched at the same time, 1 to 64; default 5, a full chunk. */
  readonly concurrency?: number | undefined;
}

const DEFAULT_CONCURRENCY = 5;

function unwrap(cid: Cid, block: Uint8Array): Uint8Array {
  assertBytes('block', block);
  if (block.length > MAX_BLOCK_SIZE) throw new LimitError('block size', block.length, MAX_BLOCK_SIZE);
  if (cid.codec === CidCodec.raw) return stripRawPrefix(block);
  const value = decodeCbor(block);
  if (!(value instanceof Uint8Array)) throw new FormatError('format.block', 'fragment', 'must be a CBOR byte string');
  return value;
}

function mayHelpToRetry(error: unknown): boolean {
  return error instanceof PyrgosError && (error.code === 'not-found.block' || error.retry === 'safe');
}

async function fetchFragment(fragment: Fragment, reader: FragmentReader, signal: AbortSignal): Promise<Uint8Array> {
  const { cid, bat } = fragment;
  if (cid.isIdentity) return unwrap(cid, cid.multihash.digest);
  const context: BlockReadContext = { owner: reader.owner, signal, ...(bat === undefined ? {} : { bat }) };
  try {
    return unwrap(cid, await reader.blocks.getBlock(cid, context));
  } catch (error) {
    if (!mayHelpToRetry(error) || signal.aborted) throw error;
  }
  return unwrap(cid, await reader.blocks.getBlock(cid, context));
}

/**
 * The payloads of all fragments, in order. A fragment that is missing or whose fetch may safely be repeated is tried once more
 * (chapter 01 section 14.3); the first final failure cancels the others.
 */
export async function fetchFragments(fragments: readonly Fragment[], reader: FragmentReader): Promise<readonly Uint8Array[]> {
  assertList('fragments', fragments);
  for (let i = 0; i < fragments.length; i++) {
    assertObject(`fragments[${i}]`, fragments[i]);
    assertInstance(`fragments[${i}].cid`, fragments[i]?.cid, Cid);
  }
  assertObject('reader', reader);
  assertMethods('reader.blocks', reader.blocks, 'getBlock');
  const concurrency = reader.concurrency ?? DEFAULT_CONCURRENCY;
  assertInteger('concurrency', concurrency, 1, 64);
  throwIfAborted(reader.signal);
  const cancel = new AbortController();
  const stopListening = whenAborted(reader.signal, () => cancel.abort(reader.signal?.reason));
  const pieces: Uint8Array[] = [];
  const failures: unknown[] = [];
  let next = 0;
  let total = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < fragments.length && !cancel.signal.aborted; i = next++) {
      const piece = await fetchFragment(fragments[i] as Fragment, reader, cancel.signal);
      total += piece.length;
      if (total > MAX_SECTION_SIZE) throw new LimitError('data section ciphertext', total, MAX_SECTION_SIZE);
      pieces[i] = piece;
    }
  };
  const guarded = async (): Promise<void> => {
    try {
      await worker();
    } catch (error) {
      failures.push(error);
      cancel.abort();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, fragments.length) }, guarded));
  } finally {
    stopListening();
  }
  throwIfAborted(reader.signal);
  if (failures.length > 0) throw failures[0];
  return pieces;
}
