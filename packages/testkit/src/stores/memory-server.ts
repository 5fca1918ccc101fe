import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { PointerUpdate, reachableBlocks } from '@pyrgos/core/model';
import { MemoryBlockStore } from './memory-block-store.js';
import { MemoryPointerStore } from './memory-pointer-store.js';
import { ServerCore, type ServerHooks, type ServerOperation } from './server-core.js';
import { ServerState } from './server-state.js';

/** Transactions protect blocks for at most this long (chapter 03 section 9.2). */
const TRANSACTION_LIFE_MS = 24 * 60 * 60 * 1000;

/** What can be chosen for a {@link MemoryServer}. */
export interface MemoryServerOptions {
  /** ms since the epoch; default the real clock. */
  readonly now?: () => number;
  /** Whether gated blocks need their BAT; default true. */
  readonly checksBats?: boolean;
}

/**
 * An honest server in memory: a block store and a pointer store over one state, with all rules of chapter 03 that a client can
 * notice. Hooks inject failures, counters count requests, `saveState` and `clone` fork the world.
 */
export class MemoryServer {
  readonly blocks: MemoryBlockStore;
  readonly pointers: MemoryPointerStore;
  private readonly core: ServerCore;

  constructor(
    readonly crypto: CryptoProvider,
    private readonly options: MemoryServerOptions = {},
  ) {
    this.core = new ServerCore(crypto, new ServerState(), options.now ?? Date.now, options.checksBats ?? true);
    this.blocks = new MemoryBlockStore(this.core);
    this.pointers = new MemoryPointerStore(this.core);
  }

  /** Failure injection; set and unset the members as the test goes on. */
  get hooks(): ServerHooks {
    return this.core.hooks;
  }

  /** Errors of the writer registration that followed accepted updates. */
  get registrationErrors(): readonly unknown[] {
    return this.core.registrationErrors;
  }

  /** Whether blocks are read with BATs only. */
  get checksBats(): boolean {
    return this.core.checksBats;
  }

  /** How often an operation was asked for, failed attempts included. */
  count(name: ServerOperation['name']): number {
    return this.core.counts.get(name) ?? 0;
  }

  /** Makes an identity a user of this server: from now on it may upload. */
  registerIdentity(identity: PublicKeyHash): void {
    this.core.register(identity, identity);
  }

  /** Whether a writer may upload, without a search. */
  isKnownWriter(writer: PublicKeyHash): boolean {
    return this.core.state.writers.has(writer.key);
  }

  /** Bans a writer's pointer. */
  ban(writer: PublicKeyHash): void {
    this.core.state.banned.add(writer.key);
  }

  /** Whether a block is stored; no access check, not counted. */
  hasBlock(owner: PublicKeyHash, cid: Cid): boolean {
    return this.core.state.block(owner, cid) !== undefined;
  }

  /** Number of stored blocks of an owner. */
  blockCount(owner: PublicKeyHash): number {
    return this.core.state.blocks.get(owner.key)?.size ?? 0;
  }

  /** The CIDs that open transactions of an owner protect. */
  openBlocks(owner: PublicKeyHash): Cid[] {
    const open = [...(this.core.state.transactions.get(owner.key)?.values() ?? [])];
    return [...new Map(open.flatMap(({ cids }) => [...cids])).values()];
  }

  /** Collects garbage of one owner (chapter 03 section 9.3); returns the number of deleted blocks. */
  async collectGarbage(owner: PublicKeyHash): Promise<number> {
    const { state } = this.core;
    const stored = [...(state.blocks.get(owner.key)?.keys() ?? [])];
    const transactions = state.transactions.get(owner.key);
    for (const [id, { time }] of transactions ?? []) {
      if (this.core.now() - time > TRANSACTION_LIFE_MS) transactions?.delete(id);
    }
    const keep = new Set(this.openBlocks(owner).map(({ key }) => key));
    const roots: Cid[] = [];
    for (const { writer, owner: ofWriter } of state.writers.values()) {
      const signed = ofWriter.equals(owner) ? state.pointers.get(writer.key) : undefined;
      const target = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
      if (target !== undefined) roots.push(target);
    }
    // Test data may link to blocks that were never uploaded.
    const walk = reachableBlocks(roots, this.core.localBlocks(owner), { owner }, { onMissing: 'skip' });
    for await (const { key } of walk) keep.add(key);
    const garbage = stored.filter((key) => !keep.has(key));
    for (const key of garbage) state.blocks.get(owner.key)?.delete(key);
    return garbage.length;
  }

  /** A copy of everything stored, for {@link MemoryServer.restoreState}. */
  saveState(): ServerState {
    return this.core.state.clone();
  }

  /** Goes back to a saved state: a crash, or a server that was rolled back. */
  restoreState(state: ServerState): void {
    this.core.state = state.clone();
  }

  /** An independent server with the same contents, without hooks and with fresh counters. */
  clone(): MemoryServer {
    const copy = new MemoryServer(this.crypto, this.options);
    copy.restoreState(this.core.state);
    return copy;
  }
}
