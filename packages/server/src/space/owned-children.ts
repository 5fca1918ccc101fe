import { equalBytes } from '@pyrgos/core/bytes';
import { Cid, type CborValue } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { LimitError, PyrgosError } from '@pyrgos/core/errors';
import { type KeyLookup, OwnerProof, type PublicKeyHash, resolveSigningKey } from '@pyrgos/core/keys';
import { Champ, diffChamps, equalTargets, ownedKeyChampKey, type WriterData } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSource } from '@pyrgos/core/store';
import type { LocalBlocks } from '../ports/local-blocks.js';
import { CONCURRENT_LARGE_COUNTS, MAX_OWNED_KEY_READS, MAX_WRITERS_PER_USER, OWNED_KEYS_PER_TURN, SMALL_OWNED_KEYS } from '../limits.js';
import type { FairTurns } from './fair-turns.js';
import { LargeCounts } from './large-counts.js';
import { localBlockSource } from '../ports/local-source.js';

/** How the owned-key CHAMP of a writer differs from what is known of it. */
type OwnedChange =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'difference'; readonly added: readonly PublicKeyHash[]; readonly removed: readonly PublicKeyHash[] }
  | { readonly kind: 'all'; readonly children: readonly PublicKeyHash[] }
  /** Nothing may be concluded about keys that were not found. */
  | { readonly kind: 'unreadable'; readonly found: readonly PublicKeyHash[] };

/** The verified direct children of a new version of a writer. */
export interface ChildrenUpdate {
  readonly champ: OwnedChange;
  /** All children of the map `named`. */
  readonly named: readonly PublicKeyHash[];
}

/** The children that a version adds, or has when it was read as a whole. */
export function listedBy({ champ, named }: ChildrenUpdate): readonly PublicKeyHash[] {
  return [...addedBy(champ), ...named];
}

function addedBy(champ: OwnedChange): readonly PublicKeyHash[] {
  if (champ.kind === 'difference') return champ.added;
  if (champ.kind === 'all') return champ.children;
  return champ.kind === 'unreadable' ? champ.found : [];
}

/** What is known of the children of the version before. */
export interface KnownChildren {
  readonly ownedRoot: Cid | undefined;
  readonly isOwnedKnown: boolean;
}

/** A deleted writer owns nothing. */
export const NO_CHILDREN: ChildrenUpdate = { champ: { kind: 'all', children: [] }, named: [] };

/** What {@link OwnedChildren} needs. */
export interface OwnedChildrenOptions {
  readonly crypto: CryptoProvider;
  readonly local: LocalBlocks;
  readonly turns: FairTurns;
}

/** How many blocks may be read: a hostile CHAMP may lead to the same node over and over again. */
export class ReadBudget {
  private reads = 0;

  constructor(private readonly maximum: number = MAX_OWNED_KEY_READS) {}

  /** Whether nothing more can be read. */
  get isUsedUp(): boolean {
    return this.reads >= this.maximum;
  }

  /** A source that throws a LimitError when the budget is used up. */
  limit(source: BlockSource): BlockSource {
    return {
      getBlock: async (cid, context) => {
        if (this.isUsedUp) throw new LimitError('blocks of owned keys', this.reads + 1, this.maximum);
        this.reads++;
        return source.getBlock(cid, context);
      },
    };
  }
}

/**
 * Finds the verified direct children of writers (chapter 03 section 1.3) with bounded work: from one version to the next it compares
 * CHAMPs. Stricter than a client in one point: an entry of the CHAMP counts only under the key that section 5.2 prescribes for it, so
 * that entries and children correspond one to one. A bad entry is passed over; its siblings stay usable.
 */
export class OwnedChildren {
  private readonly large = new LargeCounts(CONCURRENT_LARGE_COUNTS);

  constructor(private readonly options: OwnedChildrenOptions) {}

  /** The children of `writerData`, a version of `parent`, given what is known of the version before. */
  async update(
    username: string,
    parent: PublicKeyHash,
    writerData: WriterData,
    known: KnownChildren,
    budget: ReadBudget = new ReadBudget(),
  ): Promise<ChildrenUpdate> {
    const blocks = budget.limit(localBlockSource(this.options.local, username));
    const scan = new Scan(this.options, this.large, username, parent, blocks);
    try {
      return { champ: await scan.champ(writerData.owned, known), named: await scan.named(writerData.named) };
    } finally {
      scan.leave();
    }
  }
}

