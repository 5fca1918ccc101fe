import {
  AbortedError,
  connect,
  createCryptoPool,
  DeniedError,
  type FileSystem,
  IndexedDbLocalStore,
  type LinkSession,
  type LocalStore,
  type PyrgosServer,
  type UserSession,
} from '@pyrgos/client';
import type { SessionInfo } from './calls.js';
import { ConnectionWatch } from './connection-watch.js';
import { DeviceKeys } from './device-key.js';
import { ResilientStore } from './resilient-store.js';
import { PageThumbnailer } from './services/page-thumbnailer.js';

/** What the services of the engine share: the server of this page, and who is logged in. */
export class EngineState {
  /** Makes small pictures of what is uploaded. */
  readonly thumbnailer = new PageThumbnailer();
  /** Notices when the server is away. */
  readonly connection: ConnectionWatch;
  private opened: Promise<OpenedServer> | undefined;
  private current: UserSession | undefined;
  private kept = false;
  private latest: object | undefined;
  private link: LinkSession | undefined;

  /** @param origin the home server, whose page this is */
  constructor(readonly origin: string) {
    this.connection = new ConnectionWatch(origin);
  }

  /** The server and what the browser lets us keep; connected once. */
  async server(): Promise<OpenedServer> {
    this.opened ??= open(this.origin, this.thumbnailer, this.connection);
    try {
      return await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
  }

  /** Who is logged in. DeniedError `denied.session` when nobody is. */
  get session(): UserSession {
    if (this.current === undefined) throw new DeniedError('denied.session', 'Nobody is logged in.');
    return this.current;
  }

  /** The name of whoever is logged in. */
  get username(): string | undefined {
    return this.current?.username;
  }

  /** The tree that the page shows: that of the open link, otherwise that of whoever is logged in. DeniedError `denied.session` without either. */
  get files(): FileSystem {
    return this.link?.files ?? this.session.files;
  }

  /** Whether the page shows the tree of whoever is logged in, and not that of a link. */
  get isAtHome(): boolean {
    return this.link === undefined;
  }

  /** Shows the tree of a link, in the place of the link before, which is closed; undefined: none any more. Whoever is logged in stays so. */
  showLink(link: LinkSession | undefined): void {
    this.link?.close();
    this.link = link;
  }

  /** Whether this device keeps the session. */
  get isKept(): boolean {
    return this.kept;
  }

  /**
   * Somebody begins to log in, by whatever way. The token goes to {@link EngineState.start}: of several who begin only the last one gets in, however long the
   * others take.
   */
  begin(): object {
    this.latest = {};
    return this.latest;
  }

  /** Puts a session in the place of the one before, which is closed, and says what the page may know of it. */
  start(session: UserSession, isKept: boolean, begun: object | undefined = this.latest): SessionInfo {
    if (begun !== this.latest) {
      session.close();
      throw new AbortedError('logging in');
    }
    if (this.current !== session) this.current?.close();
    this.current = session;
    this.kept = isKept;
    return { username: session.username, homePath: session.files.homePath, isKept };
  }

  /** Nobody is logged in any more. */
  end(): void {
    this.latest = {};
    this.current?.close();
    this.current = undefined;
    this.kept = false;
  }
}

/** See {@link EngineState.server}. */
export interface OpenedServer {
  readonly server: PyrgosServer;
  /** Undefined where sessions cannot be kept. */
  readonly deviceKeys: DeviceKeys | undefined;
}

/** Milliseconds for which a look at the server counts: less than somebody needs from one device to the other. */
const FRESH = 2000;

async function open(origin: string, thumbnailer: PageThumbnailer, connection: ConnectionWatch): Promise<OpenedServer> {
  const [store, deviceKeys] = await Promise.all([openStore(), DeviceKeys.open()]);
  const server = await connect(origin, {
    pool: createCryptoPool(),
    thumbnailer,
    http: { fetch: connection.fetch },
    pointerCacheMilliseconds: FRESH,
    ...(store === undefined ? {} : { store }),
  });
  return { server, deviceKeys: store === undefined ? undefined : deviceKeys };
}

/** Browsers in private mode may refuse: then nothing is remembered. */
async function openStore(): Promise<LocalStore | undefined> {
  try {
    return new ResilientStore(await IndexedDbLocalStore.open());
  } catch {
    return undefined;
  }
}
