import { encodeChain, isNewUsername, mergeChains, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { equalBytes } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { ProofOfWork, PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockSource, PointerStore } from '@pyrgos/core/store';
import { MAX_FREE_CHAIN_LINKS, MAX_QUEUED_CHAIN_UPDATES } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { SpaceControl } from '../ports/space-control.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { ChainUpdateResult } from '../services.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { bootstrapPki, type PkiAlgorithms } from './bootstrap-pki.js';
import { ChainIndex, type PkiState } from './chain-index.js';
import { DifficultyGenerator } from './difficulty-generator.js';
import { localBlockSource } from '../ports/local-source.js';
import type { PkiFiles } from './pki-files.js';
import { PkiKey } from './pki-key.js';
import { BlockBatch, PKI_USERNAME, PkiWriter } from './pki-writer.js';
import { keyLookup, type OnDamagedChain, TreeIndexer } from './tree-index.js';
import { readTreeVersion, type TreeVersion } from './tree-version.js';
import { UsernameTree } from './username-tree.js';

/** What a {@link PkiNode} needs before the rest of the server is there. */
export interface PkiNodeOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly local: LocalBlocks;
  readonly files: PkiFiles;
  /** New names a day beyond which claims need a proof of work; 0: nobody can claim a name. */
  readonly maxDailySignups: number;
  /** Weaker ones are for tests. */
  readonly algorithms?: PkiAlgorithms;
  readonly onDamagedChain?: OnDamagedChain;
}

/** What {@link PkiNode.start} needs besides. */
export interface PkiNodeWiring {
  readonly pointers: PointerStore;
  readonly space: Pick<SpaceControl, 'registerUser'>;
  readonly ids: Pick<ServerIds, 'current'>;
}

/**
 * The authority for usernames: this server is the PKI node of its own network (chapter 05 section 17, chapter 08 section 7). The truth is
 * the signed username tree among the blocks of the user `peergos`; look-ups are answered from an index of it, in SQL (chain-index.ts).
 * Construct it, construct what needs a {@link UserDirectory}, then {@link PkiNode.start} it.
 */
export class PkiNode implements UserDirectory {
  private readonly index: ChainIndex;
  private readonly indexer: TreeIndexer;
  private readonly difficulty: DifficultyGenerator;
  private readonly key: PkiKey;
  private readonly lookup: BlockSource;
  private wiring: PkiNodeWiring | undefined;
  private tail: Promise<unknown> = Promise.resolve();
  private queued = 0;

  constructor(private readonly options: PkiNodeOptions) {
    const { db, crypto, clock, local, files, maxDailySignups, onDamagedChain } = options;
    this.index = new ChainIndex(db);
    this.indexer = new TreeIndexer({ crypto, local, index: this.index, onDamagedChain });
    this.difficulty = new DifficultyGenerator(clock, maxDailySignups);
    this.key = new PkiKey(crypto, files);
    this.lookup = localBlockSource(local, PKI_USERNAME);
  }

  /**
   * Creates the PKI at the first start, or finishes creating it. At later starts it compares one pointer, and reads the tree only when the index
   * shows another version: after a crash between the two, or after a restore. PyrgosError `storage` when the tree is not there.
   */
  async start(wiring: PkiNodeWiring): Promise<void> {
    if (this.index.state() === undefined) {
      const keys = await bootstrapPki({ ...this.options, ...wiring });
      this.index.reset(keys);
    }
    this.wiring = wiring;
    await this.enqueue(async () => this.readVersion());
    await this.options.db.durable();
  }

  /** Brings the look-ups up to date with the tree, after an update whose outcome is not known. */
  async refresh(): Promise<void> {
    await this.enqueue(async () => this.readVersion());
  }

  /** The identity of the user `peergos`; undefined before the first start. */
  get identity(): PublicKeyHash | undefined {
    return this.index.state()?.identity;
  }

  /** See {@link UserDirectory.identityOf}. */
  async identityOf(username: string): Promise<PublicKeyHash | undefined> {
    return this.index.identityOf(username);
  }

  /** See {@link UserDirectory.usernameOf}. */
  async usernameOf(identity: PublicKeyHash): Promise<string | undefined> {
    return this.index.usernameOf(identity);
  }

  /** See {@link UserDirectory.chainOf}. */
  async chainOf(username: string): Promise<readonly UserPublicKeyLink[]> {
    return this.index.chainOf(username);
  }

  /** All registered names, sorted; the same array until there is a new name. */
  async usernames(): Promise<readonly string[]> {
    return this.index.usernames();
  }

  /**
   * Checks the proof of work of an update, before anything else is done for it (chapter 05 section 17.2): undefined when it suffices, else
   * the difficulty it must have. Only new names and chains of more than MAX_FREE_CHAIN_LINKS need one; what passes counts as an event.
   */
  checkProof(username: string, links: readonly UserPublicKeyLink[], proof: ProofOfWork): number | undefined {
    const known = this.index.chainOf(username).length;
    if (known > 0 && known <= MAX_FREE_CHAIN_LINKS) return undefined;
    const difficulty = this.difficulty.current();
    if (!proof.check(this.options.crypto, encodeChain(links), difficulty)) return difficulty;
    this.difficulty.addEvent();
    return undefined;
  }

  /** Checks the proof of work, then does what {@link PkiNode.merge} does. */
  async updateChain(username: string, links: readonly UserPublicKeyLink[], proof: ProofOfWork): Promise<ChainUpdateResult> {
    this.checkName(username);
    const difficulty = this.checkProof(username, links, proof);
    if (difficulty !== undefined) return { accepted: false, difficulty };
    await this.merge(username, links);
    return { accepted: true };
  }

