import { copyBytes, toHex } from '@pyrgos/core/bytes';
import { BlockStoreProperties } from '@pyrgos/core/api';
import { type Cid, CidCodec } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, FormatError, NotFoundError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import {
  type Bat,
  type BatWithId,
  inlineSigningKey,
  type PublicKeyHash,
  type PublicSigningKey,
  resolveSigningKey,
} from '@pyrgos/core/keys';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type ChampLookup, type ChunkMirrorCap, collectChampLookupBlocks } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSource, SignedBlock } from '@pyrgos/core/store';
import type { BatTable } from '../bats/bat-table.js';
import type { SpaceControl } from '../ports/space-control.js';
import type { UserDirectory } from '../ports/user-directory.js';
import { type DiskRoom, sizeOnDisk } from '../disk/disk-room.js';
import { KNOWN_IDENTITIES, SMALL_UPLOAD } from '../limits.js';
import type { BlockService } from '../services.js';
import { localBlockSource } from '../ports/local-source.js';
import type { BlockAccess } from './block-metadata.js';
import type { LocalBlockStore } from './local-block-store.js';
import { ReadAccess } from './read-access.js';
import { SignatureChecks } from './signature-checks.js';
import type { GetOptions } from './block-storage.js';
import { BoundedMap } from './bounded-map.js';
import { assertTransactionId } from './transaction-table.js';
import { admittedSize, checkCounts, checkSizes, describeUpload, uploadedKey } from './upload-checks.js';

/** What {@link CheckedBlockService} needs. */
export interface CheckedBlockServiceOptions {
  readonly crypto: CryptoProvider;
  readonly local: LocalBlockStore;
  readonly space: Pick<SpaceControl, 'userOfWriter' | 'admit'>;
  readonly bats: Pick<BatTable, 'secretOf'>;
  readonly directory: Pick<UserDirectory, 'usernameOf'>;
  /** Refuses uploads while the disk has no room. Default: only a failing write does. */
  readonly room?: Pick<DiskRoom, 'book'>;
  /** Default: everything on this thread. */
  readonly signatures?: Pick<SignatureChecks, 'check'>;
  /** The BAT that opens every block of this server. */
  readonly instanceBat?: Bat;
}

/** An upload before it is checked. */
interface Upload {
  readonly owner: PublicKeyHash;
  readonly writer: PublicKeyHash;
  readonly blocks: readonly Uint8Array[];
  readonly signatures: readonly Uint8Array[];
  readonly raw: boolean;
  readonly transaction: string;
  /** What the uploader says the CIDs are. */
  readonly claimed?: readonly Cid[];
}

/** Random bytes of a transaction id for an owner that is not known here. */
const TRANSACTION_ID_BYTES = 16;

function notFound(cid: Cid): NotFoundError {
  return new NotFoundError('not-found.block', `block ${cid.toString()} is not stored here`, { cid: cid.toString() });
}

function unknownWriter(writer: PublicKeyHash): DeniedError {
  return new DeniedError('denied.block', 'Unknown writer on this server!', { writer: writer.toString() });
}

/**
 * The blocks as clients reach them (chapter 02 section 5): uploads are checked and counted, reads need the BATs that a block lists.
 * An owner that is not known here has no blocks.
 */
export class CheckedBlockService implements BlockService {
  private readonly crypto: CryptoProvider;
  private readonly local: LocalBlockStore;
  private readonly space: Pick<SpaceControl, 'userOfWriter' | 'admit'>;
  private readonly directory: Pick<UserDirectory, 'usernameOf'>;
  private readonly access: ReadAccess;
  private readonly room: Pick<DiskRoom, 'book'> | undefined;
  private readonly signatures: Pick<SignatureChecks, 'check'>;
  /** Names by identity. */
  private readonly names = new BoundedMap<string>(KNOWN_IDENTITIES);

  constructor({ crypto, local, space, bats, directory, room, signatures, instanceBat }: CheckedBlockServiceOptions) {
    this.crypto = crypto;
    this.local = local;
    this.space = space;
    this.directory = directory;
    this.room = room;
    this.signatures = signatures ?? new SignatureChecks({ crypto, createPool: undefined });
    this.access = new ReadAccess({ hasher: crypto, bats, instanceBat });
  }

  async startTransaction(owner: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    throwIfAborted(signal, 'startTransaction');
    const username = await this.directory.usernameOf(owner);
    return username === undefined ? toHex(this.crypto.randomBytes(TRANSACTION_ID_BYTES)) : this.local.startTransaction(username);
  }

