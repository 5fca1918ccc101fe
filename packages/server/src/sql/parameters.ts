import { ArgumentError } from '@pyrgos/core/errors';
import type { SqlValue } from './sql-database.js';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** Literals and comments, in which a question mark means nothing. */
const opaque = /'[^']*'|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** The number of `?` parameters of a statement. ArgumentError for numbered or named ones, which the port does not have. */
export function countParameters(sql: string): number {
  const bare = sql.replaceAll(opaque, ' ');
  if (/\?\d|[:@$][A-Za-z_]/.test(bare)) throw new ArgumentError('sql', 'parameters must be positional: ?');
  return bare.split('?').length - 1;
}

function problemOf(value: SqlValue | undefined): string | undefined {
  switch (typeof value) {
    case 'string':
      // Bindings read text up to the first NUL only, so what is written would not be what is read.
      return value.includes('\0') ? 'text must not contain NUL' : undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : 'number must be finite';
    case 'bigint':
      return value >= MIN_INT64 && value <= MAX_INT64 ? undefined : 'integer must fit into 64 bits';
    case 'object':
      return value === null || value instanceof Uint8Array ? undefined : 'must be null, number, bigint, text or bytes';
    default:
      return 'must be null, number, bigint, text or bytes';
  }
}

/** Checks what is bound to a statement: bindings differ in what they let pass. ArgumentError names the position, never the value. */
export function checkParameters(values: readonly SqlValue[], expected: number): void {
  if (values.length !== expected) throw new ArgumentError('parameters', `must be ${expected} values, not ${values.length}`);
  for (let i = 0; i < values.length; i++) {
    const problem = problemOf(values[i]);
    if (problem !== undefined) throw new ArgumentError(`parameters[${i}]`, problem);
  }
}
