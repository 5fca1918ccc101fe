import type { Cid } from '@pyrgos/core/codec';
import { ConflictError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';
import type { SealedChunk } from '@pyrgos/core/model';
import { TreeEdit } from '../../commit/index.js';
import type { OperationView } from '../view/index.js';
import { BlockStaging } from './block-staging.js';

/** What a map key is to become. */
interface Change {
  readonly mapKey: Uint8Array;
  /** What is known to be there; undefined for nothing. */
  readonly existing: Cid | undefined;
  /** Undefined: remove it, whatever it is. */
  readonly cid: Cid | undefined;
}

/** What a map key must stay. */
interface Reliance {
  readonly mapKey: Uint8Array;
  /** Undefined for nothing. */
  readonly existing: Cid | undefined;
}

interface WriterChanges {
  readonly signer: Signer;
  readonly changes: Change[];
  readonly relied: Reliance[];
}

/**
 * Chunks of one or several writers that change together (chapter 04 section 13.1). Blocks go into the write buffer of the operation at
 * once; the trees of the writers change in {@link ChunkChanges.commit}, all of them in one piece that no flush can split. Until then the
 * view of the operation shows what was there before.
 */
export class ChunkChanges {
  private readonly byWriter = new Map<string, WriterChanges>();

  /** With `staging` blocks go there instead. */
  constructor(
    private readonly operation: OperationView,
    private readonly staging: BlockStaging = new BlockStaging(operation),
  ) {}

  /** Number of changes that are not committed yet. */
  get size(): number {
    return [...this.byWriter.values()].reduce((sum, { changes }) => sum + changes.length, 0);
  }

  /**
   * Stores a chunk under its map key; returns the CID of its node. `existing` is the CID of the node that it replaces, undefined for a new
   * one: a difference is a ConflictError `conflict.champ` of the commit. ConflictError `conflict.snapshot` as in {@link requireReserved}.
   */
  put(signer: Signer, mapKey: Uint8Array, existing: Cid | undefined, { node, fragments }: SealedChunk): Cid {
    // Nothing is put for a change that cannot be noted.
    requireReserved(this.operation, signer.publicKeyHash);
    for (const { bytes } of fragments) this.staging.put(signer, bytes, true);
    const cid = this.staging.put(signer, node.encode(), false);
    this.note(signer, { mapKey, existing, cid });
    return cid;
  }

  /** Removes a chunk, whatever version of it is there; nothing happens when there is none. */
  remove(signer: Signer, mapKey: Uint8Array): void {
    this.note(signer, { mapKey, existing: undefined, cid: undefined });
  }

  /**
   * Notes that the changes make sense only as long as a chunk that they leave alone stays what it is: `existing`, undefined for nothing.
   * When somebody else changes it meanwhile, the commit is a ConflictError (chapter 04 section 23 rule 8).
   */
  rely(signer: Signer, mapKey: Uint8Array, existing: Cid | undefined): void {
    this.of(signer).relied.push({ mapKey, existing });
  }

  /** Forgets what was noted for a writer: it is going to be deleted as a whole. */
  discard(writer: PublicKeyHash): void {
    this.byWriter.delete(writer.key);
  }

  /**
   * Changes the trees of all writers and advances the view; afterwards there is nothing left to commit. ConflictError `conflict.champ`
   * when a chunk is not what it was believed to be; then nothing is changed.
   */
  async commit(): Promise<void> {
    const { committer, signal } = this.operation;
    throwIfAborted(signal, 'changing files');
    if (this.byWriter.size === 0) return;
    await this.staging.finish();
    await committer.withoutFlush(async () => {
      let { snapshot } = this.operation;
      for (const { signer, changes, relied } of this.byWriter.values()) {
        if (changes.length === 0) continue;
        const tree = TreeEdit.open(committer, snapshot, signer);
        for (const { mapKey, existing } of relied) await tree.rely(mapKey, existing);
        for (const { mapKey, existing, cid } of changes) if (cid !== undefined) await tree.put(mapKey, existing, cid);
        const removed = changes.filter(({ cid }) => cid === undefined).map(({ mapKey }) => mapKey);
        if (removed.length > 0) await tree.removeAll(removed);
        snapshot = await tree.commit(snapshot);
      }
      this.operation.advance(snapshot);
    });
    this.byWriter.clear();
  }

  private note(signer: Signer, change: Change): void {
    this.of(signer).changes.push(change);
  }

  private of(signer: Signer): WriterChanges {
    const { publicKeyHash } = signer;
    let known = this.byWriter.get(publicKeyHash.key);
    if (known === undefined) {
      requireReserved(this.operation, publicKeyHash);
      known = { signer, changes: [], relied: [] };
      this.byWriter.set(publicKeyHash.key, known);
    }
    return known;
  }
}

/**
 * Requires a writer that the operation has for itself: one that it was started with, or has created. ConflictError `conflict.snapshot`
 * otherwise: a writing space appeared after the operation had reserved all that there were (see `writingSpacesBelow`); repeat it.
 */
export function requireReserved(operation: OperationView, writer: PublicKeyHash): void {
  if (operation.snapshot.has(writer)) return;
  throw new ConflictError('conflict.snapshot', 'The operation has not reserved a writing space that it has to change: repeat it.', {
    writer: writer.toString(),
  });
}
