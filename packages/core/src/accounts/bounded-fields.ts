import { assertBytes, copyBytes, isWellFormed } from '../bytes.js';
import type { CborFields } from '../codec/cbor-fields.js';
import { ArgumentError } from '../errors.js';
import { isWireUsername } from './usernames.js';

/** A copied byte string of `min` to `max` bytes, or undefined when absent. */
export function optionalBoundedBytes(fields: CborFields, key: string | number, min: number, max: number): Uint8Array | undefined {
  const value = fields.optionalBytes(key);
  if (value === undefined) return undefined;
  if (value.length < min || value.length > max) return fields.fail(key, `must be ${min} to ${max} bytes, is ${value.length}`);
  return copyBytes(value);
}

/** A copied byte string of `min` to `max` bytes that must be present. */
export function boundedBytes(fields: CborFields, key: string | number, min: number, max: number): Uint8Array {
  return optionalBoundedBytes(fields, key, min, max) ?? fields.fail(key, 'is missing');
}

/** Text of at most `max` UTF-16 code units, or undefined when absent. */
export function optionalBoundedText(fields: CborFields, key: string | number, max: number): string | undefined {
  const text = fields.optionalText(key);
  if (text !== undefined && text.length > max) return fields.fail(key, `must be at most ${max} characters`);
  return text;
}

/** Text of at most `max` UTF-16 code units that must be present. */
export function boundedText(fields: CborFields, key: string | number, max: number): string {
  return optionalBoundedText(fields, key, max) ?? fields.fail(key, 'is missing');
}

/** A username that must be present. */
export function usernameField(fields: CborFields, key: string | number): string {
  const text = fields.text(key);
  return isWireUsername(text) ? text : fields.fail(key, 'must be a username');
}

/** Requires well-formed text of at most `max` UTF-16 code units; otherwise an ArgumentError for `field`. */
export function assertText(field: string, value: unknown, max: number): asserts value is string {
  if (typeof value !== 'string' || value.length > max || !isWellFormed(value)) {
    throw new ArgumentError(field, `must be text of at most ${max} characters`);
  }
}

/** Requires `min` to `max` bytes; otherwise an ArgumentError for `field`. */
export function assertBoundedBytes(field: string, value: unknown, min: number, max: number): asserts value is Uint8Array {
  assertBytes(field, value);
  if (value.length < min || value.length > max) throw new ArgumentError(field, `must be ${min} to ${max} bytes`);
}
