import { homeProvider } from '@pyrgos/core/accounts';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, FormatError, NotFoundError } from '@pyrgos/core/errors';
import { type Bat, BatId, BatWithId, resolveSigningKey, SIGNED_REQUEST_WINDOW, SignedRequest } from '@pyrgos/core/keys';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { BatService } from '../services.js';
import { localBlockSource } from '../ports/local-source.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import type { BatTable } from './bat-table.js';

/** What {@link BatCave} needs. */
export interface BatCaveOptions {
  readonly crypto: CryptoProvider;
  readonly db: SqlDatabase;
  readonly bats: BatTable;
  readonly directory: Pick<UserDirectory, 'identityOf' | 'chainOf'>;
  /** For identity keys that are blocks of their own (`legacy: read only`). */
  readonly local: LocalBlocks;
  readonly ids: Pick<ServerIds, 'isOurs'>;
  readonly clock: Clock;
}

/**
 * The mirror BATs of the users of this server (chapter 02 section 6, chapter 01 section 18.9). Every call is signed by the current identity of
 * the user for its own path, within 300 s: CryptoError, FormatError or DeniedError with the texts of chapter 02 section 3 otherwise.
 */
export class BatCave implements BatService {
  constructor(private readonly options: BatCaveOptions) {}

  async list(username: string, auth: Uint8Array): Promise<readonly BatWithId[]> {
    await this.authenticate(username, 'peergos/v0/bats/getUserBats', auth);
    return this.options.bats.list(username);
  }

  async add(username: string, id: Cid, bat: Bat, auth: Uint8Array): Promise<void> {
    await this.authenticate(username, 'peergos/v0/bats/addBat', auth);
    const { bats, crypto, db } = this.options;
    const batId = BatId.fromCid(id, 'batid');
    if (batId.isInline) throw new FormatError('format.bat', 'batid', 'must be the hash of the BAT');
    const added = BatWithId.of(bat, batId);
    if (!added.hasOwnId(crypto)) throw new FormatError('format.bat', 'batid', 'must be the hash of the BAT');
    await this.requireLocal(username);
    bats.add(username, added);
    await db.durable();
  }

  private async authenticate(username: string, path: string, auth: Uint8Array): Promise<void> {
    const { crypto, directory, local, clock } = this.options;
    const identity = await directory.identityOf(username);
    if (identity === undefined) throw new NotFoundError('not-found.user', 'No such user on this server.');
    const blocks = localBlockSource(local, username);
    const key = await resolveSigningKey(identity, { hasher: crypto, blocks, context: { owner: identity } });
    SignedRequest.verify(crypto, key, auth, { path, now: clock.now(), allowedSeconds: SIGNED_REQUEST_WINDOW.normal });
  }

  /** Only the home server of a user keeps its BATs. */
  private async requireLocal(username: string): Promise<void> {
    const { directory, ids } = this.options;
    const home = homeProvider(await directory.chainOf(username));
    if (home === undefined || !ids.isOurs(home)) throw new DeniedError('denied.auth', 'This is not the home server of the user.');
  }
}
