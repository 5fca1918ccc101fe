import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BlockWrite,
  LoginData,
  type LoginResponse,
  type MultiFactorAuthResponse,
  NEVER_EXPIRES,
  PointerWrite,
  UserPublicKeyLink,
} from '@pyrgos/core/accounts';
import { Cid, CidCodec, Multihash } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { ScryptSecretGeneration, SignedRequest, type Signer, SigningKeyPair, signNow, SymmetricKey } from '@pyrgos/core/keys';
import { EntryPoints, PointerUpdate, WriterData } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { Accounts, type AccountsOptions, accountsSchema } from '../src/accounts/index.js';
import { FileBlockStorage } from '../src/blocks/file-block-storage.js';
import { LocalBlockStore } from '../src/blocks/local-block-store.js';
import { blocksSchema } from '../src/blocks/schema.js';
import { gcSchema } from '../src/gc/schema.js';
import type { UserDirectory } from '../src/ports/user-directory.js';
import { PointerService } from '../src/space/pointer-service.js';
import { QuotaTable } from '../src/space/quota-table.js';
import { spaceSchema } from '../src/space/schema.js';
import { Space } from '../src/space/space.js';
import { migrate } from '../src/sql/migrate.js';
import { openDatabase } from '../src/sql/open-database.js';
import type { SqlDatabase } from '../src/sql/sql-database.js';

/** 2023-11-14 22:13:20 UTC. */
export const START = 1_700_000_000_000;

/** The site of the tests' servers. */
export const SITE = { origin: 'https://home.example', rpId: 'home.example' } as const;

/** An account: its identity and the names under which the public key infrastructure knows it. */
export interface TestUser {
  readonly name: string;
  readonly identity: SigningKeyPair;
  readonly chain: readonly UserPublicKeyLink[];
}

/** The keys that a password gives. */
export interface TestPassword {
  readonly login: SigningKeyPair;
  readonly root: SymmetricKey;
  readonly algorithm: ScryptSecretGeneration;
}

/** What a log-in may deviate in. */
export interface LoginOptions {
  readonly mfa?: MultiFactorAuthResponse;
  readonly mfaTypes?: readonly number[];
  readonly proxy?: boolean;
  readonly auth?: Uint8Array;
}

/** One server's accounts, pointers and space on a real database and real block files, with the directory of the test. */
export class AccountsWorld {
  readonly clock = { time: START, now: (): number => this.clock.time };
  readonly users = new Map<string, TestUser>();
  readonly ids = serverIds(1);
  readonly directory: UserDirectory = {
    identityOf: async (username) => this.users.get(username)?.chain.at(-1)?.owner,
    usernameOf: async (identity) => [...this.users.values()].find(({ chain }) => chain.some(({ owner }) => owner.equals(identity)))?.name,
    chainOf: async (username) => this.users.get(username)?.chain ?? [],
    usernames: async () => [...this.users.keys()].toSorted(),
  };
  db!: SqlDatabase;
  blocks!: LocalBlockStore;
  quotas!: QuotaTable;
  space!: Space;
  pointers!: PointerService;
  accounts!: Accounts;

  private constructor(
    readonly crypto: CryptoProvider,
    private readonly folder: string,
    private readonly deviations: Partial<AccountsOptions>,
  ) {}

