import { utf8Decode } from '@pyrgos/core/bytes';
import { type CborValue, decodeCbor } from '@pyrgos/core/codec';
import { FormatError } from '@pyrgos/core/errors';

function fail(where: string, problem: string): never {
  throw new FormatError('format.request', where, problem);
}

/** A bool byte: any but zero is true (chapter 02 section 19.5). */
export function readBooleanByte(where: string, bytes: Uint8Array): boolean {
  const [byte] = bytes;
  return byte === undefined ? fail(where, 'is empty') : byte !== 0;
}

/** A CBOR bool. */
export function readCborBoolean(where: string, bytes: Uint8Array): boolean {
  const value = decodeCbor(bytes);
  return typeof value === 'boolean' ? value : fail(where, 'must be a bool');
}

/** A CBOR count of bytes. */
export function readCborSize(where: string, bytes: Uint8Array): number {
  const value = decodeCbor(bytes);
  return typeof value === 'number' && value >= 0 ? value : fail(where, 'must be a number that is not negative');
}

/** A CBOR list. */
export function readCborList(where: string, bytes: Uint8Array): readonly CborValue[] {
  const value = decodeCbor(bytes);
  return Array.isArray(value) ? (value as readonly CborValue[]) : fail(where, 'must be a list');
}

/** UTF-8 text of which every character is printable ASCII, at least one and at most `max`. */
export function readText(where: string, bytes: Uint8Array, max: number): string {
  const text = bytes.length > max ? undefined : utf8Decode(bytes);
  return text === undefined || !/^[!-~]+$/u.test(text) ? fail(where, `must be a word of at most ${max} characters`) : text;
}

/** A JSON value. */
export function readJson(where: string, bytes: Uint8Array): unknown {
  const text = utf8Decode(bytes);
  try {
    if (text !== undefined) return JSON.parse(text) as unknown;
  } catch {
    // It is told below.
  }
  return fail(where, 'must be JSON');
}

/** A member of a JSON object. */
export function jsonMember(where: string, value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(where, 'must be an object');
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : fail(where, `must have ${name}`);
}
