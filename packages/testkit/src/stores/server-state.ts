import type { Cid } from '@pyrgos/core/codec';
import type { PublicKeyHash } from '@pyrgos/core/keys';

/** A block under its CID. */
export interface StoredBlock {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** Blocks that were uploaded in one open transaction. */
export interface OpenTransaction {
  /** Time of the last upload, ms since the epoch. */
  time: number;
  readonly cids: Map<string, Cid>;
}

function copyNested<V>(map: ReadonlyMap<string, ReadonlyMap<string, V>>, copy: (value: V) => V): Map<string, Map<string, V>> {
  return new Map([...map].map(([key, inner]) => [key, new Map([...inner].map(([innerKey, value]) => [innerKey, copy(value)]))]));
}

/** Everything a memory server knows. All keys are `PublicKeyHash.key` and `Cid.key`. */
export class ServerState {
  constructor(
    /** owner → CID → block. */
    readonly blocks: Map<string, Map<string, StoredBlock>> = new Map(),
    /** writer → last accepted signed update. */
    readonly pointers: Map<string, Uint8Array> = new Map(),
    /** owner → transaction id → its blocks. */
    readonly transactions: Map<string, Map<string, OpenTransaction>> = new Map(),
    /** writer → the writer and the identity it belongs to. */
    readonly writers: Map<string, { readonly writer: PublicKeyHash; readonly owner: PublicKeyHash }> = new Map(),
    /** Writers that the operator banned. */
    readonly banned: Set<string> = new Set(),
    /** owner → time of the last fruitless search through its ownership tree. */
    readonly fruitlessSearches: Map<string, number> = new Map(),
    public nextTransaction: number = 1,
  ) {}

  /** An independent copy; blocks and signed updates are immutable and shared. */
  clone(): ServerState {
    return new ServerState(
      copyNested(this.blocks, (block) => block),
      new Map(this.pointers),
      copyNested(this.transactions, ({ time, cids }) => ({ time, cids: new Map(cids) })),
      new Map(this.writers),
      new Set(this.banned),
      new Map(this.fruitlessSearches),
      this.nextTransaction,
    );
  }

  /** A block of an owner, or undefined. */
  block(owner: PublicKeyHash, cid: Cid): Uint8Array | undefined {
    return this.blocks.get(owner.key)?.get(cid.key)?.bytes;
  }

  /** Stores a block of an owner. */
  putBlock(owner: PublicKeyHash, block: StoredBlock): void {
    const blocks = this.blocks.get(owner.key) ?? new Map<string, StoredBlock>();
    blocks.set(block.cid.key, block);
    this.blocks.set(owner.key, blocks);
  }
}
