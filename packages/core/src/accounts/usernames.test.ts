import { expect, test } from 'vitest';
import { ArgumentError } from '../errors.js';
import v from '../../../../vectors/05/usernames.json' with { type: 'json' };
import { assertWireUsername, isNewUsername, isWireUsername, MAX_USERNAME_SIZE, RESERVED_USERNAMES } from './usernames.js';

test.each(v.new)('may be registered: %j', (name) => {
  expect(isNewUsername(name)).toBe(true);
  expect(isWireUsername(name)).toBe(true);
});

test.each(v.notNew)('may not be registered: %j', (name) => {
  expect(isNewUsername(name)).toBe(false);
});

test('the reserved names', () => {
  expect([...RESERVED_USERNAMES].sort()).toEqual([...v.reserved].sort());
  for (const name of v.reserved) expect(isNewUsername(name)).toBe(false);
});

test.each(v.existing)('may exist: %j', (name) => {
  expect(isWireUsername(name)).toBe(true);
  expect(() => assertWireUsername('username', name)).not.toThrow();
});

test.each(v.neverExisting)('cannot exist: %j', (name) => {
  expect(isWireUsername(name)).toBe(false);
  expect(() => assertWireUsername('username', name)).toThrow(ArgumentError);
});

test('MAX_USERNAME_SIZE', () => {
  expect(isWireUsername('a'.repeat(MAX_USERNAME_SIZE))).toBe(true);
  expect(isWireUsername('a'.repeat(MAX_USERNAME_SIZE + 1))).toBe(false);
});

test('every character: only printable ASCII without space and slash', () => {
  for (let code = 0; code <= 0x300; code++) {
    const expected = code > 0x20 && code < 0x7f && code !== 0x2f;
    expect(isWireUsername(`a${String.fromCharCode(code)}b`), String(code)).toBe(expected);
  }
});

test('other types are no names', () => {
  for (const value of [undefined, null, 1, ['a'], new String('a')]) {
    expect(isWireUsername(value)).toBe(false);
    expect(isNewUsername(value as never)).toBe(false);
    expect(() => assertWireUsername('username', value)).toThrow(ArgumentError);
  }
});
