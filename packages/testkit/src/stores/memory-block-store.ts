import { copyBytes, equalBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, type CidCodecCode, decodeCbor } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, FormatError, LimitError, NotFoundError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import {
  batIdsOfBlock,
  type BatId,
  type BatWithId,
  openSigned,
  opensAsMirrorBat,
  type PublicKeyHash,
  type PublicSigningKey,
  resolveSigningKey,
  signAttached,
  type Signer,
} from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type ChampLookup, collectChampLookupBlocks } from '@pyrgos/core/model';
import type { BlockReadContext, BlockStore, SignedBlock } from '@pyrgos/core/store';
import type { ServerCore } from './server-core.js';
import type { OpenTransaction } from './server-state.js';

/** A block with its CID and the writer's signature, ready to upload. */
export function signBlock(crypto: CryptoProvider, signer: Signer, bytes: Uint8Array, codec: CidCodecCode = CidCodec.dagCbor): SignedBlock {
  const digest = crypto.sha256(bytes);
  return { cid: Cid.ofSha256(digest, codec), bytes, signature: signAttached(crypto, signer.secretKey, digest) };
}

/** The block side of a memory server, with the rules of chapter 03 sections 1.4, 9 and 10. */
export class MemoryBlockStore implements BlockStore {
  constructor(private readonly core: ServerCore) {}

  /** See {@link BlockStore.getBlock}; gated blocks need their BAT unless the server was told not to check. */
  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    throwIfAborted(context.signal, 'getBlock');
    return this.core.run({ name: 'getBlock', owner: context.owner, cids: [cid] }, async () => copyBytes(this.read(cid, context)));
  }

  /** See {@link BlockStore.startTransaction}. */
  async startTransaction(owner: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    throwIfAborted(signal, 'startTransaction');
    return this.core.run({ name: 'startTransaction', owner }, async () => `transaction-${this.core.state.nextTransaction++}`);
  }

  /** See {@link BlockStore.closeTransaction}. */
  async closeTransaction(owner: PublicKeyHash, transaction: string, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal, 'closeTransaction');
    await this.core.run({ name: 'closeTransaction', owner }, async () => {
      this.core.state.transactions.get(owner.key)?.delete(transaction);
    });
  }

  /** See {@link BlockStore.putBlocks}: all blocks are checked before the first one is stored. */
  async putBlocks(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    blocks: readonly SignedBlock[],
    transaction: string,
    signal?: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal, 'putBlocks');
    const cids = blocks.map(({ cid }) => cid);
    await this.core.run({ name: 'putBlocks', owner, writers: [writer], cids }, async () => {
      await this.core.requireKnownWriter(owner, writer);
      const writerKey = await resolveSigningKey(writer, this.core.lookup(owner));
      for (const [i, block] of blocks.entries()) this.check(block, `blocks[${i}]`, writerKey, cids[0]?.codec);
      // First the record, then the block: in between a collector must not find an unprotected block.
      this.record(owner, transaction, cids);
      for (const { cid, bytes } of blocks) this.core.state.putBlock(owner, { cid, bytes: copyBytes(bytes) });
    });
  }

  /** See {@link BlockStore.lookUpChamp}. A root that is not here gives an empty answer (section 10.2). */
  async lookUpChamp(root: Cid, lookups: readonly ChampLookup[], context: BlockReadContext): Promise<readonly Uint8Array[]> {
    throwIfAborted(context.signal, 'lookUpChamp');
    return this.core.run({ name: 'lookUpChamp', owner: context.owner, cids: [root] }, async () => {
      if (lookups.length > MAX_CHAMP_LOOKUPS) {
        throw new PyrgosError('limit', `Too many caps in bulk champ get call! ${lookups.length}`);
      }
      if (this.core.state.block(context.owner, root) === undefined) return [];
      const source = { getBlock: async (cid: Cid, ctx: BlockReadContext): Promise<Uint8Array> => this.read(cid, ctx) };
      const { bat: _none, ...plain } = context;
      return (await collectChampLookupBlocks(root, lookups, source, plain)).map(copyBytes);
    });
  }

  private read(cid: Cid, context: BlockReadContext): Uint8Array {
    const bytes = this.core.state.block(context.owner, cid);
    if (bytes === undefined) {
      throw new NotFoundError('not-found.block', `block ${cid.toString()} is not stored here`, { cid: cid.toString() });
    }
    if (this.core.checksBats && !this.opens(cid, bytes, context.bat)) {
      throw new DeniedError('denied.block', 'Unauthorised!', { cid: cid.toString() });
    }
    return bytes;
  }

  /** The outcome of chapter 01 section 18.7 for a client that signs with `presented`. */
  private opens(cid: Cid, bytes: Uint8Array, presented: BatWithId | undefined): boolean {
    let ids: readonly BatId[];
    try {
      ids = batIdsOfBlock(cid, bytes);
    } catch (error) {
      if (error instanceof FormatError) return false;
      throw error;
    }
    if (ids.length === 0) return true;
    if (presented === undefined) return false;
    return ids.some((id) => id.inlineBat?.equals(presented.bat) === true) || opensAsMirrorBat(this.core.crypto, ids, presented);
  }

  private check(block: SignedBlock, where: string, writerKey: PublicSigningKey, codec: CidCodecCode | undefined): void {
    const { cid, bytes, signature } = block;
    if (bytes.length > MAX_BLOCK_SIZE) throw new LimitError('block size', bytes.length, MAX_BLOCK_SIZE);
    if (cid.version !== 1 || (cid.codec !== CidCodec.raw && cid.codec !== CidCodec.dagCbor)) {
      throw new FormatError('format.block', where, 'must be raw or dag-cbor');
    }
    if (cid.codec !== codec) throw new FormatError('format.block', where, 'all blocks of one upload must have one codec');
    const digest = this.core.crypto.sha256(bytes);
    if (!cid.equals(Cid.ofSha256(digest, cid.codec))) throw new FormatError('format.block', where, 'does not have this CID');
    if (!equalBytes(openSigned(this.core.crypto, writerKey, signature), digest)) {
      throw new FormatError('format.block', where, 'the signature is over another block');
    }
    if (cid.codec === CidCodec.dagCbor) decodeCbor(bytes);
  }

  private record(owner: PublicKeyHash, transaction: string, cids: readonly Cid[]): void {
    const { state } = this.core;
    const ofOwner = state.transactions.get(owner.key) ?? new Map<string, OpenTransaction>();
    state.transactions.set(owner.key, ofOwner);
    const open = ofOwner.get(transaction) ?? { time: 0, cids: new Map<string, Cid>() };
    ofOwner.set(transaction, open);
    open.time = this.core.now();
    for (const cid of cids) open.cids.set(cid.key, cid);
  }
}
