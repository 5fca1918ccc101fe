import { BlindFollowRequest } from '@pyrgos/core/accounts';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { CryptoError, LimitError, NotFoundError } from '@pyrgos/core/errors';
import { openSigned, type PublicKeyHash, SIGNED_REQUEST_WINDOW, verifySignedTime } from '@pyrgos/core/keys';
import { MAX_FOLLOW_REQUEST_SIZE } from '@pyrgos/core/limits';
import type { Clock } from '../ports/clock.js';
import type { SocialService } from '../services.js';
import type { IdentityKeys } from '../space/identity-keys.js';
import type { QuotaTable } from '../space/quota-table.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import type { FollowRequestTable } from './follow-request-table.js';
import { SenderLimiter } from './sender-limiter.js';

/** What {@link FollowRequests} needs. */
export interface FollowRequestsOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly identities: IdentityKeys;
  /** Who has an account here. */
  readonly quotas: QuotaTable;
  readonly table: FollowRequestTable;
  readonly clock: Clock;
}

/**
 * The inboxes of follow requests (chapter 02 section 9, chapter 06 section 3.5). Anybody may send; only the current identity of the
 * recipient reads and removes. Requests stay with the user when its identity changes.
 */
export class FollowRequests implements SocialService {
  private readonly senders: SenderLimiter;

  constructor(private readonly options: FollowRequestsOptions) {
    this.senders = new SenderLimiter(options.clock);
  }

  async sendFollowRequest(owner: PublicKeyHash, request: BlindFollowRequest, client?: string): Promise<boolean> {
    const { db, identities, quotas, table } = this.options;
    // The sender may know an identity that the recipient has replaced since.
    const username = await identities.nameOf(owner);
    if (quotas.get(username) === undefined) throw new NotFoundError('not-found.user', 'No such user on this server.');
    const bytes = request.encode();
    if (bytes.length > MAX_FOLLOW_REQUEST_SIZE) throw new LimitError('follow request', bytes.length, MAX_FOLLOW_REQUEST_SIZE);
    if (client !== undefined) this.senders.take(client, username);
    if (!table.add(username, bytes)) return false;
    await db.durable();
    return true;
  }

  async getFollowRequests(owner: PublicKeyHash, auth: Uint8Array): Promise<readonly BlindFollowRequest[]> {
    const username = await this.assertReader(owner, auth);
    return this.options.table.list(username).map((request) => BlindFollowRequest.decode(request));
  }

  /** Whose requests `owner` may read with `auth`: the check of {@link FollowRequests.getFollowRequests} alone. */
  async assertReader(owner: PublicKeyHash, auth: Uint8Array): Promise<string> {
    const { clock, crypto, identities } = this.options;
    const { key, username } = await identities.ofOwner(owner);
    verifySignedTime(crypto, key, auth, { now: clock.now(), allowedSeconds: SIGNED_REQUEST_WINDOW.normal });
    return username;
  }

  async removeFollowRequest(owner: PublicKeyHash, signed: Uint8Array): Promise<boolean> {
    const { crypto, db, identities, table } = this.options;
    const { key, username } = await identities.ofOwner(owner);
    let request: Uint8Array;
    try {
      request = openSigned(crypto, key, signed);
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'crypto.signature') return false;
      throw error;
    }
    table.remove(username, request);
    await db.durable();
    return true;
  }
}
