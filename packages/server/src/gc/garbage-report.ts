import type { ErrorCode } from '@pyrgos/core/errors';

/** Why a user was not collected, or not completely. */
interface GarbageFailure {
  readonly username: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a garbage collection did. Counts of all users together. */
export interface GarbageReport {
  readonly users: number;
  /** Users that were skipped because nothing had changed since their last complete run. */
  readonly unchanged: number;
  /** Blocks that were judged. */
  readonly blocks: number;
  /** Blocks reachable from roots. */
  readonly reachable: number;
  /** Blocks that are not reachable and stay: an open transaction protects them, or they were put meanwhile. */
  readonly kept: number;
  readonly deleted: number;
  readonly deletedBytes: number;
  /** Files that the database did not know and now does, so that they are judged too. */
  readonly adopted: number;
  /** Files that the database did not know and that hold no block. */
  readonly orphansDeleted: number;
  /** Linked blocks that are not stored. */
  readonly missing: number;
  /** Times that the links of a block were read. */
  readonly linkReads: number;
  /** How long it took, others' turns included. */
  readonly milliseconds: number;
  /** The longest time for which nobody else had a turn, as far as the collection itself was at work and not the disk. */
  readonly longestSliceMilliseconds: number;
  readonly failures: readonly GarbageFailure[];
}

/** A {@link GarbageReport} while it is being filled. */
export type GarbageCounts = { -readonly [K in keyof Omit<GarbageReport, 'failures'>]: number } & { readonly failures: GarbageFailure[] };

/** All zero. */
export function emptyCounts(): GarbageCounts {
  return {
    users: 0,
    unchanged: 0,
    blocks: 0,
    reachable: 0,
    kept: 0,
    deleted: 0,
    deletedBytes: 0,
    adopted: 0,
    orphansDeleted: 0,
    missing: 0,
    linkReads: 0,
    milliseconds: 0,
    longestSliceMilliseconds: 0,
    failures: [],
  };
}
