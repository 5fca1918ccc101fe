import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@pyrgos/core/bytes';
import { type CryptoProvider, loadCrypto, withRandomSource } from '@pyrgos/core/crypto';
import { ScryptSecretGeneration } from '@pyrgos/core/keys';
import type { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { accountsSchema } from '../src/accounts/schema.js';
import { BatTable } from '../src/bats/bat-table.js';
import { batsSchema } from '../src/bats/schema.js';
import { FileBlockStorage } from '../src/blocks/file-block-storage.js';
import { LocalBlockStore } from '../src/blocks/local-block-store.js';
import { blocksSchema } from '../src/blocks/schema.js';
import { identitySchema } from '../src/identity/schema.js';
import { ServerIdentity } from '../src/identity/server-identity.js';
import { CoreNode } from '../src/pki/core-node.js';
import { type PkiDisk, pkiDisk, PkiFiles } from '../src/pki/pki-files.js';
import { PkiNode } from '../src/pki/pki-node.js';
import { pkiSchema } from '../src/pki/schema.js';
import { SignUp } from '../src/pki/sign-up.js';
import { PointerService } from '../src/space/pointer-service.js';
import { QuotaTable } from '../src/space/quota-table.js';
import { spaceSchema } from '../src/space/schema.js';
import { SignupPermission } from '../src/space/signup-permission.js';
import { Space } from '../src/space/space.js';
import { TokenTable } from '../src/space/token-table.js';
import { migrate } from '../src/sql/migrate.js';
import { openDatabase } from '../src/sql/open-database.js';
import type { SqlDatabase, SqlStatement } from '../src/sql/sql-database.js';

/** 2023-11-14 22:13:20 UTC. */
const START = 1_700_000_000_000;

/** The weakest algorithms that the formats allow, for tests that start many servers. */
export const weakAlgorithms = {
  identity: ScryptSecretGeneration.of({ logN: 15 }),
  keyFile: ScryptSecretGeneration.of({ logN: 15, length: 32 }),
};

const scrypts = new Map<string, Promise<Uint8Array>>();

/** The same engine; what scrypt gave once is not computed again. */
function withRememberedScrypt(crypto: CryptoProvider): CryptoProvider {
  const scrypt: CryptoProvider['scrypt'] = async (password, salt, parameters, options) => {
    const key = [toHex(password), toHex(salt), JSON.stringify(parameters)].join();
    const result = scrypts.get(key) ?? crypto.scrypt(password, salt, parameters, options);
    scrypts.set(key, result);
    return (await result).slice();
  };
  return Object.create(crypto, { scrypt: { value: scrypt, enumerable: true } }) as CryptoProvider;
}

/** The process was killed. */
class Killed extends Error {}

/**
 * Kills a server in the middle: every step that could leave a trace is counted, and from the chosen one on nothing gets through any more,
 * as if the process was gone.
 */
export class Executioner {
  private steps = 0;
  private dead = false;

  /** `at`: the number of the step that does not happen any more. `only` with it: that step fails, but the process lives on. */
  constructor(
    private at: number = Infinity,
    private readonly mode: 'kill' | 'fail' = 'kill',
  ) {}

  /** Chooses a step, counted from now. */
  aim(at: number): void {
    this.at = this.steps + at;
  }

  /** Whether the chosen step was reached. */
  get struck(): boolean {
    return this.steps >= this.at;
  }

  /** Before everything that could leave a trace. */
  step(): void {
    if (this.dead) throw new Killed('killed before');
    if (++this.steps !== this.at) return;
    this.dead = this.mode === 'kill';
    throw new Killed('killed now');
  }

  /** Before everything that is no step of its own. */
  alive(): void {
    if (this.dead) throw new Killed('killed before');
  }

  disk(): PkiDisk {
    const { read, write, makeFolder } = pkiDisk;
    return {
      read: async (path) => {
        this.alive();
        return read(path);
      },
      write: async (path, content) => {
        this.step();
        await write(path, content);
        this.step();
      },
      makeFolder: async (path) => {
        this.step();
        await makeFolder(path);
      },
    };
  }

  database(db: SqlDatabase): SqlDatabase {
    let depth = 0;
    const guarded = (statement: SqlStatement): SqlStatement => ({
      run: (...parameters) => {
        // Inside a transaction nothing is there before its end.
        if (depth === 0) this.step();
        return statement.run(...parameters);
      },
      get: (...parameters) => {
        this.alive();
        return statement.get(...parameters);
      },
      all: (...parameters) => {
        this.alive();
        return statement.all(...parameters);
      },
    });
    return {
      prepare: (sql) => guarded(db.prepare(sql)),
      execute: (sql) => db.execute(sql),
      transaction: (work) => {
        if (depth === 0) this.step();
        depth++;
        try {
          return db.transaction(work);
        } finally {
          depth--;
        }
      },
      durable: async () => {
        this.step();
        await db.durable();
      },
      copyTo: async (path) => db.copyTo(path),
      close: async () => db.close(),
    };
  }
}

/** What a test server may be told. */
export interface PkiWorldOptions {
  readonly maxUsers?: number;
  readonly defaultQuota?: number;
  readonly maxDailySignups?: number;
  readonly executioner?: Executioner;
  readonly unlisted?: readonly string[];
  /** Runs when there are tables, and nothing in them. */
  readonly prepare?: (db: SqlDatabase) => Promise<void>;
}

/** One run of a server on a data directory: the real parts, without HTTP. */
export interface PkiServer {
  readonly db: SqlDatabase;
  readonly local: LocalBlockStore;
  readonly files: PkiFiles;
  readonly ids: ServerIdentity;
  readonly space: Space;
  readonly quotas: QuotaTable;
  readonly tokens: TokenTable;
  readonly pointers: PointerService;
  readonly bats: BatTable;
  readonly pki: PkiNode;
  readonly signUp: SignUp;
  readonly core: CoreNode;
  /** Names with damaged chains, and sign-ups that could not be finished. */
  readonly problems: Map<string, PyrgosError>;
  /** How often the file of the secret key was read. */
  readonly keyReads: () => number;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A data directory that servers run on, one after the other. */
export class PkiWorld {
  now = START;

  private constructor(
    readonly crypto: CryptoProvider,
    readonly folder: string,
  ) {}

  /** Worlds of one seed have the same passwords, so that scrypt has to be computed once only. */
  static async create(seed = 1): Promise<PkiWorld> {
    const crypto = withRememberedScrypt(withRandomSource(await loadCrypto(), seededRandom(seed)));
    return new PkiWorld(crypto, await mkdtemp(join(tmpdir(), 'pyrgos-pki-')));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A server that is not started yet. */
  async open(options: PkiWorldOptions = {}): Promise<PkiServer> {
    const real = await openDatabase({ path: join(this.folder, 'pyrgos.sqlite') });
    try {
      return await this.build(real, options);
    } catch (error) {
      await real.close();
      throw error;
    }
  }

  private async build(real: SqlDatabase, options: PkiWorldOptions): Promise<PkiServer> {
    const { crypto, folder } = this;
    const { maxUsers = 100, defaultQuota = 2 ** 30, maxDailySignups = 1_000_000_000_000, executioner = new Executioner() } = options;
    const clock = { now: (): number => this.now };
    migrate(real, [blocksSchema, batsSchema, spaceSchema, accountsSchema, pkiSchema, identitySchema]);
    await options.prepare?.(real);
    const db = executioner.database(real);
    const disk = executioner.disk();
    let keyReads = 0;
    await mkdir(join(folder, 'blocks'), { recursive: true });
    const storage = await FileBlockStorage.open({
      root: join(folder, 'blocks'),
      hasher: crypto,
      random: crypto,
    });
    const local = new LocalBlockStore({ storage, db, clock, random: crypto });
    const files = new PkiFiles(join(folder, 'pki'), {
      ...disk,
      read: async (path) => {
        if (path.endsWith('secret.key')) keyReads++;
        return disk.read(path);
      },
    });
    const problems = new Map<string, PyrgosError>();
    const report = (username: string, error: PyrgosError): void => void problems.set(username, error);
    const pki = new PkiNode({ db, crypto, clock, local, files, maxDailySignups, algorithms: weakAlgorithms, onDamagedChain: report });
    const quotas = new QuotaTable(db);
    const tokens = new TokenTable({ db, hasher: crypto, random: crypto, clock });
    const permission = new SignupPermission({ db, quotas, tokens, clock, maxUsers, defaultQuota });
    const space = new Space({ db, crypto, local, directory: pki, quotas, clock, uploadWindowSeconds: 86_400 });
    const pointers = new PointerService({ db, crypto, local, space, directory: pki, banned: { isBanned: async () => false } });
    const bats = new BatTable(db);
    const ids = await ServerIdentity.open({ db, crypto, clock });
    const signUp = new SignUp({ db, crypto, clock, pki, ids, space, quotas, permission, defaultQuota, local, pointers, bats });
    const core = new CoreNode({ pki, signUp, ids, space, unlisted: options.unlisted ?? [] });
    return {
      db,
      local,
      files,
      ids,
      space,
      quotas,
      tokens,
      pointers,
      bats,
      pki,
      signUp,
      core,
      problems,
      keyReads: () => keyReads,
      start: async () => {
        await pki.start({ pointers, space, ids });
        await signUp.recover(report);
      },
      stop: async () => {
        await pki.close().catch(() => undefined);
        await storage.close();
        await real.close();
      },
    };
  }

  /** A started server. */
  async start(options: PkiWorldOptions = {}): Promise<PkiServer> {
    const server = await this.open(options);
    await server.start();
    return server;
  }

  /** The users who have block files. */
  async partitions(): Promise<string[]> {
    const names = await readdir(join(this.folder, 'blocks'));
    return names.filter((name) => !name.startsWith('.')).sort();
  }
}
