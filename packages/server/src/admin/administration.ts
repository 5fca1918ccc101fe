import { AllowedSignups, LabelledSignedSpaceRequest, SpaceRequest } from '@pyrgos/core/accounts';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { openSigned, type PublicKeyHash, type PublicSigningKey, SIGNED_REQUEST_WINDOW, verifySignedTime } from '@pyrgos/core/keys';
import type { Clock } from '../ports/clock.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { AdminService } from '../services.js';
import type { IdentityKeys } from '../space/identity-keys.js';
import type { QuotaTable } from '../space/quota-table.js';
import type { SignupPermission } from '../space/signup-permission.js';
import type { SpaceRequestTable } from '../space/space-request-table.js';
import { readInteger } from '../sql/sql-values.js';
import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import type { WaitList } from './wait-list.js';

/** What {@link Administration} needs. */
export interface AdministrationOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly identities: IdentityKeys;
  readonly ids: Pick<ServerIds, 'isOurs'>;
  readonly quotas: QuotaTable;
  readonly requests: SpaceRequestTable;
  readonly permission: Pick<SignupPermission, 'isOpen'>;
  /** Absent: the wait list is off. */
  readonly waitList?: WaitList;
  readonly adminUsernames: ReadonlySet<string>;
  readonly clock: Clock;
  /** `major.minor.patch[-suffix]`. */
  readonly version: string;
  /** The version of the source text; may be empty. */
  readonly source: string;
}

/** Administration of the instance by its administrators over the network (chapter 02 section 12, chapter 05 section 22.4). */
export class Administration implements AdminService {
  private readonly selectTime: SqlStatement;
  private readonly upsertTime: SqlStatement;

  constructor(private readonly options: AdministrationOptions) {
    const { db } = options;
    this.selectTime = db.prepare('SELECT time FROM admin_times WHERE name = ?');
    this.upsertTime = db.prepare(
      'INSERT INTO admin_times (name, time) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET time = excluded.time',
    );
  }

  version(): { readonly version: string; readonly source: string } {
    return { version: this.options.version, source: this.options.source };
  }

  async signups(): Promise<AllowedSignups> {
    return AllowedSignups.of({ free: this.options.permission.isOpen, paid: false });
  }

  async joinWaitList(email: string): Promise<boolean> {
    return (await this.options.waitList?.join(email)) ?? false;
  }

  /**
   * The waiting space requests; nothing for somebody who is no administrator. A signed time is good for 60 s and once: DeniedError
   * `denied.admin` with the text of the protocol for one that is not later than the last one of this administrator.
   */
  async pending(admin: PublicKeyHash, instance: Cid, auth: Uint8Array): Promise<readonly LabelledSignedSpaceRequest[]> {
    const { clock, crypto, db, requests } = this.options;
    const caller = await this.findAdmin(admin);
    if (caller === undefined) return [];
    this.requireOurs(instance);
    const time = verifySignedTime(crypto, caller.key, auth, { now: clock.now(), allowedSeconds: SIGNED_REQUEST_WINDOW.admin });
    db.transaction(() => {
      const last = this.selectTime.get(caller.username);
      if (last !== undefined && time <= readInteger(last, 'time')) {
        throw new DeniedError('denied.admin', 'Replay attack? Stale auth time for getPendingSpaceRequests');
      }
      this.upsertTime.run(caller.username, time);
    });
    await db.durable();
    return requests.list().map(({ signedRequest, username }) => LabelledSignedSpaceRequest.of(username, signedRequest));
  }

  /**
   * Grants a waiting request. False when exactly this request is not waiting (any more): an approval has no time of its own, and must not be
   * good for setting an old quota again.
   */
  async approve(admin: PublicKeyHash, instance: Cid, signed: Uint8Array): Promise<boolean> {
    const { crypto, db, identities, quotas, requests } = this.options;
    const caller = await this.findAdmin(admin);
    if (caller === undefined) throw new DeniedError('denied.admin', 'User is not an admin on this instance!');
    this.requireOurs(instance);
    const { signedRequest, username } = LabelledSignedSpaceRequest.decode(openSigned(crypto, caller.key, signed));
    const { key } = await identities.ofUser(username);
    const request = SpaceRequest.open(crypto, key, signedRequest);
    if (request.username !== username) throw new DeniedError('denied.admin', 'The request is for another user than its label says.');
    const isGranted = db.transaction(() => {
      if (!requests.has(username, signedRequest)) return false;
      if (quotas.get(username) === undefined) throw new NotFoundError('not-found.user', `No space quota for ${username}`);
      quotas.set(username, request.bytes);
      requests.remove(username);
      return true;
    });
    if (isGranted) await db.durable();
    return isGranted;
  }

  private async findAdmin(admin: PublicKeyHash): Promise<{ readonly username: string; readonly key: PublicSigningKey } | undefined> {
    const { adminUsernames, identities } = this.options;
    try {
      const caller = await identities.ofOwner(admin);
      return adminUsernames.has(caller.username) ? caller : undefined;
    } catch (error) {
      if (error instanceof PyrgosError && error.code === 'not-found.key') return undefined;
      throw error;
    }
  }

  private requireOurs(instance: Cid): void {
    if (!this.options.ids.isOurs(instance)) throw new DeniedError('denied.admin', 'This is another instance.');
  }
}
