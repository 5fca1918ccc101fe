import { type ErrorData, PyrgosError } from '@pyrgos/core/errors';

/** Primary result codes of SQLite that we treat differently. */
const Result = {
  error: 1,
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  misuse: 21,
  range: 25,
  notDatabase: 26,
} as const;

/** The WASM binding gives no codes, only SQLite's English texts. */
const texts: readonly (readonly [start: RegExp, code: number])[] = [
  [/constraint failed|^cannot store /, Result.constraint],
  [/^database or disk is full/, Result.full],
  [/^disk I\/O error/, Result.inputOutput],
  [/^database (table |schema )?is locked/, Result.busy],
  [/^database disk image is malformed|^malformed database schema/, Result.corrupt],
  [/^file is not a database/, Result.notDatabase],
  [/^attempt to write a readonly database/, Result.readOnly],
  [/^unable to open database|^Could not open the database/, Result.cannotOpen],
  [/^datatype mismatch/, Result.mismatch],
  [/^string or blob too big/, Result.tooBig],
  [/^column index out of range/, Result.range],
];

/** After these SQLite keeps the transaction open and only the statement has failed. */
const statementOnly: ReadonlySet<number> = new Set([
  Result.error,
  Result.tooBig,
  Result.constraint,
  Result.mismatch,
  Result.misuse,
  Result.range,
]);

/** What SQLite says about these names our tables and statements, never a value. */
const tellable: ReadonlySet<number> = new Set([Result.error, Result.constraint, Result.range]);

function extendedCode(error: unknown): number {
  if (!(error instanceof Error)) return Result.misuse;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode;
  for (const [start, code] of texts) if (start.test(error.message)) return code;
  return error.name === 'SQLite3Error' ? Result.error : Result.misuse;
}

function describe(code: number): string {
  switch (code) {
    case Result.full:
      return 'The disk that holds the data directory is full; nothing was changed. Free some space and try again.';
    case Result.inputOutput:
      return 'The database cannot read or write its file: the disk is full or fails. Nothing was changed. Check the disk and try again.';
    case Result.busy:
    case Result.locked:
      return 'The database is in use by another program; nothing was changed. Try again.';
    case Result.permission:
    case Result.readOnly:
    case Result.cannotOpen:
      return 'The database file cannot be opened for writing. Check owner and permissions of the data directory.';
    case Result.corrupt:
    case Result.notDatabase:
      return 'The database file is damaged or is no database. Stop the server and restore a backup.';
    case Result.constraint:
      return 'The database refused a value that breaks a rule; nothing was changed.';
    default:
      return 'The database refused the operation; nothing was changed.';
  }
}

/** A failure of SQLite, and whether it may have ended the whole transaction. */
export interface SqlFailure {
  readonly error: PyrgosError;
  readonly endsTransaction: boolean;
}

/** Turns what a binding threw into a PyrgosError `storage`: without parameters, values, paths or the original error. */
export function sqlFailure(error: unknown): SqlFailure {
  const extended = extendedCode(error);
  const code = extended & 0xff;
  const data: ErrorData = {
    sqlite: extended,
    ...(tellable.has(code) && error instanceof Error ? { detail: error.message } : {}),
  };
  const mayPass = code === Result.full || code === Result.busy || code === Result.locked || code === Result.inputOutput;
  return {
    error: new PyrgosError('storage', describe(code), { data, retry: mayPass ? 'safe' : 'never' }),
    endsTransaction: !statementOnly.has(code),
  };
}