  async closeTransaction(owner: PublicKeyHash, transaction: string, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal, 'closeTransaction');
    const username = await this.directory.usernameOf(owner);
    if (username !== undefined) await this.local.closeTransaction(username, transaction);
  }

  async putBlocks(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    blocks: readonly SignedBlock[],
    transaction: string,
    signal?: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal, 'putBlocks');
    if (blocks.length === 0) return;
    await this.upload({
      owner,
      writer,
      blocks: blocks.map(({ bytes }) => bytes),
      signatures: blocks.map(({ signature }) => signature),
      raw: blocks[0]?.cid.codec === CidCodec.raw,
      transaction,
      claimed: blocks.map(({ cid }) => cid),
    });
  }

  async assertKnownWriter(owner: PublicKeyHash, writer: PublicKeyHash): Promise<void> {
    await this.knownUser(owner, writer);
  }

  async putBulk(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    blocks: readonly Uint8Array[],
    signatures: readonly Uint8Array[],
    raw: boolean,
    transaction: string,
  ): Promise<readonly Cid[]> {
    return this.upload({ owner, writer, blocks, signatures, raw, transaction });
  }

  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    throwIfAborted(context.signal, 'getBlock');
    const bytes = await this.readBlock(context.owner, cid, context.bat);
    if (bytes === undefined) throw notFound(cid);
    return bytes;
  }

  async readBlock(owner: PublicKeyHash, cid: Cid, bat?: BatWithId, memory?: GetOptions['memory']): Promise<Uint8Array | undefined> {
    if (cid.isIdentity) return copyBytes(cid.multihash.digest);
    const username = await this.nameOf(owner);
    return username === undefined ? undefined : this.readOf(username, cid, bat, memory);
  }

  async sizeOf(cid: Cid, owner: PublicKeyHash | undefined): Promise<number> {
    const username = owner === undefined ? await this.local.holderOf(cid) : await this.directory.usernameOf(owner);
    return username === undefined ? 0 : ((await this.local.sizeOf(username, cid)) ?? 0);
  }

  async champGet(owner: PublicKeyHash, root: Cid, caps: readonly ChunkMirrorCap[], maxBytes?: number): Promise<readonly Uint8Array[]> {
    const lookups = caps.map(({ key, bat }): ChampLookup => (bat === undefined ? { key } : { key, bat }));
    return this.collect(root, lookups, { owner }, maxBytes);
  }

  /**
   * A root that is not stored here gives an empty answer, as chapter 03 section 10.2 allows: clients that get the error text instead
   * repeat the call for many seconds before they read block by block.
   */
  async lookUpChamp(root: Cid, lookups: readonly ChampLookup[], context: BlockReadContext): Promise<readonly Uint8Array[]> {
    return this.collect(root, lookups, context);
  }

  private async collect(
    root: Cid,
    lookups: readonly ChampLookup[],
    { owner, signal }: BlockReadContext,
    maxBytes?: number,
  ): Promise<readonly Uint8Array[]> {
    throwIfAborted(signal, 'lookUpChamp');
    if (lookups.length > MAX_CHAMP_LOOKUPS) {
      const data = { actual: lookups.length, maximum: MAX_CHAMP_LOOKUPS };
      throw new PyrgosError('limit', `Too many caps in bulk champ get call! ${lookups.length}`, { data });
    }
    const username = await this.directory.usernameOf(owner);
    if (username === undefined || root.isIdentity || (await this.local.access(username, root)) === undefined) return [];
    const source: BlockSource = {
      getBlock: async (cid, { bat }) => {
        const bytes = await this.readOf(username, cid, bat);
        if (bytes === undefined) throw notFound(cid);
        return bytes;
      },
    };
    return collectChampLookupBlocks(root, lookups, source, { owner }, maxBytes);
  }

  properties(): BlockStoreProperties {
    return BlockStoreProperties.of();
  }

  /** Each read asks for it, and once an identity has a name it keeps it. */
  private async nameOf(owner: PublicKeyHash): Promise<string | undefined> {
    const { key } = owner.cid;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const username = await this.directory.usernameOf(owner);
    if (username !== undefined) this.names.set(key, username);
    return username;
  }

  private async readOf(
    username: string,
    cid: Cid,
    bat: BatWithId | undefined,
    memory?: GetOptions['memory'],
  ): Promise<Uint8Array | undefined> {
    const check = ({ batIds }: BlockAccess): void => {
      if (!this.access.allows(batIds, bat)) throw new DeniedError('denied.block', 'Unauthorised!');
    };
    return this.local.getChecked(username, cid, check, memory);
  }

  /**
   * Section 5.4. Two steps are earlier than the text has them. Whether the writer is known is asked before anything else, because checking
   * and decoding a stranger's upload is what costs. That dag-cbor is canonical is checked before the upload is counted as pending, because
   * what is refused must not use up anybody's space; and nor must what the disk has no room for.
   */
  private async upload(upload: Upload): Promise<readonly Cid[]> {
    const { owner, writer, blocks, signatures, transaction } = upload;
    checkCounts(blocks, signatures);
    assertTransactionId(transaction);
    const user = await this.knownUser(owner, writer);
    const leave = await this.room?.book(sizeOnDisk(blocks), admittedSize(blocks) <= SMALL_UPLOAD, blocks.length);
    try {
      return await this.store(upload, user);
    } finally {
      leave?.();
    }
  }

  private async store({ owner, writer, blocks, signatures, raw, transaction, claimed }: Upload, user: string): Promise<readonly Cid[]> {
    const writerKey = uploadedKey(this.crypto, writer, blocks) ?? (await this.resolveWriter(owner, writer, user));
    const digests = await this.signatures.check(writerKey, blocks, signatures);
    checkSizes(blocks);
    const described = await describeUpload(blocks, digests, raw);
    const cids = described.map(({ cid }) => cid);
    const wrong = claimed?.findIndex((cid, i) => !cid.equals(cids[i])) ?? -1;
    if (wrong >= 0) throw new FormatError('format.block', `blocks[${wrong}]`, 'does not have this CID');
    const username = await this.space.admit(owner, writer, admittedSize(blocks), blocks.length, !raw);
    await this.local.putDescribed(username, described, transaction);
    return cids;
  }

  private async knownUser(owner: PublicKeyHash, writer: PublicKeyHash): Promise<string> {
    const username = await this.space.userOfWriter(owner, writer);
    if (username === undefined) throw unknownWriter(writer);
    return username;
  }

  private async resolveWriter(owner: PublicKeyHash, writer: PublicKeyHash, username: string): Promise<PublicSigningKey> {
    const inline = inlineSigningKey(writer);
    if (inline !== undefined) return inline;
    return resolveSigningKey(writer, { hasher: this.crypto, blocks: localBlockSource(this.local, username), context: { owner } });
  }
}
