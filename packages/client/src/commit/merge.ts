import { ConflictError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type CommittedWriterData, mergeChamps, type WriterData } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSink, BlockSource } from '@pyrgos/core/store';

/** The three versions of one writer that a merge looks at. */
export interface MergeInput {
  readonly writer: PublicKeyHash;
  /** What our change started from. */
  readonly base: CommittedWriterData;
  /** Our change. */
  readonly ours: CommittedWriterData;
  /** What somebody else committed meanwhile: read and verified, not taken from an error message. */
  readonly remote: CommittedWriterData;
}

function unmergeable(writer: PublicKeyHash, reason: string): ConflictError {
  return new ConflictError('conflict.merge', `concurrent changes of one writer cannot be merged: ${reason}`, {
    writer: writer.toString(),
    reason,
  });
}

/**
 * Merges our change with somebody else's (chapter 03 section 12.2): the remote WriterData with the three-way merge of the filesystem
 * trees. New nodes go into `sink`; `source` must give back the blocks of all three versions, buffered ones included.
 *
 * ConflictError `conflict.merge` when one of the versions is a deletion or has no tree, when both sides changed the same key, or when we
 * changed anything besides the tree: the protocol would silently drop that part of our change.
 */
export async function mergeWriterData(
  { writer, base, ours, remote }: MergeInput,
  source: BlockSource,
  sink: BlockSink,
  context: BlockReadContext,
): Promise<WriterData> {
  const [baseData, ourData, remoteData] = [base.writerData, ours.writerData, remote.writerData];
  if (ourData === undefined || remoteData === undefined) throw unmergeable(writer, 'the writer was deleted');
  if (baseData === undefined) throw unmergeable(writer, 'the writer exists already');
  const lost = ourData.changedFields(baseData).filter((name) => name !== 'tree');
  if (lost.length > 0) throw unmergeable(writer, `our change of ${lost.join(', ')} would be lost`);
  if (baseData.tree === undefined || ourData.tree === undefined || remoteData.tree === undefined) {
    throw unmergeable(writer, 'a version has no tree');
  }
  const merged = await mergeChamps({ base: baseData.tree, ours: ourData.tree, remote: remoteData.tree }, source, context);
  return remoteData.with({ tree: merged.flush(sink) });
}
