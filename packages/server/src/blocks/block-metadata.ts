import { Cid, CidCodec, type CborValue, decodeCbor, decodeCid, encodeCbor, linksOf, MultihashCode, Multihash } from '@pyrgos/core/codec';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { BatId, batIdsOfBlock, batIdsOfCbor, batIdsOfRawBlock } from '@pyrgos/core/keys';
import { followedLinks } from '@pyrgos/core/model';
import type { BlockMetadata, StoredBlock } from '../ports/local-blocks.js';

/** A block with its metadata. */
export interface DescribedBlock extends StoredBlock {
  readonly metadata: BlockMetadata;
}

/** What a read needs to know of a block: its metadata without the links, which may be many. */
export type BlockAccess = Pick<BlockMetadata, 'size' | 'batIds'>;

/** The id of a BAT that nobody has: SHA-256 never gave this digest. A block whose BAT list cannot be read is closed with it. */
const closed: readonly BatId[] = [BatId.fromCid(Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.sha2_256, new Uint8Array(32))))];

/** The metadata of a dag-cbor block from its decoded value. FormatError when the list of BATs is malformed. */
export function describeCbor(value: CborValue, size: number): BlockMetadata {
  return { size, links: linksOf(value).filter((link) => !link.isIdentity), batIds: batIdsOfCbor(value) };
}

/** The metadata of a raw block. FormatError when its BAT prefix is damaged. */
export function describeRaw(bytes: Uint8Array): BlockMetadata {
  return { size: bytes.length, links: [], batIds: batIdsOfRawBlock(bytes) };
}

/**
 * The metadata of any stored block (chapter 08 section 4.4): old blocks may have legacy links, and one whose BATs cannot be read is
 * closed to all. FormatError `format.block` when a dag-cbor block does not decode.
 */
export function describeStored(cid: Cid, bytes: Uint8Array): BlockMetadata {
  const links = followedLinks(cid, bytes);
  let batIds: readonly BatId[];
  try {
    batIds = batIdsOfBlock(cid, bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    batIds = closed;
  }
  return { size: bytes.length, links, batIds };
}

const empty = new Uint8Array(0);

function packList(items: readonly Cid[]): Uint8Array {
  return items.length === 0 ? empty : encodeCbor(items.map(({ bytes }) => bytes));
}

/** The column `links`. */
export function packLinks(links: readonly Cid[]): Uint8Array {
  return packList(links);
}

/** The column `bats`. */
export function packBatIds(batIds: readonly BatId[]): Uint8Array {
  return packList(batIds.map(({ cid }) => cid));
}

/** The binary CIDs in a column `links` or `bats`, as views. PyrgosError `storage` when it is damaged. */
export function unpackList(column: Uint8Array): readonly Uint8Array[] {
  if (column.length === 0) return [];
  const list = decodeCbor(column);
  if (!Array.isArray(list)) throw damagedColumn();
  return (list as readonly CborValue[]).map((item) => {
    if (!(item instanceof Uint8Array)) throw damagedColumn();
    return item;
  });
}

/** Reads a column `links`. */
export function unpackLinks(column: Uint8Array): readonly Cid[] {
  return unpackList(column).map((bytes) => decodeCid(bytes));
}

/** Reads a column `bats`. */
export function unpackBatIds(column: Uint8Array): readonly BatId[] {
  return unpackList(column).map((bytes) => BatId.fromCid(decodeCid(bytes)));
}

function damagedColumn(): PyrgosError {
  return new PyrgosError('storage', 'The database holds damaged block metadata.');
}
