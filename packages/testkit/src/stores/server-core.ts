import { decodeCbor, type Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { KeyLookup, PublicKeyHash } from '@pyrgos/core/keys';
import { directOwnedKeys, PointerUpdate, walkOwnedWriters, WriterData } from '@pyrgos/core/model';
import type { BlockSource } from '@pyrgos/core/store';
import type { ServerState } from './server-state.js';

/** What a memory server is about to do or has done. `commitPointers` comes between the validation and the storing of updates. */
export interface ServerOperation {
  readonly name:
    | 'getBlock'
    | 'putBlocks'
    | 'startTransaction'
    | 'closeTransaction'
    | 'lookUpChamp'
    | 'getPointer'
    | 'setPointer'
    | 'setPointers'
    | 'commitPointers';
  readonly owner: PublicKeyHash;
  /** The writers concerned, if any. */
  readonly writers?: readonly PublicKeyHash[];
  /** The blocks concerned, if any. */
  readonly cids?: readonly Cid[];
}

/** Where tests get in: a hook that throws makes the operation fail. */
export interface ServerHooks {
  /** Runs before anything happens: throw for a request that never arrives. */
  before?: ((operation: ServerOperation) => void | Promise<void>) | undefined;
  /** Runs when the effect is durable: throw for a reply that gets lost. */
  after?: ((operation: ServerOperation) => void | Promise<void>) | undefined;
}

/** How long a fruitless search for an unknown writer is not repeated (chapter 03 section 1.4). */
const SEARCH_PAUSE_MS = 60_000;

/** The state of a memory server and the rules that its block and its pointer side share (chapter 03 section 1.4). */
export class ServerCore {
  readonly hooks: ServerHooks = {};
  /** How often each operation was asked for. */
  readonly counts: Map<ServerOperation['name'], number> = new Map();
  /** Errors of the registration after accepted updates; they do not fail the update. */
  readonly registrationErrors: unknown[] = [];

  constructor(
    readonly crypto: CryptoProvider,
    public state: ServerState,
    readonly now: () => number,
    readonly checksBats: boolean,
  ) {}

  /** Counts, runs the hooks around `effect` and returns its result. */
  async run<T>(operation: ServerOperation, effect: () => Promise<T>): Promise<T> {
    this.counts.set(operation.name, (this.counts.get(operation.name) ?? 0) + 1);
    await this.hooks.before?.(operation);
    const result = await effect();
    await this.hooks.after?.(operation);
    return result;
  }

  /** The blocks of an owner without access checks: the server reads for itself. */
  localBlocks(owner: PublicKeyHash): BlockSource {
    return {
      getBlock: async (cid) => {
        const bytes = this.state.block(owner, cid);
        if (bytes === undefined) throw new NotFoundError('not-found.block', `block ${cid.toString()} is not stored here`);
        return bytes;
      },
    };
  }

  /** Resolves keys among the blocks of an owner. */
  lookup(owner: PublicKeyHash): KeyLookup {
    return { hasher: this.crypto, blocks: this.localBlocks(owner), context: { owner } };
  }

  /** The current WriterData of a writer; the stored pointer was verified when it was taken. */
  async readWriterData(owner: PublicKeyHash, writer: PublicKeyHash): Promise<WriterData | undefined> {
    const signed = this.state.pointers.get(writer.key);
    const target = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
    const block = target === undefined ? undefined : this.state.block(owner, target);
    return block === undefined ? undefined : WriterData.fromCbor(decodeCbor(block));
  }

  /** Ties a writer to an identity. */
  register(owner: PublicKeyHash, writer: PublicKeyHash): void {
    this.state.writers.set(writer.key, { writer, owner });
  }

  /** After an accepted update of a known writer: registers its verified children. Never fails. */
  async registerChildren(owner: PublicKeyHash, writer: PublicKeyHash): Promise<void> {
    const known = this.state.writers.get(writer.key);
    if (known === undefined) return;
    try {
      const writerData = await this.readWriterData(owner, writer);
      if (writerData === undefined) return;
      for await (const child of directOwnedKeys(this.crypto, writer, writerData, this.lookup(owner))) this.register(known.owner, child);
    } catch (error) {
      this.registrationErrors.push(error);
    }
  }

  /**
   * Refuses writers that are unknown or belong to another identity, after a search through the owner's tree (section 1.4 rule 3).
   * DeniedError `denied.block`.
   */
  async requireKnownWriter(owner: PublicKeyHash, writer: PublicKeyHash): Promise<void> {
    const isKnown = (): boolean => this.state.writers.get(writer.key)?.owner.equals(owner) === true;
    if (isKnown()) return;
    await this.searchOwnedWriters(owner);
    if (isKnown()) return;
    throw new DeniedError('denied.block', 'Unknown writer on this server!', { writer: writer.toString() });
  }

  private async searchOwnedWriters(owner: PublicKeyHash): Promise<void> {
    if (!this.state.writers.has(owner.key)) return;
    const last = this.state.fruitlessSearches.get(owner.key);
    if (last !== undefined && this.now() - last < SEARCH_PAUSE_MS) return;
    let found = false;
    try {
      const walk = walkOwnedWriters(this.crypto, owner, {
        readWriterData: (writer) => this.readWriterData(owner, writer),
        lookup: this.lookup(owner),
      });
      for await (const { writer } of walk) {
        found ||= !this.state.writers.has(writer.key);
        this.register(owner, writer);
      }
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      this.registrationErrors.push(error);
    }
    if (!found) this.state.fruitlessSearches.set(owner.key, this.now());
  }
}
