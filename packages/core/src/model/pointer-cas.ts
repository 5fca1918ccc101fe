import { assertObject, assertOptionalInstance } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { Cid, parseCid } from '../codec/cid.js';
import { ArgumentError, ConflictError, FormatError, PyrgosError } from '../errors.js';
import { equalTargets, type MaybeCid } from './maybe-multihash.js';

const PREFIX = 'PointerCAS:';
const EMPTY = 'EMPTY';
const WHERE = 'PointerCAS';
/** Text of two identity CIDs of the longest kind is far below this; longer messages are not parsed. */
const MAX_MESSAGE_LENGTH = 16_384;

/** What a server says when the claimed current target of an update is not the real one (chapter 03 section 2.8). */
export interface PointerConflict {
  /** The current target of the server; undefined is EMPTY. */
  readonly existing: MaybeCid;
  /** The current sequence, if there is one. */
  readonly sequence: number | undefined;
  /** The `original` that the client sent; undefined is EMPTY. */
  readonly claimed: MaybeCid;
}

/** Whether an error text of a server (already URL-decoded) announces a pointer conflict. */
export function isPointerConflictMessage(message: string): boolean {
  return typeof message === 'string' && message.startsWith('PointerCAS');
}

function checkConflict(conflict: PointerConflict): void {
  assertObject('conflict', conflict);
  assertOptionalInstance('existing', conflict.existing, Cid);
  assertOptionalInstance('claimed', conflict.claimed, Cid);
  if (conflict.sequence !== undefined) assertInteger('sequence', conflict.sequence, 0, Number.MAX_SAFE_INTEGER);
}

/** The exact text `PointerCAS:<existing>,<sequence>,<claimed>`. */
export function formatPointerConflict(conflict: PointerConflict): string {
  checkConflict(conflict);
  const { existing, sequence, claimed } = conflict;
  return `${PREFIX}${existing?.toString() ?? EMPTY},${sequence ?? ''},${claimed?.toString() ?? EMPTY}`;
}

function parseTarget(text: string, part: string): MaybeCid {
  if (text === EMPTY) return undefined;
  try {
    return parseCid(text);
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    throw new FormatError('format.pointer', `${WHERE}.${part}`, 'must be a CID or EMPTY', { cause: error });
  }
}

function parseSequence(text: string): number | undefined {
  if (text === '') return undefined;
  const sequence = Number(text);
  if (!/^(0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(sequence)) {
    throw new FormatError('format.pointer', `${WHERE}.sequence`, 'must be a decimal number or empty');
  }
  return sequence;
}

/** Parses the text (already URL-decoded), `EMPTY` included. FormatError `format.pointer`. */
export function parsePointerConflict(message: string): PointerConflict {
  if (typeof message !== 'string') throw new ArgumentError('message', 'must be a string');
  if (message.length > MAX_MESSAGE_LENGTH) throw new FormatError('format.pointer', WHERE, 'is too long');
  if (!message.startsWith(PREFIX)) throw new FormatError('format.pointer', WHERE, `must start with ${PREFIX}`);
  const [existing, sequence, claimed, ...rest] = message.slice(PREFIX.length).split(',');
  if (existing === undefined || sequence === undefined || claimed === undefined || rest.length > 0) {
    throw new FormatError('format.pointer', WHERE, 'must have three parts');
  }
  return {
    existing: parseTarget(existing, 'existing'),
    sequence: parseSequence(sequence),
    claimed: parseTarget(claimed, 'claimed'),
  };
}

/**
 * The error that a pointer store throws: ConflictError `conflict.pointer` whose message is the exact text of section 2.8 and whose
 * data are `existing` and `claimed` (text CID, null for EMPTY) and `sequence` (number or null).
 */
export function pointerConflictError(conflict: PointerConflict): ConflictError {
  checkConflict(conflict);
  return new ConflictError('conflict.pointer', formatPointerConflict(conflict), {
    existing: conflict.existing?.toString() ?? null,
    sequence: conflict.sequence ?? null,
    claimed: conflict.claimed?.toString() ?? null,
  });
}

/** The conflict that an error reports, or undefined when the error is another one. Works across worker borders: it reads `data`. */
export function pointerConflictOf(error: unknown): PointerConflict | undefined {
  if (!(error instanceof PyrgosError) || error.code !== 'conflict.pointer') return undefined;
  const { existing, sequence, claimed } = error.data;
  return parsePointerConflict(`${PREFIX}${existing ?? EMPTY},${sequence ?? ''},${claimed ?? EMPTY}`);
}

/** Whether the conflict only says that an earlier attempt of the same update was applied (chapter 03 sections 3.6 and 12.2). */
export function isAlreadyApplied(conflict: PointerConflict, updated: MaybeCid): boolean {
  checkConflict(conflict);
  return equalTargets(conflict.existing, updated);
}
