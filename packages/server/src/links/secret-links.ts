import { LinkCounts } from '@pyrgos/core/accounts';
import type { Hasher } from '@pyrgos/core/crypto';
import { DeniedError, NotFoundError } from '@pyrgos/core/errors';
import type { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { type EncryptedCapability, SecretLinks as SecretLinkChamp } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import type { BatTable } from '../bats/bat-table.js';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { SecretLinkService } from '../services.js';
import { localBlockSource } from '../ports/local-source.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { currentWriterData } from './current-writer-data.js';
import type { LinkCountTable } from './link-count-table.js';

/** What {@link SecretLinks} needs. */
export interface SecretLinksOptions {
  readonly hasher: Hasher;
  readonly db: SqlDatabase;
  readonly local: LocalBlocks;
  readonly pointers: Pick<PointerStore, 'getPointer'>;
  readonly bats: Pick<BatTable, 'current'>;
  readonly counts: LinkCountTable;
  readonly directory: Pick<UserDirectory, 'usernameOf'>;
  readonly clock: Clock;
}

/** Secret links of the users of this server (chapter 02 sections 5.8 and 5.9, chapter 08 section 12). */
export class SecretLinks implements SecretLinkService {
  constructor(private readonly options: SecretLinksOptions) {}

  /**
   * The encrypted capability of a link; one more retrieval is counted, durably, before it is given out. NotFoundError
   * `not-found.link` or DeniedError `denied.link` with the texts of the chapters.
   */
  async get(owner: PublicKeyHash, label: bigint): Promise<EncryptedCapability> {
    const { hasher, db, local, counts, directory, clock } = this.options;
    const username = await directory.usernameOf(owner);
    const root = username === undefined ? undefined : (await currentWriterData(this.options, username, owner))?.links;
    if (username === undefined || root === undefined) throw new NotFoundError('not-found.link', 'No secret link published!');
    // The server reads for itself, so the root needs no BAT.
    const link = await SecretLinkChamp.open(hasher, root, localBlockSource(local, username), { owner }).get(label);
    if (link === undefined) throw new NotFoundError('not-found.link', 'No secret link present!');
    const { expiry, maxRetrievals, capability } = link.target;
    const now = clock.now();
    if (expiry !== undefined && now > expiry * 1000) throw new DeniedError('denied.link', 'Secret link expired!');
    const counted = counts.increment(username, label, maxRetrievals ?? Number.MAX_SAFE_INTEGER, Math.floor(now / 1000));
    if (!counted) throw new DeniedError('denied.link', 'Maximum link retrievals exceed!');
    await db.durable();
    return capability;
  }

  /** The counters that changed after `after`, in seconds since the epoch. DeniedError `denied.link` without the current mirror BAT. */
  async counts(username: string, after: bigint, bat: BatWithId): Promise<LinkCounts> {
    if (this.options.bats.current(username)?.equals(bat) !== true) throw new DeniedError('denied.link', 'Unauthorized!');
    return LinkCounts.of(this.options.counts.changedAfter(username, after));
  }
}
