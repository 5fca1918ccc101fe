import { Cid } from '@pyrgos/core/codec';
import { ConflictError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { Champ, type CommittedWriterData, diffChamps, equalChampValues, mergeChamps, type WriterData } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSink, BlockSource } from '@pyrgos/core/store';

/**
 * Looks at what somebody else has committed, a version of `writer` that is on the server, and throws a ConflictError `conflict.merge` when our
 * change must not be merged with it.
 */
export type RemoteCheck = (writer: PublicKeyHash, remote: CommittedWriterData) => Promise<void>;

/** What a change relies upon without changing it: a map key that keeps its value, or something that only its author can tell. */
export type Reliance = Uint8Array | RemoteCheck;

/** The three versions of one writer that a merge looks at. */
export interface MergeInput {
  readonly writer: PublicKeyHash;
  /** What our change started from. */
  readonly base: CommittedWriterData;
  /** Our change. */
  readonly ours: CommittedWriterData;
  /** What somebody else committed meanwhile: read and verified, not taken from an error message. */
  readonly remote: CommittedWriterData;
  /** What our change relies upon without changing it; see {@link TreeEdit.rely} and {@link Committer.relyOn}. */
  readonly relied?: readonly Reliance[] | undefined;
}

function unmergeable(writer: PublicKeyHash, reason: string): ConflictError {
  return new ConflictError('conflict.merge', `concurrent changes of one writer cannot be merged: ${reason}`, {
    writer: writer.toString(),
    reason,
  });
}

/** The names of the fields besides the tree that we changed. */
function changedBesidesTree(ours: WriterData, base: WriterData): string[] {
  return ours.changedFields(base).filter((name) => name !== 'tree');
}

/**
 * Merges our change with somebody else's (chapter 03 section 12.2): the remote WriterData with the three-way merge of the filesystem
 * trees. New nodes go into `sink`; `source` must give back the blocks of all three versions, buffered ones included.
 *
 * ConflictError `conflict.merge` when one of the versions is a deletion or has no tree, when both sides changed the same key or they changed one
 * that we rely upon, when a {@link RemoteCheck} says so, or when we changed anything besides the tree: the protocol would silently drop that part of our change. AbortedError.
 */
export async function mergeWriterData(
  { writer, base, ours, remote, relied = [] }: MergeInput,
  source: BlockSource,
  sink: BlockSink,
  context: BlockReadContext,
): Promise<WriterData> {
  const [baseData, ourData, remoteData] = [base.writerData, ours.writerData, remote.writerData];
  if (ourData === undefined || remoteData === undefined) throw unmergeable(writer, 'the writer was deleted');
  if (baseData === undefined) throw unmergeable(writer, 'the writer exists already');
  const lost = changedBesidesTree(ourData, baseData);
  if (lost.length > 0) throw unmergeable(writer, `our change of ${lost.join(', ')} would be lost`);
  if (baseData.tree === undefined || ourData.tree === undefined || remoteData.tree === undefined) {
    throw unmergeable(writer, 'a version has no tree');
  }
  const keys = relied.filter((reliance) => typeof reliance !== 'function');
  const trees = { base: baseData.tree, ours: ourData.tree, remote: remoteData.tree, relied: keys };
  const merged = await mergeChamps(trees, source, context);
  // Condensed commits bring the checks of their operation once each.
  const checks = new Set(relied.filter((reliance) => typeof reliance === 'function'));
  for (const check of checks) await check(writer, remote);
  return remoteData.with({ tree: merged.flush(sink) });
}

/**
 * Whether the remote version is a later one than ours: it has everything that we changed, among it the link to a block that only we can
 * have put there. Then our update was applied, and somebody built upon it before we heard of it.
 *
 * `isOurs` says whether a block was made in this operation. A change that only removes keys proves nothing: the others may have removed
 * them as well. With `mayBeRewritten` (for an update that got no answer) other values than ours prove nothing against it unless they are still those of
 * `base`: then the remote version is as if they had been changed after ours.
 */
export async function isBuiltUpon(
  { base, ours, remote }: MergeInput,
  isOurs: (cid: Cid) => boolean,
  source: BlockSource,
  context: BlockReadContext,
  mayBeRewritten = false,
): Promise<boolean> {
  const [baseData, ourData, remoteData] = [base.writerData, ours.writerData, remote.writerData];
  if (baseData === undefined || ourData === undefined || remoteData?.tree === undefined) return false;
  const different = new Set(remoteData.changedFields(ourData));
  if (changedBesidesTree(ourData, baseData).some((name) => different.has(name))) return false;
  const remoteTree = Champ.open(remoteData.tree, source, context);
  let isProven = false;
  for await (const { key, left, right } of diffChamps(baseData.tree, ourData.tree, source, context)) {
    const now = await remoteTree.get(key);
    if (equalChampValues(now, right)) isProven ||= right instanceof Cid && isOurs(right);
    else if (!mayBeRewritten || equalChampValues(now, left)) return false;
  }
  return isProven;
}
