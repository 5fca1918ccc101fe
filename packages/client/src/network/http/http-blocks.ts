import { type BlockMirrorCap, BlockStoreProperties, encodeBlockMirrorCaps, PresignedUrl, type WriteAuthRequest } from '@pyrgos/core/api';
import { copyBytes, equalBytes } from '@pyrgos/core/bytes';
import { type Cid, CidCodec, MultihashCode } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, FormatError, LimitError, NotFoundError } from '@pyrgos/core/errors';
import type { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_BLOCKS_PER_PUT, MAX_PUTS_IN_FLIGHT } from '@pyrgos/core/limits';
import { ChunkMirrorCap, formatChampCaps } from '@pyrgos/core/model';
import type { BlockReadContext, SignedBlock } from '@pyrgos/core/store';
import { markVerified } from '../../commit/verified-bytes.js';
import type { Blocks } from '../blocks.js';
import { jsonMember, readCborList, readJson, readText } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { inParallel } from './in-parallel.js';
import { checkPutAnswer } from './put-answer.js';
import { putBodyParts } from './put-body.js';
import { formatQuery } from './query.js';

/** Longest id of a transaction; ours and the reference's have 36 characters. */
const MAX_TRANSACTION_ID = 256;

type Lookup = { readonly key: Uint8Array; readonly bat?: BatWithId | undefined };

/** The block storage of a server over HTTP (chapter 02 section 5). */
export class HttpBlocks implements Blocks {
  constructor(
    private readonly caller: Caller,
    private readonly crypto: Pick<CryptoProvider, 'sha256'>,
  ) {}

  async getBlock(cid: Cid, { owner, bat, signal }: BlockReadContext): Promise<Uint8Array> {
    if (cid.isIdentity) return copyBytes(cid.multihash.digest);
    if (cid.multihash.code !== MultihashCode.sha2_256) throw new FormatError('format.block', 'cid', 'must be a sha2-256 hash');
    const query = formatQuery([
      ['arg', cid.toString()],
      ['owner', owner.toString()],
      ['bat', bat?.format()],
    ]);
    const bytes = await this.caller.call(endpoints.getBlock, { query }, signal);
    if (bytes.length === 0) throw new NotFoundError('not-found.block', 'The server does not have this block.', { cid: cid.toString() });
    if (!equalBytes(this.crypto.sha256(bytes), cid.multihash.digest)) {
      throw new FormatError('format.block', 'block', 'does not have the hash that names it', { data: { cid: cid.toString() } });
    }
    markVerified(cid, bytes);
    return bytes;
  }

  async startTransaction(owner: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    const query = formatQuery([['owner', owner.toString()]]);
    const id = readText('transaction', await this.caller.call(endpoints.startTransaction, { query }, signal), MAX_TRANSACTION_ID);
    // It goes into later queries, which cannot hold it.
    if (id.includes('&')) throw new FormatError('format.request', 'transaction', 'must have no &');
    return id;
  }

  async closeTransaction(owner: PublicKeyHash, transaction: string, signal?: AbortSignal): Promise<void> {
    const query = formatQuery([
      ['arg', transaction],
      ['owner', owner.toString()],
    ]);
    await this.caller.call(endpoints.closeTransaction, { query }, signal);
  }

  async putBlocks(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    blocks: readonly SignedBlock[],
    transaction: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const [first] = blocks;
    if (first === undefined) return;
    const { codec } = first.cid;
    if (blocks.some(({ cid }) => cid.codec !== codec)) throw new ArgumentError('blocks', 'must be all raw or all dag-cbor');
    const query = formatQuery([
      ['format', codec === CidCodec.raw ? 'raw' : 'dag-cbor'],
      ['owner', owner.toString()],
      ['transaction', transaction],
      ['writer', writer.toString()],
    ]);
    await inParallel(cutPuts(blocks), MAX_PUTS_IN_FLIGHT, signal, async (group, own) => {
      const body = putBodyParts(group);
      checkPutAnswer(await this.caller.call(endpoints.putBlocks, { query, body }, own), group);
    });
  }