  /**
   * Merges links into the chain of a name, or claims the name with them (chapter 05 sections 16.5 and 17.2); durable when it resolves to the
   * new chain. One update at a time. `prepare` is called when the new chain is certain to be valid, before it is signed. DeniedError
   * `denied.chain` with the protocol's texts; PyrgosError `rate` when too many updates are waiting.
   */
  async merge(
    username: string,
    links: readonly UserPublicKeyLink[],
    prepare?: (chain: readonly UserPublicKeyLink[]) => Promise<void>,
  ): Promise<readonly UserPublicKeyLink[]> {
    this.checkName(username);
    // Once before the queue: what nobody could accept must not keep others waiting.
    await this.mergedChain(username, links);
    if (this.queued >= MAX_QUEUED_CHAIN_UPDATES) {
      // Clients take these words for "try again later" (chapter 02 section 2.4).
      throw new PyrgosError('rate', 'Queue full, please try again later.', { retry: 'safe' });
    }
    return this.enqueue(async () => this.mergeNow(username, links, prepare));
  }

  /** Lets running updates end and wipes the signing key. */
  async close(): Promise<void> {
    await this.tail;
    await this.key.close();
  }

  /** Older accounts break the rule for names, so it is for new ones only. */
  private checkName(username: string): void {
    if (!isNewUsername(username) && this.index.identityOf(username) === undefined) {
      throw new DeniedError('denied.chain', 'Invalid username');
    }
  }

  private async enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.queued++;
    const result = this.tail.then(work).finally(() => this.queued--);
    this.tail = result.catch(() => undefined);
    return result;
  }

  private async mergeNow(
    username: string,
    links: readonly UserPublicKeyLink[],
    prepare: ((chain: readonly UserPublicKeyLink[]) => Promise<void>) | undefined,
  ): Promise<readonly UserPublicKeyLink[]> {
    const { state, version } = await this.readVersion();
    const tree = new UsernameTree(this.options.crypto, this.lookup, state.identity);
    const block = await tree.get(version.root, username);
    const { existing, chain } = await this.mergedChain(username, links);
    // The chain of a name whose entry is damaged is unknown: nothing can be merged with it.
    if (block !== undefined && existing.length === 0) throw keyChangeDenied();
    if (equalBytes(encodeChain(chain), encodeChain(existing))) return chain;
    await prepare?.(chain);
    await this.commit(state, version, tree, { username, chain, expected: block });
    return chain;
  }

  /** The chain as it is, and as it would be. */
  private async mergedChain(
    username: string,
    links: readonly UserPublicKeyLink[],
  ): Promise<{ readonly existing: readonly UserPublicKeyLink[]; readonly chain: readonly UserPublicKeyLink[] }> {
    const { crypto, local } = this.options;
    const { identity } = this;
    if (identity === undefined) throw notStarted();
    const existing = this.index.chainOf(username);
    const chain = await mergeChains(crypto, existing, links, username, keyLookup(crypto, local, username, links.at(-1)?.owner ?? identity));
    // Everything in the tree hangs on this key.
    if (username === PKI_USERNAME && chain.at(-1)?.owner.equals(identity) !== true) throw keyChangeDenied();
    for (const { owner } of chain) {
      const holder = this.index.usernameOf(owner);
      if (holder !== undefined && holder !== username) {
        throw new DeniedError('denied.chain', 'Invalid key chain: the identity key belongs to another user!');
      }
    }
    return { existing, chain };
  }

  private async commit(
    state: PkiState,
    { pointer, writerData, root }: TreeVersion,
    tree: UsernameTree,
    entry: { readonly username: string; readonly chain: readonly UserPublicKeyLink[]; readonly expected: Cid | undefined },
  ): Promise<void> {
    const { db, crypto } = this.options;
    const { identity, pkiKey } = state;
    const { username, chain, expected } = entry;
    const batch = new BlockBatch(crypto);
    const next = await tree.put(root, username, expected, batch.putCbor(encodeChain(chain)), batch);
    const signer = await this.key.signer(pkiKey);
    const writer = new PkiWriter({ ...this.options, pointers: this.wired().pointers });
    try {
      const target = await writer.commit({ owner: identity, signer, current: pointer, writerData: writerData.with({ tree: next }), batch });
      this.index.record([{ username, chain }], { identity, pkiKey, shown: { target, root: next } });
      await db.durable();
    } catch (error) {
      // The pointer may have moved all the same, and then the look-ups are behind.
      await this.readVersion().catch(() => undefined);
      throw error;
    }
  }

  /** The current version of the tree; afterwards the index shows it. */
  private async readVersion(): Promise<{ readonly state: PkiState; readonly version: TreeVersion }> {
    const state = this.index.state();
    if (state === undefined) throw notStarted();
    const { identity, pkiKey } = state;
    const version = await readTreeVersion({ ...this.options, pointers: this.wired().pointers }, state);
    const shown = { target: version.target, root: version.root };
    if (state.shown?.target.equals(version.target) !== true) await this.indexer.show(state, shown);
    return { state: { identity, pkiKey, shown }, version };
  }

  private wired(): PkiNodeWiring {
    if (this.wiring === undefined) throw notStarted();
    return this.wiring;
  }
}

function keyChangeDenied(): DeniedError {
  return new DeniedError('denied.chain', 'User already exists: Invalid key change attempt!');
}

function notStarted(): PyrgosError {
  return new PyrgosError('internal', 'the PKI node was not started');
}
