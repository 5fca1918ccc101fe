import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { equalTargets, PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { WriterPointer } from '@pyrgos/core/store';
import { OWNED_KEYS_PER_TURN } from '../limits.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { ChildRegistration } from './child-registration.js';
import { type ChildrenUpdate, NO_CHILDREN } from './owned-children.js';
import type { Space } from './space.js';

/** What {@link UsageRepair} needs. */
export interface UsageRepairOptions {
  readonly db: SqlDatabase;
  readonly local: LocalBlocks;
  readonly space: Space;
}

/** What a recount found. */
export interface RecountReport {
  readonly writers: number;
  /** Writers whose bytes were booked wrongly. */
  readonly corrected: number;
  /** Writers of whom blocks are missing: what is missing counts nothing. */
  readonly incomplete: number;
}

/** Puts the books right from the pointers and blocks themselves: after a restore, and for an operator in doubt. Works while the server runs. */
export class UsageRepair {
  private readonly registration: ChildRegistration;

  constructor(private readonly options: UsageRepairOptions) {
    const { ledger, turns } = options.space;
    this.registration = new ChildRegistration({ db: options.db, ledger, turns });
  }

  /**
   * Takes pointers in as a backup has them, past the rules of updates: they must have been verified. The user and its identities must be
   * registered, and its blocks should be there; {@link recount} must follow. Durable when it resolves.
   */
  async restorePointers(username: string, pointers: readonly WriterPointer[]): Promise<void> {
    const { db, space } = this.options;
    const userId = this.userId(username);
    db.transaction(() => {
      for (const { signed, writer } of pointers) {
        if (space.ledger.registerWriter(userId, writer) === undefined) {
          throw new PyrgosError('format.backup', 'A writer in the backup belongs to another user, or there are too many.');
        }
        space.ledger.pointers.set(writer, signed);
      }
    });
    await db.durable();
  }

  /** Counts all writers of a user anew, and finds out anew which of them count as usage. NotFoundError `not-found.user`. */
  async recount(username: string): Promise<RecountReport> {
    const { db, space } = this.options;
    const userId = this.userId(username);
    const report = { writers: 0, corrected: 0, incomplete: 0 };
    for (const { writer } of space.ledger.writers.ofUser(userId)) {
      const { isComplete, isCorrected } = await space.locks.run([writer.key], async () => this.recountWriter(username, writer));
      report.writers++;
      // Writers without a version never wait for anything.
      if (report.writers % OWNED_KEYS_PER_TURN === 0) await space.turns.next(username);
      if (isCorrected) report.corrected++;
      if (!isComplete) report.incomplete++;
    }
    db.transaction(() => space.ledger.rebuild(userId));
    await db.durable();
    return report;
  }

  private async recountWriter(
    username: string,
    writer: PublicKeyHash,
  ): Promise<{ readonly isCorrected: boolean; readonly isComplete: boolean }> {
    const { space } = this.options;
    const { ledger } = space;
    const signed = ledger.pointers.get(writer);
    const target = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
    const counted = await space.counter.count(username, target);
    const writerData = target === undefined ? undefined : await this.read(username, target);
    const children: ChildrenUpdate =
      writerData === undefined
        ? NO_CHILDREN
        : await space.children.update(username, writer, writerData, { ownedRoot: undefined, isOwnedKnown: false });
    const outcome = await this.registration.run({
      username,
      writer,
      update: children,
      // The lock keeps updates away.
      isCurrent: () => true,
      finish: (now) => {
        ledger.setCounted(now, {
          target,
          directBytes: counted.bytes,
          missing: counted.missing,
          ownedRoot: writerData?.owned,
          isOwnedKnown: children.champ.kind !== 'unreadable',
        });
        // Counted while others upload: what arrived meanwhile is looked for with the next update.
        if (counted.missing?.length !== 0) ledger.users.addIncomplete(now.userId, -1, false);
        const isCorrected = now.directBytes !== counted.bytes || !equalTargets(now.target, target);
        return { isCorrected, isComplete: counted.missing?.length === 0 };
      },
    });
    // Otherwise it was removed by the operator meanwhile.
    return outcome ?? { isCorrected: false, isComplete: true };
  }

  /** Undefined when the block is missing or damaged. */
  private async read(username: string, target: NonNullable<PointerUpdate['updated']>): Promise<WriterData | undefined> {
    try {
      const block = await this.options.local.get(username, target);
      return block === undefined ? undefined : WriterData.decode(block);
    } catch (error) {
      if (error instanceof PyrgosError) return undefined;
      throw error;
    }
  }

  private userId(username: string): number {
    const user = this.options.space.ledger.users.find(username);
    if (user === undefined) throw new NotFoundError('not-found.user', 'No such user on this server.');
    return user.id;
  }
}
