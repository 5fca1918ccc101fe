import type { Cid } from '@pyrgos/core/codec';
import { ArgumentError, ConflictError } from '@pyrgos/core/errors';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';
import { CommittedWriterData, equalTargets, type MaybeCid, nextSequence, type WriterData } from '@pyrgos/core/model';
import { assertSigner } from './checks.js';
import type { Reliance } from './merge.js';

/** A pointer write that is not sent yet. */
export interface RecordedUpdate {
  readonly signer: Signer;
  /** The version that the update replaces. */
  readonly base: CommittedWriterData;
  /** The version after it. */
  readonly version: CommittedWriterData;
  /** What must be, in what it is merged with, as it was in `base`. */
  readonly relied: readonly Reliance[];
}

/** The writer of an update. */
export function writerOf(update: RecordedUpdate): PublicKeyHash {
  return update.signer.publicKeyHash;
}

/** Whether the update gives a writer its first (or, after a deletion, a new) target. */
export function createsWriter(update: RecordedUpdate): boolean {
  return update.base.hash === undefined;
}

/**
 * The write buffer for pointers (chapter 03 section 11.4): an ordered list of updates, condensed so that a flush takes one step per
 * writer.
 *
 * One exception: an update recorded after a writer was created is not folded into an earlier entry that stands before the creation. The
 * entry before it authorises the new writer and must be sent first, but the later change may link to what the new writer holds, and must
 * be sent last: authorise, then create, then link (section 11.6 rule 4). The writer then has two entries with consecutive sequences.
 */
export class PointerBuffer {
  private readonly updates: RecordedUpdate[] = [];
  private readonly replacedTargets: Cid[] = [];

  /** The recorded updates in sending order. */
  get list(): readonly RecordedUpdate[] {
    return this.updates;
  }

  /** The targets of versions that were recorded and then condensed away: intermediate results, which will not be sent. */
  get replaced(): readonly Cid[] {
    return this.replacedTargets;
  }

  /** The version that this buffer gives a writer, or undefined when nothing is recorded for it. */
  versionOf(writer: PublicKeyHash): CommittedWriterData | undefined {
    return this.updates.findLast((update) => writerOf(update).equals(writer))?.version;
  }

  /** The version of a writer before anything that is recorded here: the last committed one. */
  committedVersionOf(writer: PublicKeyHash): CommittedWriterData | undefined {
    return this.updates.find((update) => writerOf(update).equals(writer))?.base;
  }

  /**
   * Records that `signer`'s writer moves from `base` to the WriterData block `hash` (both undefined: deleted) and returns the resulting
   * version. Nothing changes when `hash` is the target of `base` already. ConflictError `conflict.snapshot` when `base` is not the
   * version that this buffer holds for the writer: recording it would silently undo the earlier write.
   */
  record(
    signer: Signer,
    base: CommittedWriterData,
    hash: MaybeCid,
    writerData: WriterData | undefined,
    relied: readonly Reliance[] = [],
  ): CommittedWriterData {
    assertSigner('signer', signer);
    if (!(base instanceof CommittedWriterData)) throw new ArgumentError('base', 'must be a CommittedWriterData');
    if ((hash === undefined) !== (writerData === undefined)) throw new ArgumentError('writerData', 'must be given exactly with a hash');
    const index = this.updates.findLastIndex((update) => writerOf(update).equals(signer.publicKeyHash));
    const last = this.updates[index];
    if (last !== undefined && !last.version.equals(base)) {
      throw new ConflictError('conflict.snapshot', 'the commit is not based on the last version of this operation', {
        writer: signer.publicKeyHash.toString(),
      });
    }
    if (equalTargets(base.hash, hash)) return base;
    if (last === undefined || this.updates.some((update, i) => i > index && createsWriter(update))) {
      const version = CommittedWriterData.of(hash, nextSequence(base.sequence), writerData);
      this.updates.push({ signer, base, version, relied });
      return version;
    }
    if (last.version.hash !== undefined) this.replacedTargets.push(last.version.hash);
    if (equalTargets(last.base.hash, hash)) {
      this.updates.splice(index, 1);
      return last.base;
    }
    const version = CommittedWriterData.of(hash, last.version.sequence, writerData);
    this.updates[index] = { signer, base: last.base, version, relied: [...last.relied, ...relied] };
    return version;
  }

  /** Forgets everything. */
  clear(): void {
    this.updates.length = 0;
    this.replacedTargets.length = 0;
  }
}

/**
 * Cuts recorded updates into the groups that are sent one after the other. A writer's creation stands alone; everything between two
 * creations goes into one atomic commit. So without creations there is one group, and with one the parent's authorisation precedes the
 * child's blocks (chapter 03 section 11.5 steps 5 and 6).
 */
export function groupUpdates<T extends RecordedUpdate>(updates: readonly T[]): T[][] {
  const groups: T[][] = [];
  let open: T[] | undefined;
  for (const update of updates) {
    const alone = createsWriter(update);
    const repeated = open?.some((other) => writerOf(other).equals(writerOf(update))) === true;
    if (alone || repeated || open === undefined) groups.push((open = []));
    open.push(update);
    if (alone) open = undefined;
  }
  return groups;
}
