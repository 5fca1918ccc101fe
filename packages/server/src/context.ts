import { loadCrypto, type CryptoProvider } from '@pyrgos/core/crypto';
import { serialiseError } from '@pyrgos/core/errors';
import type { Logger } from 'pino';
import { Accounts } from './accounts/accounts.js';
import type { RelyingParty } from './accounts/webauthn/ceremony.js';
import { Administration } from './admin/administration.js';
import { Blacklist } from './admin/blacklist.js';
import { WaitList } from './admin/wait-list.js';
import { finishRestore, requireFinishedRestore } from './backup/staged-restore.js';
import { BatCave } from './bats/bat-cave.js';
import { BatTable } from './bats/bat-table.js';
import { CheckedBlockService } from './blocks/checked-block-service.js';
import { SignatureChecks } from './blocks/signature-checks.js';
import { BlockTable } from './blocks/block-table.js';
import type { BlockStorage } from './blocks/block-storage.js';
import { type BlockRepairs, FileBlockStorage } from './blocks/file-block-storage.js';
import { LocalBlockStore } from './blocks/local-block-store.js';
import { OverlayBlockStorage } from './blocks/overlay-block-storage.js';
import { isMissingOrEmpty, requireNewDirectory } from './config/data-directory.js';
import { dataPaths } from './config/data-paths.js';
import type { ServerConfig } from './config/server-config.js';
import { DiskKeeper, makeRoom } from './disk/disk-keeper.js';
import { DiskReserve } from './disk/disk-reserve.js';
import { diskFloors, DiskRoom, type DiskSpace, measureDisk } from './disk/disk-room.js';
import { GarbageCollector } from './gc/garbage-collector.js';
import type { GarbageReport } from './gc/garbage-report.js';
import { ServerIdentity } from './identity/server-identity.js';
import { MAX_WATCHES } from './limits.js';
import { LinkCountTable } from './links/link-count-table.js';
import { PublicFiles } from './links/public-files.js';
import { SecretLinks } from './links/secret-links.js';
import { MessageTable } from './messages/message-table.js';
import { ServerMessages } from './messages/server-messages.js';
import type { PkiAlgorithms } from './pki/bootstrap-pki.js';
import { CoreNode } from './pki/core-node.js';
import { PkiFiles } from './pki/pki-files.js';
import { PkiNode } from './pki/pki-node.js';
import { SignUp } from './pki/sign-up.js';
import { type Clock, systemClock } from './ports/clock.js';
import { schemas } from './schemas.js';
import type { ServerServices } from './services.js';
import { FollowRequestTable } from './social/follow-request-table.js';
import { FollowRequests } from './social/follow-requests.js';
import { HomeSpaceService } from './space/home-space-service.js';
import { IdentityKeys } from './space/identity-keys.js';
import { PointerService } from './space/pointer-service.js';
import { QuotaTable } from './space/quota-table.js';
import { SignupPermission } from './space/signup-permission.js';
import { SpaceRequestTable } from './space/space-request-table.js';
import { Space } from './space/space.js';
import { TokenTable } from './space/token-table.js';
import { copyDatabase, isEmptyDatabase, migrate, openDatabase, type SqlEngine, type SqliteDatabase } from './sql/index.js';
import { serverVersion } from './version.js';
import { CommitBell } from './watch/commit-bell.js';
import { Watches } from './watch/watches.js';

/** What tests and special uses replace. */
export interface ContextOverrides {
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  /** Use exactly this SQLite binding. */
  readonly engine?: SqlEngine;
  /** The space of the disk, as if it were this. */
  readonly measureDisk?: () => Promise<DiskSpace>;
  /** Weaker ones are for tests. */
  readonly pkiAlgorithms?: PkiAlgorithms;
}

/** What {@link createContext} needs. */
export interface ContextOptions {
  /** Its data directory exists, and the caller holds its lock. */
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly overrides?: ContextOverrides;
  /**
   * A folder, empty and for the owner only, for all that is written: the data directory is only read, because its disk cannot be written. Changes last
   * as long as the folder. Nobody else may have the data open.
   */
  readonly scratch?: string;
  /** Called after each garbage collection. */
  readonly onCollected?: (report: GarbageReport) => void;
  /** The port under which browsers reach the server, once it is known; for security keys. */
  readonly port?: () => number;
}

/** Everything a server is made of, except its listeners and timers. */
export interface ServerContext {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly db: SqliteDatabase;
  readonly storage: BlockStorage;
  readonly pki: PkiNode;
  readonly pkiFiles: PkiFiles;
  readonly space: Space;
  readonly quotas: QuotaTable;
  readonly tokens: TokenTable;
  readonly identities: IdentityKeys;
  readonly requests: SpaceRequestTable;
  readonly accounts: Accounts;
  readonly messages: ServerMessages;
  readonly garbage: GarbageCollector;
  readonly room: DiskRoom;
  readonly keeper: DiskKeeper;
  /** What an interrupted run had left behind. */
  readonly repairs: BlockRepairs & { readonly openSignUps: number };
  readonly services: ServerServices;
  /** Closes the database. Nothing of the context may be in use any more. */
  close(): Promise<void>;
}

