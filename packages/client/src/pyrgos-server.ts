import { assertOptions } from '@pyrgos/core/arguments';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { assertHttpOptions } from './network/http/http-network.js';
import { HttpNetwork, type HttpNetworkOptions, type Network } from './network/index.js';
import { assertClientOptions } from './session/client-context.js';
import {
  type CallOptions,
  type ClientOptions,
  finishDeletion,
  logIn,
  type LogInOptions,
  restoreSession,
  type RestoreOptions,
  signUp,
  type SignUpOptions,
} from './session/index.js';
import type { LinkSession } from './social/link-session.js';
import { openLink, type OpenLinkOptions } from './social/open-link.js';
import { listPublic, openPublic } from './social/open-public.js';
import { assertFileSettings, type FileSettings, UserSession } from './user-session.js';
import { given } from './waiting/given.js';

/** How a server is reached, and what all its sessions share. */
export interface ConnectOptions extends Omit<ClientOptions, 'crypto'>, FileSettings {
  /** Default: the best engine of the platform. */
  readonly crypto?: CryptoProvider | undefined;
  /** How the HTTP calls are made. */
  readonly http?: Omit<HttpNetworkOptions, 'server' | 'crypto'> | undefined;
}

/** The names of all options, so that none is misspelt in silence. */
const OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = {
  crypto: true,
  http: true,
  pool: true,
  clock: true,
  random: true,
  store: true,
  blockCache: true,
  cacheBytes: true,
  pointerCacheMilliseconds: true,
  thumbnailer: true,
  chunksInFlight: true,
};

/**
 * Prepares to work with a server, by its URL (`http://localhost:8000`). Nothing is sent yet. ArgumentError for what is no such URL, and for an option that is
 * unknown or cannot be.
 */
export async function connect(server: string | URL, options: ConnectOptions = {}): Promise<PyrgosServer> {
  assertOptions('options', options, Object.keys(OPTIONS));
  assertClientOptions(options);
  assertFileSettings(options);
  const { http, ...rest } = options;
  if (http !== undefined) assertHttpOptions(http);
  const crypto = options.crypto ?? (await loadCrypto());
  const { clock, random } = options;
  const network = new HttpNetwork({
    ...(clock === undefined ? {} : { clock }),
    ...(random === undefined ? {} : { random }),
    ...(http === undefined ? {} : given(http)),
    server,
    crypto,
  });
  return new PyrgosServer(network, { ...rest, crypto });
}

/** A Peergos or Pyrgos server. It is not trusted: everything it says is verified. */
export class PyrgosServer {
  constructor(
    readonly network: Network,
    private readonly options: ClientOptions & FileSettings = {},
  ) {}

  /** Makes an account and logs in to it; see {@link signUp}. */
  async signUp(options: SignUpOptions): Promise<UserSession> {
    return new UserSession(await signUp(this.network, { ...this.options, ...given(options) }), this.fileSettings());
  }

  /** Logs in; see {@link logIn}. */
  async logIn(options: LogInOptions): Promise<UserSession> {
    return new UserSession(await logIn(this.network, { ...this.options, ...given(options) }), this.fileSettings());
  }

  /** Opens a session that was kept on this device; see {@link restoreSession}. */
  async restore(options: RestoreOptions): Promise<UserSession> {
    return new UserSession(await restoreSession(this.network, { ...this.options, ...given(options) }), this.fileSettings());
  }

  /** Ends the deletion of an account that was cut off, when logging in finds no home directory any more; see {@link finishDeletion}. */
  async finishDeletion(options: LogInOptions): Promise<void> {
    await finishDeletion(this.network, { ...this.options, ...given(options) });
  }

  /**
   * Opens a secret link, or an old one that holds the keys itself, without an account; see {@link OpenLinkOptions}. To open one counts as a use of it.
   *
   * NotFoundError `not-found.link` when there is no such link, or nothing any more where it leads; DeniedError `denied.link`, whose `data.reason` is `expired`, `used-up`, `home` (another
   * server has it), `password`, `link` (it is not complete) or `invalid` (it shows something under the name of somebody else); FormatError `format.link`; `network`; AbortedError.
   */
  async openLink(link: string, options: OpenLinkOptions = {}): Promise<LinkSession> {
    return openLink(this.network, link, { ...this.options, ...given(options) });
  }

  /**
   * Opens a path that a user has published, `/user/directory/file`, or one in a published directory, without an account. What is published is read from what the
   * user has signed, not from what the server says. NotFoundError `not-found.user`, `not-found.file`; DeniedError for somebody who lies; `network`; AbortedError.
   */
  async openPublic(path: string, options: CallOptions = {}): Promise<LinkSession> {
    return openPublic(this.network, path, { ...this.options, ...given(options) });
  }

  /** The paths that a user has published, in no particular order; not what is in published directories. Errors of {@link PyrgosServer.openPublic}. */
  async *listPublic(username: string, options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* listPublic(this.network, username, { ...this.options, ...given(options) });
  }

  private fileSettings(): FileSettings {
    const { thumbnailer, chunksInFlight } = this.options;
    return { thumbnailer, chunksInFlight };
  }
}
