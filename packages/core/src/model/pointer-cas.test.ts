import { expect, test } from 'vitest';
import { parseCid } from '../codec/cid.js';
import { ConflictError, deserialiseError, FormatError, serialiseError } from '../errors.js';
import v from '../../../../vectors/03/pointers.json' with { type: 'json' };
import {
  formatPointerConflict,
  isAlreadyApplied,
  isPointerConflictMessage,
  parsePointerConflict,
  pointerConflictError,
  pointerConflictOf,
} from './pointer-cas.js';

test.each(v.conflicts)('vector: $message', (vector) => {
  const conflict = parsePointerConflict(vector.message);
  expect(conflict.existing?.toString() ?? null).toBe(vector.existing);
  expect(conflict.sequence ?? null).toBe(vector.sequence);
  expect(conflict.claimed?.toString() ?? null).toBe(vector.claimed);
  expect(formatPointerConflict(conflict)).toBe(vector.message);
  expect(isPointerConflictMessage(vector.message)).toBe(true);
  expect(encodeURIComponent(vector.message).startsWith('PointerCAS%3A')).toBe(true);
});

test.each(v.invalidConflicts)('refuses %j', (message) => {
  expect(() => parsePointerConflict(message)).toThrow(FormatError);
});

test('a very long message is not parsed', () => {
  expect(() => parsePointerConflict(`PointerCAS:${'z'.repeat(20_000)},,EMPTY`)).toThrow(FormatError);
});

test.each(v.conflicts)('error and conflict map onto each other, also across a worker border: $message', (vector) => {
  const error = pointerConflictError(parsePointerConflict(vector.message));
  expect(error).toBeInstanceOf(ConflictError);
  expect(error.message).toBe(vector.message);
  expect(error.data).toEqual({ existing: vector.existing, sequence: vector.sequence, claimed: vector.claimed });
  for (const copy of [error, deserialiseError(JSON.parse(JSON.stringify(serialiseError(error))) as never)]) {
    const conflict = pointerConflictOf(copy);
    expect(conflict === undefined ? undefined : formatPointerConflict(conflict)).toBe(vector.message);
  }
});

test('other errors are no conflict', () => {
  expect(pointerConflictOf(new Error('PointerCAS:EMPTY,,EMPTY'))).toBeUndefined();
  expect(pointerConflictOf(new ConflictError('conflict.champ', 'x'))).toBeUndefined();
  expect(isPointerConflictMessage('CAS exception')).toBe(false);
});

test('a conflict in which the server has our target means success', () => {
  const [conflict] = v.conflicts.map(({ message }) => parsePointerConflict(message));
  expect(isAlreadyApplied(conflict!, parseCid(v.opaque[1]!.cid))).toBe(true);
  expect(isAlreadyApplied(conflict!, parseCid(v.opaque[0]!.cid))).toBe(false);
  expect(isAlreadyApplied(conflict!, undefined)).toBe(false);
});