/**
 * Builds the server over a data directory: opens the database, repairs what a crash left, makes the node's identity and the PKI at the first
 * start, and connects all areas, by hand and in one place. PyrgosError `storage` when the data cannot be used.
 */
export async function createContext(options: ContextOptions): Promise<ServerContext> {
  const { config, logger, overrides = {} } = options;
  const { dataDirectory } = config;
  const room = new DiskRoom({ measure: overrides.measureDisk ?? (async () => measureDisk(dataDirectory)) });
  const reserve = new DiskReserve(dataPaths.reserve(dataDirectory));
  const space = options.scratch === undefined ? await makeRoom({ room, reserve, logger }) : undefined;
  if (options.scratch === undefined) await finishRestore(dataDirectory);
  else await requireFinishedRestore(dataDirectory);
  // Before the database is opened: SQLite deletes the log of one that is gone.
  if (options.scratch === undefined && (await isMissingOrEmpty(dataPaths.database(dataDirectory))))
    await requireNewDirectory(dataDirectory);
  const crypto = overrides.crypto ?? (await loadCrypto());
  const db = await openDatabase({
    path:
      options.scratch === undefined
        ? dataPaths.database(dataDirectory)
        : await copyDatabase(dataPaths.database(dataDirectory), options.scratch),
    ...(overrides.engine === undefined ? {} : { engine: overrides.engine }),
    onRefused: (engine, reason) => logger.debug({ engine, reason }, 'a SQLite binding is not usable'),
  });
  let storage: BlockStorage | undefined;
  try {
    if (isEmptyDatabase(db)) await requireNewDirectory(dataDirectory);
    db.spareDisk(space !== undefined && (room.isLow || diskFloors(space.total).isSmallDisk));
    migrate(db, schemas);
    // Whatever else is made belongs to this database.
    await db.durable();
    const opened = options.scratch === undefined ? await openBlocks(options, crypto, db) : undefined;
    storage = opened ?? (await openBlocksForReading(dataDirectory, options.scratch ?? '', crypto, db));
    return await connect(options, { ...overrides, crypto }, { db, storage, repairs: opened?.repairs ?? noRepairs, room, reserve });
  } catch (error) {
    await storage?.close();
    await db.close();
    throw error;
  }
}

async function openBlocks({ config, logger }: ContextOptions, crypto: CryptoProvider, db: SqliteDatabase): Promise<FileBlockStorage> {
  const blocks = new BlockTable(db);
  return FileBlockStorage.open({
    root: dataPaths.blocks(config.dataDirectory),
    hasher: crypto,
    random: crypto,
    // What was acknowledged has metadata, and what was deleted has none.
    isNeeded: (username, cid) => blocks.has(username, cid),
    onProblem: (error, isFinal) =>
      logger.error(
        { error: serialiseError(error) },
        isFinal
          ? 'blocks in the journal cannot be made durable where they belong; the journal keeps them. Check the disk and restart the server'
          : 'blocks in the journal could not be made durable where they belong; the journal keeps them, and it is tried again',
      ),
  });
}

const noRepairs: BlockRepairs = { temporaryFiles: 0, journaledBlocks: 0, restoredBlocks: 0 };

/** The blocks of a disk that cannot be written. */
async function openBlocksForReading(
  dataDirectory: string,
  scratch: string,
  crypto: CryptoProvider,
  db: SqliteDatabase,
): Promise<BlockStorage> {
  const root = dataPaths.blocks(dataDirectory);
  const parts = { hasher: crypto, random: crypto };
  const blocks = new BlockTable(db);
  return OverlayBlockStorage.open({
    lower: FileBlockStorage.forReading({ root, ...parts }),
    upper: await FileBlockStorage.open({ root: dataPaths.blocks(scratch), ...parts }),
    root,
    hasher: crypto,
    isNeeded: (username, cid) => blocks.has(username, cid),
  });
}

/** What lies on the disk. */
interface StoredParts {
  readonly db: SqliteDatabase;
  readonly storage: BlockStorage;
  readonly repairs: BlockRepairs;
  readonly room: DiskRoom;
  readonly reserve: DiskReserve;
}