  static async create(deviations: Partial<AccountsOptions> = {}): Promise<AccountsWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'pyrgos-accounts-'));
    const world = new AccountsWorld(await loadCrypto(), folder, deviations);
    await world.open();
    return world;
  }

  /** A new process on the same data: everything that was in memory is gone. */
  async reopen(): Promise<void> {
    await this.db.close();
    await this.open();
  }

  async close(): Promise<void> {
    await this.db.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Accounts on the same stores, for instance with some of them wrapped. */
  build(deviations: Partial<AccountsOptions> = {}): Accounts {
    return new Accounts({
      db: this.db,
      crypto: this.crypto,
      directory: this.directory,
      ids: this.ids,
      space: this.space,
      blocks: this.blocks,
      pointers: this.pointers,
      clock: this.clock,
      random: this.crypto,
      webauthn: SITE,
      allowExternalLogin: true,
      ...this.deviations,
      ...deviations,
    });
  }

  /** A registered user with a published WriterData and, unless told otherwise, with login data of password 1. */
  async addUser(name: string, options: { readonly home?: number; readonly login?: boolean } = {}): Promise<TestUser> {
    const identity = SigningKeyPair.fromSeed(this.crypto, new Uint8Array(32).fill(this.users.size + 1));
    const provider = serverIds(options.home ?? 1).current;
    const chain = [UserPublicKeyLink.createInitial(this.crypto, identity.signer, name, NEVER_EXPIRES, [provider])];
    const user = { name, identity, chain };
    this.users.set(name, user);
    this.quotas.set(name, 1 << 30);
    const password = this.password(1);
    await this.space.registerUser(name, identity.publicKey.hash);
    await this.commit(user, password);
    if (options.login !== false) await this.setLogin(this.loginData(user, password), user);
    return user;
  }

  /** Publishes the WriterData for a password past the accounts, as any other commit of the identity would. */
  async commit(user: TestUser, password: TestPassword): Promise<void> {
    const { block, pointer, target } = await this.identityUpdate(user, password);
    const transaction = await this.blocks.startTransaction(user.name);
    await this.blocks.put(user.name, [{ cid: target, bytes: block.block }], transaction);
    const { hash } = user.identity.publicKey;
    if (!(await this.pointers.setPointer(hash, hash, pointer.signed))) throw new Error('the pointer was refused');
    await this.blocks.closeTransaction(user.name, transaction);
  }

  /** The keys of password number `n`; the same in every world. */
  password(n: number): TestPassword {
    const seed = new Uint8Array(32).fill(100 + n);
    return {
      login: SigningKeyPair.fromSeed(this.crypto, seed),
      root: SymmetricKey.of(seed),
      algorithm: ScryptSecretGeneration.of({ extraSalt: `salt ${n}` }),
    };
  }

  /** Login data without an identity update. The content depends on the password only, as it does for a client that repeats a request. */
  loginData(user: TestUser, password: TestPassword, update?: LoginData['identityUpdate']): LoginData {
    const random = seededRandom(password.login.publicKey.bytes[0] ?? 0);
    const crypto: CryptoProvider = Object.create(this.crypto, { randomBytes: { value: random.randomBytes } }) as CryptoProvider;
    const entryPoints = EntryPoints.of([], { identity: user.identity }).seal(crypto, password.root);
    return LoginData.of(user.name, entryPoints, password.login.publicKey, update);
  }

  /** A new WriterData for a password, and the pointer that publishes it after the current one. */
  async identityUpdate(
    user: TestUser,
    password: TestPassword,
    signer: Signer = user.identity.signer,
  ): Promise<{ readonly block: BlockWrite; readonly pointer: PointerWrite; readonly target: Cid }> {
    const hash = user.identity.publicKey.hash;
    const writerData = WriterData.of(hash, { algorithm: password.algorithm });
    const target = writerData.cid(this.crypto);
    const signed = await this.pointers.getPointer(hash, hash);
    const current = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed);
    return {
      block: BlockWrite.sign(this.crypto, signer, writerData.encode(), false),
      pointer: PointerWrite.of(signer.publicKeyHash, PointerUpdate.next(current, target).sign(this.crypto, signer)),
      target,
    };
  }

  /** The request of a client that changes the password. */
  async passwordChange(user: TestUser, password: TestPassword): Promise<LoginData> {
    const { block, pointer } = await this.identityUpdate(user, password);
    return this.loginData(user, password, { block, pointer });
  }

  async setLogin(data: LoginData, user: TestUser, accounts: Accounts = this.accounts, forceLocal = false): Promise<boolean> {
    return accounts.setLogin(data, data.sign(this.crypto, user.identity.secretKey), forceLocal);
  }

  async getLogin(name: string, { login }: TestPassword, options: LoginOptions = {}): Promise<LoginResponse> {
    return this.accounts.getLogin({
      username: name,
      author: login.publicKey,
      auth: options.auth ?? signNow(this.crypto, login.secretKey, this.clock.now()),
      proxy: options.proxy ?? false,
      mfaTypes: options.mfaTypes,
      mfa: options.mfa,
    });
  }

  /** The signed request of a user's identity for a call. */
  request(user: TestUser, call: string, time: number = this.clock.now()): Uint8Array {
    return SignedRequest.of(`peergos/v0/login/${call}`, time).sign(this.crypto, user.identity.secretKey);
  }

  private async open(): Promise<void> {
    const { clock, crypto, directory } = this;
    this.db = await openDatabase({ path: join(this.folder, 'pyrgos.sqlite') });
    migrate(this.db, [accountsSchema, blocksSchema, gcSchema, spaceSchema]);
    const storage = await FileBlockStorage.open({ root: join(this.folder, 'blocks'), hasher: crypto, random: crypto });
    const local = new LocalBlockStore({ storage, db: this.db, clock, random: crypto });
    this.blocks = local;
    this.quotas = new QuotaTable(this.db);
    this.space = new Space({ db: this.db, crypto, local, directory, quotas: this.quotas, clock, uploadWindowSeconds: 86_400 });
    const banned = { isBanned: async () => false };
    this.pointers = new PointerService({ db: this.db, crypto, local, space: this.space, directory, banned });
    this.accounts = this.build();
  }
}

/** The ids of server number `n`, which has had only one. */
function serverIds(n: number): { readonly current: Cid; readonly all: readonly Cid[]; isOurs: (provider: Cid) => boolean } {
  const current = Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32).fill(n)));
  return { current, all: [current], isOurs: (provider) => provider.multihash.equals(current.multihash) };
}

/** The text of the error that a call ends with. */
export async function errorText(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
