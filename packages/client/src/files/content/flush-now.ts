import type { PublicKeyHash } from '@pyrgos/core/keys';
import { ConflictError } from '@pyrgos/core/errors';
import { Snapshot } from '@pyrgos/core/model';
import type { OperationView } from '../view/index.js';

/**
 * Sends what the operation has committed so far, and lets it go on from what the server has then: with the changes of others, if it had to
 * merge. Must not run inside `withoutFlush`.
 */
export async function flushNow(operation: OperationView): Promise<void> {
  const { committer } = operation;
  await committer.flush();
  operation.advance(operation.snapshot.overwrite(committer.acknowledged));
}

/**
 * Lets an operation that has taken its time go on from what others have committed meanwhile: a link in a directory that they have changed,
 * too, would lose the race at the very end otherwise. Costs one request for each writer. Writers for which something is recorded and
 * not sent yet stay as they are. ConflictError `conflict.snapshot` when a writer has been deleted: its directories are gone, or somewhere
 * else.
 */
export async function catchUp(operation: OperationView, writers: readonly PublicKeyHash[]): Promise<void> {
  for (const writer of writers) {
    const { committer, snapshot } = operation;
    const version = snapshot.get(writer);
    const committed = committer.committedVersionOf(writer) ?? version;
    if (version === undefined || committed?.equals(version) !== true) continue;
    let others = Snapshot.empty();
    for (const other of snapshot.writers) {
      const known = snapshot.get(other);
      if (known !== undefined && !other.equals(writer)) others = others.withVersion(other, known);
    }
    operation.advance(others);
    await operation.include(writer);
    const now = operation.snapshot.get(writer);
    // Others of this session commit without a race, so nothing else compares what the operation relies upon with it.
    if (now?.equals(version) === false) await committer.assertReliable(writer, now);
    if (now !== undefined) continue;
    throw new ConflictError('conflict.snapshot', 'The writing space was deleted meanwhile: repeat the operation.', {
      writer: writer.toString(),
    });
  }
}

/** For what a callback or source has changed itself, or somebody else while it ran. */
export function changedMeanwhile(): ConflictError {
  return new ConflictError('conflict.snapshot', 'The file was changed meanwhile: repeat the operation.');
}
