import { assertInstance } from '@pyrgos/core/arguments';
import { ArgumentError, ConflictError, NotFoundError } from '@pyrgos/core/errors';
import { OwnerProof, PublicKeyHash, type Signer } from '@pyrgos/core/keys';
import { OwnedKeys, Snapshot, WriterData } from '@pyrgos/core/model';
import { assertSigner } from './checks.js';
import { assertCommitter, type Committer } from './committer.js';

/** The WriterData of a writer in a snapshot; NotFoundError `not-found.pointer` when it has none. */
export function writerDataOf(snapshot: Snapshot, writer: PublicKeyHash): WriterData {
  assertInstance('snapshot', snapshot, Snapshot);
  assertInstance('writer', writer, PublicKeyHash);
  const writerData = snapshot.get(writer)?.writerData;
  if (writerData === undefined) {
    throw new NotFoundError('not-found.pointer', 'the writer has no current version', { writer: writer.toString() });
  }
  return writerData;
}

/** ConflictError `conflict.pointer` when a writer that is to be created exists in `snapshot`: its data would be lost. */
export function assertNotCreated(snapshot: Snapshot, writer: PublicKeyHash): void {
  if (snapshot.get(writer)?.hash === undefined) return;
  throw new ConflictError('conflict.pointer', 'the writer has a version already', { writer: writer.toString() });
}

/** Buffers the blocks of a new writer's first version: nothing in it but an empty owned-key CHAMP (chapter 03 section 3.1). */
export function initialWriterData(committer: Committer, writer: PublicKeyHash): WriterData {
  const owned = OwnedKeys.empty(committer.blocks, committer.context).flush(committer.blocks.sinkFor(writer));
  return WriterData.of(writer, { owned });
}

/**
 * Creates the writer of `child` under `parent` (chapter 03 section 14.1): the parent's owned keys list it with its proof, then it gets its
 * first version. What the operation commits to the parent afterwards is sent after the child, so that nothing links to a writer that is
 * not there yet.
 *
 * A creation that was cut off after the first step may be repeated with the same keys. ConflictError `conflict.pointer` when the child
 * exists, `conflict.champ` when the parent lists it with another proof.
 */
export async function createChildWriter(committer: Committer, snapshot: Snapshot, parent: Signer, child: Signer): Promise<Snapshot> {
  assertCommitter(committer);
  assertInstance('snapshot', snapshot, Snapshot);
  assertSigner('parent', parent);
  assertSigner('child', child);
  const parentHash = parent.publicKeyHash;
  if (parentHash.equals(child.publicKeyHash)) throw new ArgumentError('child', 'must be another key than the parent');
  const parentData = writerDataOf(snapshot, parentHash);
  assertNotCreated(snapshot, child.publicKeyHash);
  const owned = OwnedKeys.open(parentData.owned, committer.blocks, committer.context);
  // Signatures are deterministic: the proof of an earlier attempt is this one.
  const proof = OwnerProof.create(committer.crypto, child, parentHash);
  const isListed = proof.equals(await owned.get(child.publicKeyHash));
  // Both commits or none belong to one flush: a flush in between is correct but leaves a listed writer without a pointer.
  return committer.withoutFlush(async () => {
    let next = snapshot;
    if (!isListed) {
      const sink = committer.blocks.sinkFor(parentHash);
      await owned.add(proof, sink);
      next = await committer.commit(snapshot, parent, parentData.with({ owned: owned.flush(sink) }));
    }
    return committer.commit(next, child, initialWriterData(committer, child.publicKeyHash));
  });
}

/** Takes a writer out of the parent's owned keys (chapter 03 section 14.3). Nothing is committed when it was not listed. */
export async function delistWriter(committer: Committer, snapshot: Snapshot, parent: Signer, child: PublicKeyHash): Promise<Snapshot> {
  assertCommitter(committer);
  assertSigner('parent', parent);
  assertInstance('child', child, PublicKeyHash);
  const parentData = writerDataOf(snapshot, parent.publicKeyHash);
  const owned = OwnedKeys.open(parentData.owned, committer.blocks, committer.context);
  if (!(await owned.remove(child))) return snapshot;
  const root = owned.flush(committer.blocks.sinkFor(parent.publicKeyHash));
  return committer.commit(snapshot, parent, parentData.with({ owned: root }));
}

/**
 * Deletes the writer of `child` (chapter 03 section 14.4, the pointer part): the parent no longer lists it and its pointer becomes
 * EMPTY, in one atomic commit. Its chunks have been removed before; `snapshot` holds both writers. A child that is deleted already is
 * only de-listed. When both are the same writer there is nothing to do.
 */
export async function deleteSubspace(committer: Committer, snapshot: Snapshot, parent: Signer, child: Signer): Promise<Snapshot> {
  assertCommitter(committer);
  assertInstance('snapshot', snapshot, Snapshot);
  assertSigner('parent', parent);
  assertSigner('child', child);
  if (parent.publicKeyHash.equals(child.publicKeyHash)) return snapshot;
  if (!snapshot.has(child.publicKeyHash)) throw new ArgumentError('snapshot', 'must hold the version of the child');
  return committer.withoutFlush(async () => {
    const delisted = await delistWriter(committer, snapshot, parent, child.publicKeyHash);
    return committer.delete(delisted, child);
  });
}
