import {
  assertWireUsername,
  type BackupCodes,
  homeProvider,
  type LoginData,
  LoginResponse,
  type MultiFactorAuthMethod,
  type MultiFactorAuthResponse,
} from '@pyrgos/core/accounts';
import type { CryptoProvider, RandomSource } from '@pyrgos/core/crypto';
import { DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { resolveSigningKey, SIGNED_REQUEST_WINDOW, SignedRequest, type SignedTimeCheck, verifySignedTime } from '@pyrgos/core/keys';
import { PaddedCipherText } from '@pyrgos/core/containers';
import type { PointerStore } from '@pyrgos/core/store';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { SpaceControl } from '../ports/space-control.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { AccountService } from '../services.js';
import { localBlockSource } from '../ports/local-source.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { type Identity, LoginDataStore } from './login-data-store.js';
import { SecondFactors } from './second-factors.js';
import type { RelyingParty } from './webauthn/ceremony.js';

/** What {@link Accounts} is built from. */
export interface AccountsOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly directory: UserDirectory;
  readonly ids: ServerIds;
  readonly space: SpaceControl;
  readonly blocks: LocalBlocks;
  readonly pointers: PointerStore;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly webauthn: RelyingParty;
  /**
   * Whether users without space here may log in here (chapter 05 section 8 step 1). Configuration `allow-external-login`; by default the
   * opposite of `public-server`.
   */
  readonly allowExternalLogin: boolean;
}

/** The calls that the identity key authorises with a signed request, by the last part of their path. */
type SignedCall =
  | 'listMfa'
  | 'addTotp'
  | 'enableTotp'
  | 'addMount'
  | 'enableMount'
  | 'genBackupCodes'
  | 'registerWebauthnStart'
  | 'registerWebauthnComplete'
  | 'deleteMfa';

function refuse(text: string): never {
  throw new DeniedError('denied.login', text);
}

/**
 * Login data and second factors (chapter 02 section 10, chapter 05 sections 7, 8 and 15). Everybody proves who they are before anything
 * is looked up that strangers must not learn, and before anything is changed: the identity key for changes, the login key for a log-in.
 *
 * Call {@link Accounts.completeInterrupted} before the first request is served.
 */
export class Accounts implements AccountService {
  private readonly loginData: LoginDataStore;
  private readonly factors: SecondFactors;

  constructor(private readonly options: AccountsOptions) {
    const { db, crypto, random, clock, blocks, pointers, webauthn } = options;
    this.loginData = new LoginDataStore({ db, crypto, blocks, pointers, clock });
    this.factors = new SecondFactors({ db, hasher: crypto, random, clock, party: webauthn });
  }

  /**
   * Completes password changes that a crash interrupted after their commit point. At the start, when no pointer can have moved on, and
   * before login data is exported. Returns the names of users for whom that failed because something is damaged.
   */
  async completeInterrupted(): Promise<readonly string[]> {
    return this.loginData.completeAll();
  }

  /** Deletes login data, interrupted password changes and second factors of a user (chapter 05 section 7.2). Durable. */
  async remove(username: string): Promise<void> {
    await this.loginData.remove(username);
    await this.factors.remove(username);
  }

  async setLogin(data: LoginData, auth: Uint8Array, forceLocal: boolean): Promise<boolean> {
    const { username, identityUpdate } = data;
    const identity = await this.identityOf(username);
    if (!data.isSignedBy(this.options.crypto, identity.key, auth)) {
      throw new DeniedError('denied.auth', 'Invalid signature of the login data');
    }
    if (!(await this.isAtHome(username))) {
      if (!forceLocal || identityUpdate !== undefined) refuse('Please login on your home server');
      // Not a free store for everybody who has an account anywhere.
      if (!(await this.hasSpace(username))) refuse(`No space quota for ${username}`);
    }
    if (identityUpdate !== undefined) return this.loginData.change(data, identityUpdate, identity);
    await this.loginData.replace(data);
    return true;
  }

