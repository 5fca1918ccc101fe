import { assertInstance, assertList } from '@pyrgos/core/arguments';
import { assertBytes } from '@pyrgos/core/bytes';
import { Cid } from '@pyrgos/core/codec';
import { ArgumentError, ConflictError, FormatError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import { Champ, type CommittedWriterData, equalTargets, MAP_KEY_SIZE, Snapshot } from '@pyrgos/core/model';
import { assertSigner } from './checks.js';
import { assertCommitter, type Committer } from './committer.js';
import { writerDataOf } from './writer-lifecycle.js';

/**
 * The filesystem CHAMP of one writer (chapter 03 section 7), open for many edits: each changed node is encoded and hashed once, when
 * {@link TreeEdit.commit} is called, not once per edit.
 */
export class TreeEdit {
  private readonly relied: Uint8Array[] = [];
  private isChanged = false;
  private isCommitted = false;

  private constructor(
    private readonly committer: Committer,
    private readonly signer: Signer,
    /** The version that was opened. */
    private readonly base: CommittedWriterData | undefined,
    private champ: Champ,
  ) {}

  /** Opens the tree of `signer`'s writer in `snapshot`; a writer without tree starts with an empty one. */
  static open(committer: Committer, snapshot: Snapshot, signer: Signer): TreeEdit {
    assertCommitter(committer);
    assertSigner('signer', signer);
    const { tree } = writerDataOf(snapshot, signer.publicKeyHash);
    const { blocks, context, trees } = committer;
    const champ = tree === undefined ? Champ.empty(blocks, context) : trees.take(tree);
    return new TreeEdit(committer, signer, snapshot.get(signer.publicKeyHash), champ);
  }

  /** The CID stored for a map key, or undefined. */
  async get(mapKey: Uint8Array): Promise<Cid | undefined> {
    assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    const value = await this.champ.get(mapKey);
    if (value === undefined || value instanceof Cid) return value;
    throw new FormatError('format.champ', 'WriterData.tree', 'must hold links');
  }

  /**
   * Maps a key to a block that is buffered in this operation or reachable from a current pointer. `existing` is what the caller knows to
   * be stored, undefined for nothing; a difference is a ConflictError `conflict.champ`.
   */
  async put(mapKey: Uint8Array, existing: Cid | undefined, value: Cid): Promise<void> {
    if (!(value instanceof Cid)) throw new ArgumentError('value', 'must be a Cid');
    // The CHAMP itself does not compare when the key is absent (section 4.6).
    if (existing !== undefined) await this.expect(mapKey, existing);
    else assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    await this.champ.put(mapKey, existing, value);
    this.isChanged = true;
  }

  /** Buffers a dag-cbor block and maps a key to it; returns its CID. Otherwise like {@link TreeEdit.put}. */
  async putBlock(mapKey: Uint8Array, existing: Cid | undefined, block: Uint8Array): Promise<Cid> {
    const cid = this.committer.blocks.putCbor(this.signer.publicKeyHash, block);
    await this.put(mapKey, existing, cid);
    return cid;
  }

  /** Removes a key whose value is `existing`; ConflictError `conflict.champ` when it has another or none. */
  async remove(mapKey: Uint8Array, existing: Cid): Promise<void> {
    if (!(existing instanceof Cid)) throw new ArgumentError('existing', 'must be a Cid');
    await this.expect(mapKey, existing);
    await this.champ.remove(mapKey, existing);
    this.isChanged = true;
  }

  /** Removes many keys, whatever their values; absent ones are ignored. */
  async removeAll(mapKeys: readonly Uint8Array[]): Promise<void> {
    assertList('mapKeys', mapKeys);
    for (const mapKey of mapKeys) assertBytes('mapKeys', mapKey, MAP_KEY_SIZE);
    await this.champ.removeAll(mapKeys);
    this.isChanged = true;
  }

  /**
   * Notes that this edit makes sense only as long as a key that it does not change keeps its value: `existing`, undefined for nothing. A
   * difference is a ConflictError `conflict.champ` now, and `conflict.merge` of the commit when somebody else has changed it by then.
   */
  async rely(mapKey: Uint8Array, existing: Cid | undefined): Promise<void> {
    await this.expect(mapKey, existing);
    this.relied.push(mapKey);
  }

  /**
   * Commits the edited tree on top of `snapshot`, once. ConflictError `conflict.snapshot` when `snapshot` holds another version of the
   * writer than the one that was opened, or when the edit was committed before: the changes in between would be undone.
   */
  async commit(snapshot: Snapshot): Promise<Snapshot> {
    assertInstance('snapshot', snapshot, Snapshot);
    if (!this.isChanged) return snapshot;
    const { publicKeyHash } = this.signer;
    if (this.isCommitted || snapshot.get(publicKeyHash)?.equals(this.base) !== true) {
      throw new ConflictError('conflict.snapshot', 'the tree was opened at another version of the writer than this one', {
        writer: publicKeyHash.toString(),
      });
    }
    this.isCommitted = true;
    const { blocks, context, trees } = this.committer;
    const tree = this.champ.flush(blocks.sinkFor(publicKeyHash));
    // The next edit goes on with what is decoded; this one can be asked still, and changes nothing of it.
    trees.give(this.champ);
    this.champ = Champ.open(tree, blocks, context);
    return this.committer.commit(snapshot, this.signer, writerDataOf(snapshot, publicKeyHash).with({ tree }), this.relied);
  }

  private async expect(mapKey: Uint8Array, existing: Cid | undefined): Promise<void> {
    const current = await this.get(mapKey);
    if (equalTargets(current, existing)) return;
    const data = { existing: current?.toString() ?? 'absent', claimed: existing?.toString() ?? 'absent' };
    throw new ConflictError('conflict.champ', `the map key holds another value than expected: ${data.existing}`, data);
  }
}