  async lookUpChamp(root: Cid, lookups: readonly Lookup[], { owner, signal }: BlockReadContext): Promise<readonly Uint8Array[]> {
    if (lookups.length === 0) return [];
    const query = formatQuery([
      ['arg', root.toString()],
      ['owner', owner.toString()],
      ['caps', formatChampCaps(lookups.map(({ key, bat }) => ChunkMirrorCap.of(key, bat)))],
    ]);
    return readBlockList(await this.caller.call(endpoints.lookUpChamp, { query }, signal));
  }

  async sizeOf(cid: Cid, owner: PublicKeyHash, signal?: AbortSignal): Promise<number> {
    const query = formatQuery([
      ['arg', cid.toString()],
      ['owner', owner.toString()],
    ]);
    const json = readJson('block/stat', await this.caller.call(endpoints.statBlock, { query }, signal));
    const size = jsonMember('block/stat', json, 'Size');
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > MAX_BLOCK_SIZE) {
      throw new FormatError('format.request', 'block/stat', 'must have the size of a block');
    }
    return size;
  }

  async properties(signal?: AbortSignal): Promise<BlockStoreProperties> {
    return BlockStoreProperties.decode(await this.caller.call(endpoints.properties, {}, signal));
  }

  async authoriseWrites(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    writes: WriteAuthRequest,
    transaction: string,
    signal?: AbortSignal,
  ): Promise<readonly PresignedUrl[]> {
    const query = formatQuery([
      ['owner', owner.toString()],
      ['writer', writer.toString()],
      ['transaction', transaction],
      ['raw', 'true'],
    ]);
    const answer = await this.caller.call(endpoints.authoriseWrites, { query, body: [writes.encode()] }, signal);
    return readPresigned('blockstore/auth', answer, writes.writes.length);
  }

  async authoriseReads(owner: PublicKeyHash, blocks: readonly BlockMirrorCap[], signal?: AbortSignal): Promise<readonly PresignedUrl[]> {
    const query = formatQuery([['owner', owner.toString()]]);
    const answer = await this.caller.call(endpoints.authoriseReads, { query, body: [encodeBlockMirrorCaps(blocks)] }, signal);
    return readPresigned('blockstore/auth-reads', answer, blocks.length);
  }
}

/** The requests that a put of any size becomes (chapter 02 section 5.4). LimitError for a block that is too large for any. */
function cutPuts(blocks: readonly SignedBlock[]): readonly (readonly SignedBlock[])[] {
  const groups: SignedBlock[][] = [];
  let open: SignedBlock[] = [];
  let size = 0;
  for (const block of blocks) {
    const { length } = block.bytes;
    if (length > MAX_BLOCK_SIZE) throw new LimitError('block size', length, MAX_BLOCK_SIZE);
    if (block.signature.length === 0) throw new ArgumentError('signature', 'must not be empty');
    if (open.length === 0 || open.length >= MAX_BLOCKS_PER_PUT || size + length > MAX_BLOCK_SIZE) {
      groups.push((open = []));
      size = 0;
    }
    open.push(block);
    size += length;
  }
  return groups;
}

function readBlockList(bytes: Uint8Array): readonly Uint8Array[] {
  return readCborList('champ/get/bulk', bytes).map((block) => {
    if (!(block instanceof Uint8Array)) throw new FormatError('format.champ', 'champ/get/bulk', 'must be a list of blocks');
    return block;
  });
}

function readPresigned(where: string, bytes: Uint8Array, count: number): readonly PresignedUrl[] {
  const list = readCborList(where, bytes);
  if (list.length !== count) throw new FormatError('format.request', where, `must have ${count} entries`);
  return list.map((item, i) => PresignedUrl.fromCbor(item, `${where}[${i}]`));
}
