import { PyrgosError } from '@pyrgos/core/errors';
import { equalTargets } from '@pyrgos/core/model';
import { BlockTable } from '../blocks/block-table.js';
import { LATE_CHECKS_PER_TURN } from '../limits.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import type { FairTurns } from './fair-turns.js';
import { type CountedTree, MAX_BYTES, type UsageCounter } from './usage-counter.js';
import type { UsageLedger } from './usage-ledger.js';
import type { UserRecord } from './user-table.js';
import type { WriterRecord } from './writer-table.js';

/** What {@link LateBlocks} needs. */
export interface LateBlocksOptions {
  readonly db: SqlDatabase;
  readonly ledger: UsageLedger;
  readonly counter: UsageCounter;
  readonly turns: FairTurns;
}

/** The user that something is settled for. */
type User = Pick<UserRecord, 'id' | 'name'>;

/**
 * Charges writers with blocks that were uploaded after a pointer had already reached them (chapter 08 section 6.3 b), whoever uploaded
 * them. Until then such bytes are covered by what the uploader has pending; so whoever forgets pending bytes calls {@link settle} first,
 * and forgets only if {@link isSettled} holds in the transaction that forgets.
 *
 * Writers that lack blocks are looked through only when something was stored since the last time. Who lacks nothing costs nothing.
 */
export class LateBlocks {
  private readonly blocks: BlockTable;
  private readonly running = new Map<number, Promise<void>>();

  constructor(private readonly options: LateBlocksOptions) {
    this.blocks = new BlockTable(options.db);
  }

  /** The number of a user's latest put; what is read afterwards may contain later ones. */
  lastPut(username: string): number {
    const partition = this.blocks.partition(username);
    return partition === undefined ? 0 : this.blocks.lastPut(partition);
  }

  /** Whether everything that was stored so far and that a writer links is charged to it. */
  isSettled({ id, name }: User): boolean {
    const { users, writers } = this.options.ledger;
    return writers.incomplete(id, 0, 1).length === 0 || users.lateCheck(id).put === this.lastPut(name);
  }

  /**
   * Charges what has arrived before the call. Afterwards {@link isSettled} holds unless more was stored meanwhile, or a block that is
   * damaged keeps a writer from being counted. Not durable by itself.
   */
  async settle(user: User): Promise<void> {
    await this.running.get(user.id);
    // What ran already may have begun too early.
    if (this.isSettled(user)) return;
    const joined = this.running.get(user.id);
    if (joined !== undefined) return joined;
    const run = this.run(user).finally(() => {
      this.running.delete(user.id);
    });
    this.running.set(user.id, run);
    return run;
  }

  private async run({ id, name }: User): Promise<void> {
    const { db, ledger, turns } = this.options;
    const { changes } = ledger.users.lateCheck(id);
    const put = this.lastPut(name);
    let isComplete = true;
    let last = 0;
    for (;;) {
      const writers = ledger.writers.incomplete(id, last, LATE_CHECKS_PER_TURN);
      for (const writer of writers) if (this.isLate(name, writer)) isComplete = (await this.recount(name, writer)) && isComplete;
      last = writers.at(-1)?.id ?? last;
      if (writers.length < LATE_CHECKS_PER_TURN) break;
      await turns.next(name);
    }
    if (isComplete) db.transaction(() => ledger.users.setLateCheck(id, { put, changes }));
  }

  /** Whether a block of the writer has arrived, or may have when they are not noted down. */
  private isLate(username: string, writer: WriterRecord): boolean {
    const missing = this.options.ledger.writers.missingOf(writer);
    return missing === undefined || missing.some((cid) => this.blocks.has(username, cid));
  }

  /** Whether the writer is charged rightly now. */
  private async recount(username: string, { id, target, writer }: WriterRecord): Promise<boolean> {
    const { db, ledger } = this.options;
    const counted = await this.count(username, target);
    if (counted === undefined) return false;
    db.transaction(() => {
      const now = ledger.writers.find(writer);
      // Its own update in the meantime has brought its own count.
      if (now?.id !== id || !equalTargets(now.target, target)) return;
      ledger.setCounted(now, { ...now, directBytes: counted.bytes, missing: counted.missing });
    });
    return true;
  }

  private async count(username: string, target: WriterRecord['target']): Promise<CountedTree | undefined> {
    try {
      return await this.options.counter.count(username, target);
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      // More than can be counted must not be free, nor keep the user from deleting it. Anything else is tried again the next time.
      return error.code === 'limit' ? { bytes: MAX_BYTES, missing: [] } : undefined;
    }
  }
}