async function connect(
  { config, logger, onCollected, port = () => config.port }: ContextOptions,
  overrides: ContextOverrides & { readonly crypto: CryptoProvider },
  { db, storage, repairs, room, reserve }: StoredParts,
): Promise<ServerContext> {
  const { dataDirectory, defaultQuota } = config;
  const { crypto, clock = systemClock } = overrides;
  const [hasher, random] = [crypto, crypto];

  const local = new LocalBlockStore({ storage, db, clock, random });
  const ids = await ServerIdentity.open({ db, crypto, clock });
  const pkiFiles = new PkiFiles(dataPaths.pki(dataDirectory));
  const pki = new PkiNode({
    db,
    crypto,
    clock,
    local,
    files: pkiFiles,
    maxDailySignups: config.maxDailySignups,
    ...(overrides.pkiAlgorithms === undefined ? {} : { algorithms: overrides.pkiAlgorithms }),
    onDamagedChain: (username, error) => logger.error({ username, error }, 'a chain of the PKI is damaged and left out'),
  });
  const directory = pki;

  const quotas = new QuotaTable(db);
  const tokens = new TokenTable({ db, hasher, random, clock });
  const space = new Space({ db, crypto, local, directory, quotas, clock, uploadWindowSeconds: config.quotaUploadLimitSeconds });
  const banned = new Blacklist(config.blacklistFile, clock);
  const pointers = new PointerService({ db, crypto, local, space, directory, banned });
  await pki.start({ pointers, space, ids });

  const bats = new BatTable(db);
  const identities = new IdentityKeys({ crypto, directory, local });
  const permission = new SignupPermission({ db, quotas, tokens, clock, maxUsers: config.maxUsers, defaultQuota });
  const signUp = new SignUp({ db, crypto, clock, pki, ids, space, quotas, permission, defaultQuota, local, pointers, bats, room });
  const openSignUps = await signUp.recover((username, error) =>
    logger.error({ username, error }, 'an interrupted sign-up cannot be finished'),
  );
  const accounts = new Accounts({
    db,
    crypto,
    directory,
    ids,
    space,
    blocks: local,
    pointers,
    clock,
    random,
    webauthn: relyingParty(config, port),
    allowExternalLogin: config.allowExternalLogin,
  });
  for (const username of await accounts.completeInterrupted()) {
    logger.error({ username }, 'an interrupted password change cannot be finished');
  }
  const requests = new SpaceRequestTable(db);
  const messages = new ServerMessages({ db, crypto, identities, quotas, table: new MessageTable(db), clock });
  const garbage = new GarbageCollector({
    db,
    storage,
    local,
    roots: space,
    hasher,
    clock,
    logger,
    afterBatch: async () => {
      if (db.isSparingDisk) await db.shortenLog();
    },
    ...(onCollected === undefined ? {} : { onCollected }),
  });
  const keeper = new DiskKeeper({
    room,
    reserve,
    collect: async () => garbage.collect(),
    spare: (isSparing) => db.spareDisk(isSparing),
    logger,
  });

  const signatures = new SignatureChecks({ crypto });
  const followRequests = new FollowRequestTable(db);
  const social = new FollowRequests({ db, crypto, identities, quotas, table: followRequests, clock });
  const watches = new Watches({
    crypto,
    bell: new CommitBell(db),
    pointers: {
      table: space.ledger.pointers,
      userOf: (writer) => pointers.userOf(writer),
      isBanned: async (name) => banned.isBanned(name),
    },
    inboxes: { table: followRequests, assertReader: async (owner, auth) => social.assertReader(owner, auth) },
    most: Math.min(MAX_WATCHES, Math.floor(config.maxConnections / 2)),
  });
  const services: ServerServices = {
    ids,
    blocks: new CheckedBlockService({
      crypto,
      local,
      space,
      bats,
      directory,
      room,
      signatures,
      ...(config.instanceBat === undefined ? {} : { instanceBat: config.instanceBat.bat }),
    }),
    pointers,
    links: new SecretLinks({ hasher, db, local, pointers, bats, counts: new LinkCountTable(db), directory, clock }),
    bats: new BatCave({ crypto, db, bats, directory, local, ids, clock }),
    core: new CoreNode({ pki, signUp, ids, space, unlisted: config.unlistedUsernames }),
    accounts,
    social,
    space: new HomeSpaceService({ db, crypto, identities, space, quotas, requests, clock }),
    admin: new Administration({
      db,
      crypto,
      identities,
      ids,
      quotas,
      requests,
      permission,
      ...(config.enableWaitList ? { waitList: new WaitList(dataPaths.waitList(dataDirectory)) } : {}),
      adminUsernames: new Set(config.adminUsernames),
      clock,
      version: serverVersion(),
      source: '',
    }),
    messages,
    publicFiles: new PublicFiles({ hasher, local, pointers, directory }),
    ipns: ids,
    watches,
  };
  return {
    config,
    logger,
    clock,
    crypto,
    db,
    storage,
    pki,
    pkiFiles,
    space,
    quotas,
    tokens,
    identities,
    requests,
    accounts,
    messages,
    garbage,
    room,
    keeper,
    repairs: { ...repairs, openSignUps },
    services,
    close: async () => {
      watches.close();
      await signatures.close();
      await pki.close();
      await local.close();
      await db.close();
    },
  };
}

/** For whom security keys sign (chapter 05 section 15.6): the public name, or this machine. The port is read when it is needed. */
function relyingParty({ publicDomain, webauthnOrigins }: ServerConfig, port: () => number): RelyingParty {
  if (publicDomain !== undefined) return { origin: `https://${publicDomain}`, rpId: publicDomain };
  return {
    get origin() {
      return `http://localhost:${port()}`;
    },
    otherOrigins: webauthnOrigins,
    rpId: 'localhost',
  };
}
