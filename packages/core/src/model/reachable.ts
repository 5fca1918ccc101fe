import { assertInstance, assertIterable, assertMethods, assertObject } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { linksOf } from '../codec/links.js';
import { ArgumentError, FormatError, LimitError, PyrgosError, throwIfAborted } from '../errors.js';
import { MAX_REACHABLE_BLOCKS } from '../limits.js';
import type { BlockReadContext, BlockSource } from '../store/block-store.js';

/** How {@link reachableBlocks} walks. */
export interface ReachableOptions {
  /** Blocks after which the walk fails; default and maximum MAX_REACHABLE_BLOCKS. Memory is about 150 bytes for each. */
  readonly maxBlocks?: number | undefined;
  /** What to do about a block that does not exist: `throw` (default) NotFoundError, or `skip` its links; it is yielded in any case. */
  readonly onMissing?: 'throw' | 'skip' | undefined;
}

/** The links of a block that a graph walk follows: none for raw blocks, and never identity CIDs (chapter 03 section 1.1). */
export function followedLinks(cid: Cid, block: Uint8Array): Cid[] {
  assertInstance('cid', cid, Cid);
  if (cid.codec !== CidCodec.dagCbor) return [];
  try {
    return linksOf(decodeCbor(block, { legacyTextLinks: true })).filter((link) => !link.isIdentity);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError('format.block', cid.toString(), 'is no canonical dag-cbor block', { cause: error });
  }
}

/**
 * All blocks reachable over CBOR links from the roots (chapter 03 section 9.3 step 5), the roots included, each once. Identity CIDs are
 * no blocks; raw blocks have no links and are never loaded. One block at a time is in memory, besides the CIDs seen so far.
 * `source` must read gated blocks too. LimitError beyond `maxBlocks`, AbortedError.
 */
export async function* reachableBlocks(
  roots: Iterable<Cid>,
  source: BlockSource,
  context: BlockReadContext,
  options: ReachableOptions = {},
): AsyncGenerator<Cid, void, undefined> {
  assertIterable('roots', roots);
  assertMethods('source', source, 'getBlock');
  assertObject('context', context);
  assertObject('options', options);
  const { maxBlocks = MAX_REACHABLE_BLOCKS, onMissing = 'throw' } = options;
  assertInteger('maxBlocks', maxBlocks, 1, MAX_REACHABLE_BLOCKS);
  if (onMissing !== 'throw' && onMissing !== 'skip') throw new ArgumentError('onMissing', 'must be throw or skip');
  const seen = new Set<string>();
  const pending: Cid[] = [];
  const add = (cid: Cid): void => {
    assertInstance('roots', cid, Cid);
    if (cid.isIdentity || seen.has(cid.key)) return;
    if (seen.size >= maxBlocks) throw new LimitError('reachable blocks', seen.size + 1, maxBlocks);
    seen.add(cid.key);
    pending.push(cid);
  };
  for (const root of roots) add(root);
  for (let cid = pending.pop(); cid !== undefined; cid = pending.pop()) {
    throwIfAborted(context.signal);
    yield cid;
    if (cid.codec !== CidCodec.dagCbor) continue;
    let block: Uint8Array;
    try {
      block = await source.getBlock(cid, context);
    } catch (error) {
      if (onMissing === 'skip' && error instanceof PyrgosError && error.code === 'not-found.block') continue;
      throw error;
    }
    for (const link of followedLinks(cid, block)) add(link);
  }
}