  async getLogin({ username, author, auth, proxy, mfaTypes, mfa }: Parameters<AccountService['getLogin']>[0]): Promise<LoginResponse> {
    // First, because it costs nothing and tells nothing: a stranger's own key opens the stranger's own signature.
    verifySignedTime(this.options.crypto, author, auth, this.window());
    assertWireUsername('username', username);
    const isExternal = !this.options.allowExternalLogin && !proxy && !(await this.hasSpace(username));
    if (isExternal && !(await this.isAtHome(username))) refuse('Please login on your home server');
    const entry = (await this.loginData.entryFor(username, author)) ?? refuse('Incorrect username or password');
    // From here on it is somebody who holds the user's login key.
    if (isExternal) {
      // What clients say who look at the identity themselves (chapter 05 section 10.1); there is nothing to renew.
      if (await this.options.space.isDeletedByOwner(username)) refuse('User has been deleted. Did you mean a different username?');
      refuse('Your subscription has expired, please contact us to renew');
    }
    if (this.factors.isRequired(username)) {
      if (mfa === undefined) return LoginResponse.ofRequest(this.factors.ask(username, mfaTypes));
      await this.factors.check(username, mfa);
    }
    return LoginResponse.ofEntryPoints(PaddedCipherText.decode(entry));
  }

  async listMfa(username: string, auth: Uint8Array): Promise<readonly MultiFactorAuthMethod[]> {
    await this.authenticate(username, 'listMfa', auth);
    return this.factors.list(username);
  }

  async addTotp(username: string, auth: Uint8Array): Promise<string> {
    await this.authenticate(username, 'addTotp', auth);
    return this.factors.addTotp(username);
  }

  async enableTotp(username: string, credentialId: Uint8Array, code: string, auth: Uint8Array): Promise<boolean> {
    await this.authenticate(username, 'enableTotp', auth);
    return this.factors.enableTotp(username, credentialId, code);
  }

  async addMount(username: string, name: string, auth: Uint8Array): Promise<string> {
    await this.authenticate(username, 'addMount', auth);
    return this.factors.addMount(username, name);
  }

  async enableMount(username: string, credentialId: Uint8Array, code: string, auth: Uint8Array): Promise<boolean> {
    await this.authenticate(username, 'enableMount', auth);
    return this.factors.enableMount(username, credentialId, code);
  }

  async genBackupCodes(username: string, auth: Uint8Array): Promise<BackupCodes> {
    await this.authenticate(username, 'genBackupCodes', auth);
    return this.factors.generateBackupCodes(username);
  }

  async registerWebauthnStart(username: string, auth: Uint8Array): Promise<Uint8Array> {
    await this.authenticate(username, 'registerWebauthnStart', auth);
    return this.factors.startWebauthn(username);
  }

  async registerWebauthnComplete(username: string, keyName: string, response: MultiFactorAuthResponse, auth: Uint8Array): Promise<boolean> {
    await this.authenticate(username, 'registerWebauthnComplete', auth);
    return this.factors.completeWebauthn(username, keyName, response);
  }

  async deleteMfa(username: string, credentialId: Uint8Array, auth: Uint8Array): Promise<boolean> {
    await this.authenticate(username, 'deleteMfa', auth);
    return this.factors.delete(username, credentialId);
  }

  private window(): SignedTimeCheck {
    return { now: this.options.clock.now(), allowedSeconds: SIGNED_REQUEST_WINDOW.day };
  }

  /** Requires a fresh signed request of the user's identity for a path; signed requests of other paths do not count. */
  private async authenticate(username: string, call: SignedCall, auth: Uint8Array): Promise<void> {
    const { key } = await this.identityOf(username);
    if (!(await this.isAtHome(username))) refuse('Please login on your home server');
    SignedRequest.verify(this.options.crypto, key, auth, { ...this.window(), path: `peergos/v0/login/${call}` });
  }

  /** The identity of a user as the public key infrastructure knows it, never as a request states it (chapter 05 section 5). */
  private async identityOf(username: string): Promise<Identity> {
    assertWireUsername('username', username);
    const { directory, crypto, blocks } = this.options;
    const hash = await directory.identityOf(username);
    if (hash === undefined) throw noOwnerKey();
    try {
      const key = await resolveSigningKey(hash, {
        hasher: crypto,
        blocks: localBlockSource(blocks, username),
        context: { owner: hash },
      });
      return { hash, key };
    } catch (error) {
      if (error instanceof PyrgosError && error.code === 'not-found.key') throw noOwnerKey();
      throw error;
    }
  }

  private async isAtHome(username: string): Promise<boolean> {
    const { directory, ids } = this.options;
    const provider = homeProvider(await directory.chainOf(username));
    return provider !== undefined && ids.isOurs(provider);
  }

  private async hasSpace(username: string): Promise<boolean> {
    return ((await this.options.space.quotaOf(username)) ?? 0) > 0;
  }
}

function noOwnerKey(): NotFoundError {
  return new NotFoundError('not-found.user', "Couldn't retrieve owner key!");
}
