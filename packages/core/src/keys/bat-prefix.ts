import { assertInstances } from '../arguments.js';
import { assertBytes, concatBytes, equalBytes } from '../bytes.js';
import { decodeCbor, decodeCborPrefix } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborMap, CborValue } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_BLOCK_BATS, MAX_RAW_PREFIX_SIZE } from '../limits.js';
import { Bat, BatId } from './bat.js';

/** What a raw block with BATs starts with; no CBOR block can start so (chapter 01 section 18.3). */
const MAGIC = Uint8Array.of(0x71, 0x1d, 0x10, 0xcf, 0x3d, 0x32, 0x2f, 0x2b);

/** The ids that a block lists for its own BAT: the inline id first, then the user's mirror BAT id if there is one (section 18.3). */
export function blockBatList(bat: Bat, mirrorBatId?: BatId): readonly BatId[] {
  if (!(bat instanceof Bat)) throw new ArgumentError('bat', 'must be a Bat');
  if (mirrorBatId === undefined) return [bat.inlineId()];
  if (!(mirrorBatId instanceof BatId) || mirrorBatId.isInline) {
    throw new ArgumentError('mirrorBatId', 'must be a BatId that is not inline');
  }
  return [bat.inlineId(), mirrorBatId];
}

/** The prefix of a raw block, magic || CBOR list. LimitError beyond MAX_RAW_PREFIX_SIZE: servers look no further. */
export function encodeRawPrefix(bats: readonly BatId[]): Uint8Array {
  assertInstances('bats', bats, BatId);
  const prefix = concatBytes(MAGIC, encodeCbor(bats.map((bat) => bat.toCbor())));
  if (prefix.length > MAX_RAW_PREFIX_SIZE) throw new LimitError('raw block prefix', prefix.length, MAX_RAW_PREFIX_SIZE);
  return prefix;
}

/** Whether a raw block starts with a BAT prefix. */
export function hasRawPrefix(block: Uint8Array): boolean {
  assertBytes('block', block);
  return block.length >= MAGIC.length && equalBytes(block.subarray(0, MAGIC.length), MAGIC);
}

function readBatIds(value: CborValue, where: string): BatId[] {
  if (!Array.isArray(value)) throw new FormatError('format.block', where, 'must be a list');
  if (value.length > MAX_BLOCK_BATS) throw new FormatError('format.block', where, `must have at most ${MAX_BLOCK_BATS} ids`);
  return (value as readonly CborValue[]).map((item, i) => BatId.fromCbor(item, `${where}[${i}]`));
}

function readRawPrefix(block: Uint8Array): { readonly bats: readonly BatId[]; readonly length: number } {
  if (!hasRawPrefix(block)) return { bats: [], length: 0 };
  const start = block.subarray(0, MAX_RAW_PREFIX_SIZE);
  try {
    const { value, end } = decodeCborPrefix(start, MAGIC.length);
    return { bats: readBatIds(value, 'bats'), length: end };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError('format.block', 'raw block', 'has a damaged BAT prefix', { cause: error });
  }
}

/** Bytes of the BAT prefix of a raw block, 0 when it has none. FormatError `format.block` when the prefix is damaged or too long. */
export function rawPrefixLength(block: Uint8Array): number {
  return readRawPrefix(block).length;
}

/** The payload of a raw block as a view: all of it when there is no prefix (`legacy: read only`, and public blocks). */
export function stripRawPrefix(block: Uint8Array): Uint8Array {
  const length = rawPrefixLength(block);
  return block.subarray(length);
}

/** The BAT ids of a raw block; its first MAX_RAW_PREFIX_SIZE bytes are enough. None: the block is public. */
export function batIdsOfRawBlock(block: Uint8Array): readonly BatId[] {
  return readRawPrefix(block).bats;
}

/** The BAT ids of a decoded dag-cbor block: key `bats` of a top-level map. None: the block is public. */
export function batIdsOfCbor(value: CborValue): readonly BatId[] {
  if (!(value instanceof Map)) return [];
  const bats = (value as CborMap).get('bats');
  return bats === undefined ? [] : readBatIds(bats, 'bats');
}

/**
 * The BAT ids that a block lists (chapter 01 section 18.3); none means that it is public. Blocks of other codecs than raw and dag-cbor
 * list none. FormatError when they cannot be read or are more than MAX_BLOCK_BATS: treat such a block as closed.
 */
export function batIdsOfBlock(cid: Cid, block: Uint8Array): readonly BatId[] {
  if (!(cid instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
  if (cid.codec === CidCodec.raw) return batIdsOfRawBlock(block);
  if (cid.codec === CidCodec.dagCbor) return batIdsOfCbor(decodeCbor(block, { legacyTextLinks: true }));
  return [];
}
