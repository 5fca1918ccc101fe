import type { PublicKeyHash } from '@pyrgos/core/keys';
import { PyrgosError } from '@pyrgos/core/errors';
import { equalTargets, WriterData } from '@pyrgos/core/model';
import { MAX_REMEMBERED_SEARCHES, OWNED_KEYS_PER_TURN, OWNERSHIP_SEARCH_PAUSE_MS } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { ChildRegistration } from './child-registration.js';
import type { FairTurns } from './fair-turns.js';
import { type OwnedChildren, ReadBudget } from './owned-children.js';
import type { QuotaTable } from './quota-table.js';
import type { UsageLedger } from './usage-ledger.js';
import type { WriterRecord } from './writer-table.js';

/** What {@link OwnershipSearch} needs. */
export interface OwnershipSearchOptions {
  readonly db: SqlDatabase;
  readonly ledger: UsageLedger;
  readonly children: OwnedChildren;
  readonly turns: FairTurns;
  readonly local: LocalBlocks;
  readonly directory: UserDirectory;
  readonly quotas: QuotaTable;
  readonly clock: Clock;
}

/**
 * Looks for unknown writers in the ownership tree of a local user (chapter 03 section 1.4 rule 3). Normally there is nothing to find,
 * because children are registered together with the update that lists them; it helps when a list could not be read at that time.
 */
export class OwnershipSearch {
  private readonly running = new Map<string, Promise<void>>();
  /** When a search from an owner found nothing, oldest first. */
  private readonly fruitless = new Map<string, number>();

  private readonly registration: ChildRegistration;

  constructor(private readonly options: OwnershipSearchOptions) {
    this.registration = new ChildRegistration(options);
  }

  /** Registers what the tree of `owner` shows; does nothing for 60 s after a search that found nothing new. */
  async search(owner: PublicKeyHash): Promise<void> {
    const running = this.running.get(owner.key);
    if (running !== undefined) return running;
    const search = this.start(owner).finally(() => {
      this.running.delete(owner.key);
    });
    this.running.set(owner.key, search);
    return search;
  }

  /**
   * Reads the whole tree below an identity again and corrects what is recorded of it; the number of writers that were not known before.
   * `identity` must be registered.
   */
  async refresh(username: string, identity: PublicKeyHash): Promise<number> {
    const { ledger, turns } = this.options;
    const root = ledger.writers.find(identity);
    if (root === undefined) return 0;
    const before = ledger.writers.count(root.userId);
    const seen = new Set([root.id]);
    const pending = [root.id];
    const budget = new ReadBudget();
    for (let id = pending.shift(), n = 1; id !== undefined && !budget.isUsedUp; id = pending.shift(), n++) {
      // Many writers have no version, or one that is in memory.
      if (n % OWNED_KEYS_PER_TURN === 0) await turns.next(username);
      await this.readChildren(username, ledger.writers.get(id), budget);
      for (const child of ledger.owned.allChildren(id)) {
        if (seen.has(child)) continue;
        seen.add(child);
        pending.push(child);
      }
    }
    return ledger.writers.count(root.userId) - before;
  }

  private async start(owner: PublicKeyHash): Promise<void> {
    const { clock, db, directory, ledger, quotas } = this.options;
    const last = this.fruitless.get(owner.key);
    if (last !== undefined && clock.now() - last < OWNERSHIP_SEARCH_PAUSE_MS) return;
    const username = await directory.usernameOf(owner);
    if (username === undefined || (quotas.get(username) ?? 0) <= 0) return;
    const isNew = ledger.writers.find(owner) === undefined;
    db.transaction(() => ledger.registerIdentity(username, owner));
    const found = await this.refresh(username, owner);
    if (found === 0 && !isNew) this.remember(owner);
  }

  private remember(owner: PublicKeyHash): void {
    this.fruitless.delete(owner.key);
    this.fruitless.set(owner.key, this.options.clock.now());
    const oldest = this.fruitless.keys().next();
    if (this.fruitless.size > MAX_REMEMBERED_SEARCHES && oldest.done !== true) this.fruitless.delete(oldest.value);
  }

  private async readChildren(username: string, writer: WriterRecord, budget: ReadBudget): Promise<void> {
    const { children, ledger, local } = this.options;
    if (writer.target === undefined) return;
    let writerData: WriterData;
    try {
      const block = await local.get(username, writer.target);
      if (block === undefined) return;
      writerData = WriterData.decode(block);
    } catch (error) {
      // One unreadable writer must not hide the others.
      if (error instanceof PyrgosError) return;
      throw error;
    }
    const update = await children.update(username, writer.writer, writerData, { ownedRoot: undefined, isOwnedKnown: false }, budget);
    await this.registration.run({
      username,
      writer: writer.writer,
      update,
      // A pointer update in the meantime has brought its own children.
      isCurrent: (now) => equalTargets(now.target, writer.target),
      finish: (now, before) => {
        // A budget that was used up must not make what is known unknown.
        const isOwnedKnown = update.champ.kind === 'all' || (before.isOwnedKnown && equalTargets(before.ownedRoot, writerData.owned));
        const missing = ledger.writers.missingOf(now);
        ledger.setCounted(now, { ...now, missing, ownedRoot: writerData.owned, isOwnedKnown });
      },
    });
  }
}
