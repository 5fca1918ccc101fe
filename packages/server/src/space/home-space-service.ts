import { PaymentProperties, SpaceRequest } from '@pyrgos/core/accounts';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, type PublicSigningKey, SIGNED_REQUEST_WINDOW, verifySignedTime } from '@pyrgos/core/keys';
import type { Clock } from '../ports/clock.js';
import type { SpaceService } from '../services.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import type { IdentityKeys } from './identity-keys.js';
import type { QuotaTable } from './quota-table.js';
import type { SpaceRequestTable } from './space-request-table.js';
import type { Space } from './space.js';
import { MAX_BYTES } from './usage-counter.js';

/** What {@link HomeSpaceService} needs. */
export interface HomeSpaceServiceOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly identities: IdentityKeys;
  readonly space: Space;
  readonly quotas: QuotaTable;
  readonly requests: SpaceRequestTable;
  readonly clock: Clock;
}

/**
 * Usage, quota and space requests of the users of a server without payment (chapter 02 section 11, chapter 05 section 22). Every call is
 * signed by the current identity of the owner: CryptoError, FormatError, or DeniedError with the texts of chapter 02 section 3 otherwise;
 * NotFoundError for an owner that has no account here.
 */
export class HomeSpaceService implements SpaceService {
  constructor(private readonly options: HomeSpaceServiceOptions) {}

  async usage(owner: PublicKeyHash, auth: Uint8Array, local: boolean): Promise<number> {
    const username = await this.authenticate(owner, auth);
    this.requireQuota(username);
    const usage = this.options.space.usageOf(username);
    if (usage === undefined) return 0;
    return Math.min(usage.totalBytes + (local ? usage.pendingBytes : 0), MAX_BYTES);
  }

  async quota(owner: PublicKeyHash, auth: Uint8Array): Promise<number> {
    return this.requireQuota(await this.authenticate(owner, auth));
  }

  /** There is nobody to pay here, so a new client secret means nothing. */
  async paymentProperties(owner: PublicKeyHash, _newClientSecret: boolean, auth: Uint8Array): Promise<PaymentProperties> {
    return PaymentProperties.of({ freeQuota: this.requireQuota(await this.authenticate(owner, auth)), desiredQuota: 0 });
  }

  /**
   * Keeps the request for the administrators, in the place of an earlier one of the user: what a person wants is what it said last. It must not be
   * older than 300 s, and must name the owner's user.
   */
  async requestSpace(owner: PublicKeyHash, signed: Uint8Array): Promise<PaymentProperties> {
    const { clock, crypto, db, identities, requests } = this.options;
    const { key, username } = await identities.ofOwner(owner);
    const request = SpaceRequest.open(crypto, key, signed);
    const oldest = clock.now() - SIGNED_REQUEST_WINDOW.normal * 1000;
    if (request.time < oldest) throw new DeniedError('denied.stale', 'Stale auth time, is your clock accurate?');
    if (request.username !== username) throw new DeniedError('denied.auth', 'The space request is for another user.');
    const freeQuota = this.requireQuota(username);
    db.transaction(() => {
      const waiting = requests.get(username);
      if (waiting === undefined || !this.isLater(key, waiting, request)) requests.put(username, signed);
    });
    await db.durable();
    return PaymentProperties.of({ freeQuota, desiredQuota: 0 });
  }

  /**
   * Whether the request that waits is later than another one, which then is an old one that somebody sends again. A time in the future is that of a
   * wrong clock and says nothing.
   */
  private isLater(key: PublicSigningKey, waiting: Uint8Array, request: SpaceRequest): boolean {
    const { clock, crypto } = this.options;
    try {
      const { time } = SpaceRequest.open(crypto, key, waiting);
      return time > request.time && time <= clock.now();
    } catch (error) {
      // Of a former identity: nobody can approve it any more.
      if (error instanceof PyrgosError) return false;
      throw error;
    }
  }

  private async authenticate(owner: PublicKeyHash, auth: Uint8Array): Promise<string> {
    const { clock, crypto, identities } = this.options;
    const { key, username } = await identities.ofOwner(owner);
    verifySignedTime(crypto, key, auth, { now: clock.now(), allowedSeconds: SIGNED_REQUEST_WINDOW.normal });
    return username;
  }

  private requireQuota(username: string): number {
    const quota = this.options.quotas.get(username);
    if (quota === undefined) throw new NotFoundError('not-found.user', `No space quota for ${username}`);
    return quota;
  }
}
