import { Cid, CidCodec, decodeCbor } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, PublicSigningKey } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { DECODED_BYTES_PER_STEP, MAX_BLOCKS_PER_UPLOAD, MIN_ADMITTED_BLOCK_SIZE } from '../limits.js';
import { type DescribedBlock, describeCbor, describeRaw } from './block-metadata.js';
import { nextTurn } from './next-turn.js';

/** More than a public signing key takes as a block, in whatever way it is written (chapter 01 section 6.1). */
const MAX_KEY_BLOCK_SIZE = 256;

/** Step 1 of chapter 02 section 5.4: as many signatures as blocks, at least one. ArgumentError, LimitError. */
export function checkCounts(blocks: readonly Uint8Array[], signatures: readonly Uint8Array[]): void {
  if (blocks.length !== signatures.length) throw new ArgumentError('signatures', 'must be as many as there are blocks');
  if (blocks.length === 0) throw new ArgumentError('blocks', 'must not be empty');
  if (blocks.length > MAX_BLOCKS_PER_UPLOAD) throw new LimitError('number of blocks in an upload', blocks.length, MAX_BLOCKS_PER_UPLOAD);
}

/**
 * The exception of step 2: the only block of an upload may be the very key that signs it, which is not stored yet (first write of a legacy
 * sign-up). Undefined when it is not.
 */
export function uploadedKey(hasher: Hasher, writer: PublicKeyHash, blocks: readonly Uint8Array[]): PublicSigningKey | undefined {
  const [block] = blocks;
  // A failed attempt costs more than storing what is obviously no key.
  if (block === undefined || blocks.length !== 1 || block.length > MAX_KEY_BLOCK_SIZE) return undefined;
  try {
    const key = PublicSigningKey.decode(block);
    const isNamed = key.hash.equals(writer) || writer.cid.equals(Cid.ofSha256(hasher.sha256(block), CidCodec.dagCbor));
    return isNamed ? key : undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof ArgumentError) return undefined;
    throw error;
  }
}

/** Step 5. PyrgosError `limit`. */
export function checkSizes(blocks: readonly Uint8Array[]): void {
  for (const { length } of blocks) {
    if (length > MAX_BLOCK_SIZE) throw new PyrgosError('limit', 'Block too big!', { data: { actual: length, maximum: MAX_BLOCK_SIZE } });
  }
}

/**
 * What an upload counts as in step 6. Each block takes a file and a row in the database, so a tiny one costs far more than its bytes; it
 * must not be possible to fill a disk with blocks that nobody is charged for. This holds until the next pointer update only: what the
 * pointer reaches is charged with its exact size.
 */
export function admittedSize(blocks: readonly Uint8Array[]): number {
  return blocks.reduce((sum, { length }) => sum + Math.max(length, MIN_ADMITTED_BLOCK_SIZE), 0);
}

/**
 * Step 7: the blocks with CID and metadata. FormatError for a dag-cbor block that is not canonical, because nobody could read it back,
 * and for a list of BATs that cannot be read, because nobody could open the block. Gives others a turn between steps: decoding a
 * megabyte can take 100 ms.
 */
export async function describeUpload(
  blocks: readonly Uint8Array[],
  digests: readonly Uint8Array[],
  raw: boolean,
): Promise<readonly DescribedBlock[]> {
  const described: DescribedBlock[] = [];
  let decoded = 0;
  for (const [i, bytes] of blocks.entries()) {
    const digest = digests[i] ?? new Uint8Array(0);
    if (raw) {
      described.push({ cid: Cid.ofSha256(digest, CidCodec.raw), bytes, metadata: describeRaw(bytes) });
      continue;
    }
    if (decoded >= DECODED_BYTES_PER_STEP) {
      decoded = 0;
      await nextTurn();
    }
    decoded += bytes.length;
    described.push({ cid: Cid.ofSha256(digest, CidCodec.dagCbor), bytes, metadata: describeCbor(decodeCbor(bytes), bytes.length) });
  }
  return described;
}
