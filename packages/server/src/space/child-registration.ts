import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { Cid } from '@pyrgos/core/codec';
import { CHILDREN_PER_STEP } from '../limits.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import type { FairTurns } from './fair-turns.js';
import { type ChildrenUpdate, listedBy } from './owned-children.js';
import { OwnedKeySource, type OwnedKeySourceCode } from './owned-key-table.js';
import type { UsageLedger } from './usage-ledger.js';
import type { WriterRecord } from './writer-table.js';

/** What {@link ChildRegistration} needs. */
export interface ChildRegistrationOptions {
  readonly db: SqlDatabase;
  readonly ledger: UsageLedger;
  readonly turns: FairTurns;
}

/** What was known of the owned-key CHAMP of a writer before. */
interface KnownBefore {
  readonly ownedRoot: Cid | undefined;
  readonly isOwnedKnown: boolean;
}

/** The children of a version, read without regard to what is recorded. */
export interface ReadChildren<T> {
  readonly username: string;
  readonly writer: PublicKeyHash;
  readonly update: ChildrenUpdate;
  /** Whether the writer is still at that version; asked inside each transaction. */
  isCurrent(now: WriterRecord): boolean;
  /** Books the rest, inside the last transaction. */
  finish(now: WriterRecord, before: KnownBefore): T;
}

/** Ends the registration of a version that is no longer current. */
class Outdated extends Error {}

/**
 * Registers the children of one version of a writer, of which there may be MAX_WRITERS_PER_USER, in steps between which others have their turn
 * (chapter 03 section 1.4 rule 3). Additions come before removals, so that what is listed never ceases to count.
 *
 * Before the first of several steps the children of the writer are marked as not known. So an update that was planned before is planned
 * again, and it reads its whole list and sets it right, whatever steps have been taken: those that follow find another version and end. The
 * same happens after a crash between two steps.
 */
export class ChildRegistration {
  constructor(private readonly options: ChildRegistrationOptions) {}

  /** What `finish` returns; undefined when the writer is gone or no longer at that version. */
  async run<T>(read: ReadChildren<T>): Promise<T | undefined> {
    try {
      return this.isSmall(read) ? this.atOnce(read) : await this.inSteps(read);
    } catch (error) {
      if (error instanceof Outdated) return undefined;
      throw error;
    }
  }

  private isSmall({ update, writer }: ReadChildren<unknown>): boolean {
    const { owned, writers } = this.options.ledger;
    const known = writers.idOf(writer);
    return listedBy(update).length + (known === undefined ? 0 : owned.allChildren(known.id).length) <= CHILDREN_PER_STEP;
  }

  private atOnce<T>(read: ReadChildren<T>): T {
    const { ledger } = this.options;
    return this.step(read, (writer) => {
      ledger.setChildren(writer.userId, [{ writer, children: read.update }]);
      return read.finish(ledger.writers.get(writer.id), writer);
    });
  }

  private async inSteps<T>(read: ReadChildren<T>): Promise<T> {
    const { ledger, turns } = this.options;
    const { champ, named } = read.update;
    const before = this.step(read, (writer) => {
      ledger.writers.setOwnedUnknown(writer.id);
      return writer;
    });
    await this.add(read, OwnedKeySource.champ, listedBy({ champ, named: [] }), champ.kind === 'all');
    await this.add(read, OwnedKeySource.named, named, true);
    await turns.next(read.username);
    return this.step(read, (writer) => read.finish(writer, before));
  }

  /** Adds children, and removes all others if these are `all`. */
  private async add(
    read: ReadChildren<unknown>,
    source: OwnedKeySourceCode,
    children: readonly PublicKeyHash[],
    all: boolean,
  ): Promise<void> {
    const { ledger, turns } = this.options;
    const kept = new Set<number>();
    for (let i = 0; i < children.length; i += CHILDREN_PER_STEP) {
      await turns.next(read.username);
      const ids = this.step(read, (writer) => ledger.addChildren(writer, source, children.slice(i, i + CHILDREN_PER_STEP)));
      for (const id of ids) kept.add(id);
    }
    if (!all) return;
    await turns.next(read.username);
    const gone = this.step(read, ({ id }) => ledger.owned.children(id, source)).filter((id) => !kept.has(id));
    for (let i = 0; i < gone.length; i += CHILDREN_PER_STEP) {
      await turns.next(read.username);
      this.step(read, (writer) => {
        ledger.removeChildren(writer, source, gone.slice(i, i + CHILDREN_PER_STEP));
      });
    }
  }

  private step<T>(read: ReadChildren<unknown>, work: (writer: WriterRecord) => T): T {
    const { db, ledger } = this.options;
    return db.transaction(() => {
      const now = ledger.writers.find(read.writer);
      if (now === undefined || !read.isCurrent(now)) throw new Outdated();
      return work(now);
    });
  }
}