class Scan {
  private readonly lookup: KeyLookup;
  private checked = 0;
  /** Ends what {@link LargeCounts} let begin. */
  leave: () => void = () => undefined;

  constructor(
    private readonly options: OwnedChildrenOptions,
    private readonly large: LargeCounts,
    private readonly username: string,
    private readonly parent: PublicKeyHash,
    private readonly blocks: BlockSource,
  ) {
    this.lookup = { hasher: options.crypto, blocks, context: { owner: parent } };
  }

  private get context(): BlockReadContext {
    return { owner: this.parent };
  }

  async champ(root: Cid | undefined, known: KnownChildren): Promise<OwnedChange> {
    if (known.isOwnedKnown) {
      if (equalTargets(root, known.ownedRoot)) return { kind: 'unchanged' };
      const difference = await this.difference(known.ownedRoot, root);
      if (difference !== undefined) return difference;
    }
    return root === undefined ? { kind: 'all', children: [] } : this.list(root);
  }

  async named(proofs: ReadonlyMap<string, OwnerProof>): Promise<PublicKeyHash[]> {
    const children: PublicKeyHash[] = [];
    try {
      for (const proof of proofs.values()) if (await this.accepts(proof)) children.push(proof.ownedKey);
    } catch (error) {
      // The budget is used up, or the disk fails: what was found so far counts.
      if (!(error instanceof PyrgosError)) throw error;
    }
    return children;
  }

  /** Undefined when either tree cannot be read completely. */
  private async difference(before: Cid | undefined, after: Cid | undefined): Promise<OwnedChange | undefined> {
    const added: PublicKeyHash[] = [];
    const removed: PublicKeyHash[] = [];
    try {
      for await (const { key, left, right } of diffChamps(before, after, this.blocks, this.context)) {
        if (added.length + removed.length >= 2 * MAX_WRITERS_PER_USER) return undefined;
        const old = await this.child(key, left);
        const child = await this.child(key, right);
        // The same key under another proof is no change.
        if (old !== undefined && !old.equals(child)) removed.push(old);
        if (child !== undefined) added.push(child);
      }
    } catch (error) {
      if (error instanceof PyrgosError) return undefined;
      throw error;
    }
    return { kind: 'difference', added, removed };
  }

  private async list(root: Cid): Promise<OwnedChange> {
    const children: PublicKeyHash[] = [];
    try {
      for await (const { key, value } of Champ.open(root, this.blocks, this.context).entries()) {
        const child = await this.child(key, value);
        if (child !== undefined) children.push(child);
        if (children.length >= MAX_WRITERS_PER_USER) return { kind: 'unreadable', found: children };
      }
    } catch (error) {
      if (error instanceof PyrgosError) return { kind: 'unreadable', found: children };
      throw error;
    }
    return { kind: 'all', children };
  }

  /** The child that an entry of the CHAMP proves, or undefined. Only a used-up budget is an error. */
  private async child(key: Uint8Array, value: CborValue | undefined): Promise<PublicKeyHash | undefined> {
    if (!(value instanceof Cid)) return undefined;
    let proof: OwnerProof;
    try {
      proof = OwnerProof.decode(await this.blocks.getBlock(value, this.context));
    } catch (error) {
      return notOne(error);
    }
    if (!equalBytes(ownedKeyChampKey(proof.ownedKey), key)) return undefined;
    return (await this.accepts(proof)) ? proof.ownedKey : undefined;
  }

  private async accepts(proof: OwnerProof): Promise<boolean> {
    if (++this.checked % OWNED_KEYS_PER_TURN === 0) await this.options.turns.next(this.username);
    if (this.checked === SMALL_OWNED_KEYS) this.leave = await this.large.enter(this.username);
    try {
      const key = await resolveSigningKey(proof.ownedKey, this.lookup);
      return proof.open(this.options.crypto, key).equals(this.parent);
    } catch (error) {
      notOne(error);
      return false;
    }
  }
}

/** An entry that is damaged, missing or forged is no child; a used-up budget and a bug go on. */
function notOne(error: unknown): undefined {
  if (error instanceof PyrgosError && error.code !== 'limit' && error.code !== 'storage') return undefined;
  throw error;
}
