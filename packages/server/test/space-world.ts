import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserPublicKeyLink } from '@pyrgos/core/accounts';
import { Cid, CidCodec, type CidCodecCode, encodeCbor } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { OwnerProof, type PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { MemoryBlocks, OwnedKeys, PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { SignedBlock, WriterPointer } from '@pyrgos/core/store';
import { signBlock } from '@pyrgos/testkit/stores';
import { BatTable } from '../src/bats/bat-table.js';
import { batsSchema } from '../src/bats/schema.js';
import { CheckedBlockService } from '../src/blocks/checked-block-service.js';
import { LocalBlockStore } from '../src/blocks/local-block-store.js';
import { MemoryBlockStorage } from '../src/blocks/memory-block-storage.js';
import { blocksSchema } from '../src/blocks/schema.js';
import { gcSchema } from '../src/gc/schema.js';
import type { LocalBlocks } from '../src/ports/local-blocks.js';
import type { UserDirectory } from '../src/ports/user-directory.js';
import { PointerService } from '../src/space/pointer-service.js';
import { QuotaTable } from '../src/space/quota-table.js';
import { spaceSchema } from '../src/space/schema.js';
import { Space, type SpaceOptions } from '../src/space/space.js';
import { migrate } from '../src/sql/migrate.js';
import { openDatabase } from '../src/sql/open-database.js';
import type { SqlDatabase } from '../src/sql/sql-database.js';
import { KillableDatabase } from './killable-database.js';

/** 2023-11-14 22:13:20 UTC. */
export const START = 1_700_000_000_000;
export const GIB = 1_073_741_824;
export const MIB = 1_048_576;

/** Names and identities as the tests give them out. */
export class TestDirectory implements UserDirectory {
  private readonly identities = new Map<string, PublicKeyHash[]>();

  /** Gives a name a (new) identity. */
  set(username: string, identity: PublicKeyHash): void {
    this.identities.set(username, [...(this.identities.get(username) ?? []), identity]);
  }

  async identityOf(username: string): Promise<PublicKeyHash | undefined> {
    return this.identities.get(username)?.at(-1);
  }

  async usernameOf(identity: PublicKeyHash): Promise<string | undefined> {
    for (const [name, identities] of this.identities) if (identities.some((known) => known.equals(identity))) return name;
    return undefined;
  }

  async chainOf(): Promise<readonly UserPublicKeyLink[]> {
    return [];
  }

  async usernames(): Promise<readonly string[]> {
    return [...this.identities.keys()].toSorted();
  }
}

/** Runs an action when the server counts the next update: after its validation, before it is stored. */
export class Interruption {
  private action: (() => Promise<void>) | undefined;
  /** Whether the action is going on. */
  isRunning = false;

  /** Once. */
  arm(action: () => Promise<void>): void {
    this.action = action;
  }

  /** What the services under test are given. */
  wrap(local: LocalBlocks): LocalBlocks {
    return {
      get: (username, cid) => local.get(username, cid),
      put: (username, blocks, transaction) => local.put(username, blocks, transaction),
      startTransaction: (username) => local.startTransaction(username),
      closeTransaction: (username, transaction) => local.closeTransaction(username, transaction),
      holderOf: (cid) => local.holderOf(cid),
      metadata: async (username, cid) => {
        const { action } = this;
        this.action = undefined;
        if (action !== undefined) {
          this.isRunning = true;
          await action();
          this.isRunning = false;
        }
        return local.metadata(username, cid);
      },
    };
  }
}

/** What a world may deviate in. */
export interface WorldOptions extends Partial<Pick<SpaceOptions, 'uploadWindowSeconds' | 'counterLimits'>> {
  /** Further schemas. */
  readonly schemas?: readonly (readonly string[])[];
  /** Puts something between the pointers and the blocks. */
  readonly wrap?: (local: LocalBlocks) => LocalBlocks;
}

/** Space, pointers and blocks of one server on a real database; block bytes are in memory and outlive a reopened database, like a disk. */
export class SpaceWorld {
  readonly clock = { time: START, now: (): number => this.clock.time };
  readonly directory = new TestDirectory();
  readonly storage: MemoryBlockStorage;
  db!: SqlDatabase;
  local!: LocalBlockStore;
  quotas!: QuotaTable;
  space!: Space;
  pointers!: PointerService;
  blocks!: CheckedBlockService;
  readonly banned = new Set<string>();
  private killable!: KillableDatabase;
  private readonly dead: KillableDatabase[] = [];

  private constructor(
    readonly crypto: CryptoProvider,
    readonly folder: string,
    private readonly options: WorldOptions,
  ) {
    this.storage = new MemoryBlockStorage(this.clock);
  }

  static async create(options: WorldOptions = {}): Promise<SpaceWorld> {
    const world = new SpaceWorld(await loadCrypto(), await mkdtemp(join(tmpdir(), 'pyrgos-space-')), options);
    await world.open();
    return world;
  }

  /** A new process on the same data. */
  async reopen(): Promise<void> {
    await this.db.close();
    await this.open();
  }

  /** The process dies at once, whatever it is doing, and a new one takes over. */
  async crash(): Promise<void> {
    this.killable.kill();
    this.dead.push(this.killable);
    await this.open();
  }

  async close(): Promise<void> {
    await this.db.close();
    for (const db of this.dead) await db.close();
    await rm(this.folder, { recursive: true });
  }

  /** A further set of services on the same data, with locks and caches of its own. */
  servicesOn(local: LocalBlocks): { readonly space: Space; readonly pointers: PointerService } {
    const { banned, clock, crypto, db, directory, quotas } = this;
    const { counterLimits = {}, uploadWindowSeconds = 86_400 } = this.options;
    const space = new Space({ db, crypto, local, directory, quotas, clock, uploadWindowSeconds, counterLimits });
    const isBanned = async (username: string): Promise<boolean> => banned.has(username);
    return { space, pointers: new PointerService({ db, crypto, local, space, directory, banned: { isBanned } }) };
  }

  /** A user with an account here and neither pointer nor blocks. */
  async addUser(name: string, quota: number = GIB): Promise<SigningKeyPair> {
    const identity = SigningKeyPair.generate(this.crypto);
    this.directory.set(name, identity.publicKey.hash);
    this.quotas.set(name, quota);
    await this.space.registerUser(name, identity.publicKey.hash);
    return identity;
  }

  /** Stores blocks past all checks. */
  async store(username: string, codec: CidCodecCode, ...blocks: readonly Uint8Array[]): Promise<Cid[]> {
    const stored = blocks.map((bytes) => ({ cid: Cid.ofSha256(this.crypto.sha256(bytes), codec), bytes }));
    await this.local.put(username, stored, 'test');
    return stored.map(({ cid }) => cid);
  }

  /** Uploads as a client does. */
  async upload(owner: PublicKeyHash, signer: Signer, ...blocks: readonly Uint8Array[]): Promise<Cid[]> {
    const signed: SignedBlock[] = blocks.map((bytes) => signBlock(this.crypto, signer, bytes));
    await this.blocks.putBlocks(owner, signer.publicKeyHash, signed, 'upload');
    return signed.map(({ cid }) => cid);
  }

  /** The signed next update of a writer. */
  next(signer: Signer, target: Cid | undefined): WriterPointer {
    const signed = this.space.ledger.pointers.get(signer.publicKeyHash);
    const current = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed);
    return { writer: signer.publicKeyHash, signed: PointerUpdate.next(current, target).sign(this.crypto, signer) };
  }

  /** Stores a WriterData past all checks and commits it. */
  async commit(username: string, owner: PublicKeyHash, signer: Signer, writerData: WriterData | undefined): Promise<Cid | undefined> {
    const [target] = writerData === undefined ? [] : await this.store(username, CidCodec.dagCbor, writerData.encode());
    const { signed, writer } = this.next(signer, target);
    if (!(await this.pointers.setPointer(owner, writer, signed))) throw new Error('the update was rejected');
    return target;
  }

  /** What admission of one block says: `admitted to` whom, or the text of the refusal. */
  async admission(
    owner: PublicKeyHash,
    bytes: number,
    { writer = owner, isMetadata = false }: { readonly writer?: PublicKeyHash; readonly isMetadata?: boolean } = {},
  ): Promise<string> {
    try {
      return `admitted to ${await this.space.admit(owner, writer, bytes, 1, isMetadata)}`;
    } catch (error) {
      if (error instanceof Error) return error.message;
      throw error;
    }
  }

  /** Commits a version of a writer that is charged with about `bytes`. */
  async commitBytes(username: string, owner: PublicKeyHash, writer: Signer, bytes: number): Promise<void> {
    const parts = Array.from({ length: Math.ceil(bytes / MIB) }, (_, i) => new Uint8Array(Math.min(MIB, bytes - i * MIB)).fill(i));
    const links = parts.length === 0 ? [] : await this.store(username, CidCodec.raw, ...parts);
    const [tree] = await this.store(username, CidCodec.dagCbor, encodeCbor(links));
    await this.commit(username, owner, writer, WriterData.of(writer.publicKeyHash, { tree }));
  }

  /** Stores the CHAMP in which `parent` lists `children`; its root. */
  async storeOwned(username: string, parent: PublicKeyHash, children: readonly Signer[]): Promise<Cid> {
    const blocks = new MemoryBlocks(this.crypto);
    const owned = OwnedKeys.empty(blocks, { owner: parent });
    const all: Uint8Array[] = [];
    const sink = {
      putCbor: (bytes: Uint8Array): Cid => {
        all.push(bytes);
        return blocks.putCbor(bytes);
      },
    };
    for (const child of children) await owned.add(OwnerProof.create(this.crypto, child, parent), sink);
    const root = owned.flush(sink);
    await this.store(username, CidCodec.dagCbor, ...all);
    return root;
  }

  /** What the server has booked for a writer. */
  countedBytes(writer: PublicKeyHash): number {
    return this.space.ledger.writers.find(writer)?.directBytes ?? 0;
  }

  /** The usage of a user. */
  totalBytes(username: string): number {
    return this.space.usageOf(username)?.totalBytes ?? 0;
  }

  private async open(): Promise<void> {
    this.killable = new KillableDatabase(await openDatabase({ path: join(this.folder, 'test.sqlite') }));
    this.db = this.killable;
    migrate(this.db, [spaceSchema, blocksSchema, batsSchema, gcSchema, ...(this.options.schemas ?? [])]);
    const { clock, crypto, db, directory, storage } = this;
    this.local = new LocalBlockStore({ storage, db, clock, random: crypto });
    this.quotas = new QuotaTable(db);
    const { pointers, space } = this.servicesOn(this.options.wrap?.(this.local) ?? this.local);
    this.space = space;
    this.pointers = pointers;
    this.blocks = new CheckedBlockService({ crypto, local: this.local, space, bats: new BatTable(db), directory });
  }
}
