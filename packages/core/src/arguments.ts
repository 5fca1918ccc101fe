import { assertBytes } from './bytes.js';
import { ArgumentError } from './errors.js';

/**
 * Checks of arguments that callers in plain JavaScript can get wrong. Each throws an ArgumentError for `field`. For byte strings and
 * integers see bytes.ts, for signals `throwIfAborted` in errors.ts.
 */

/** Anything that can be the right-hand side of `instanceof`, private constructors included. */
export interface ClassOf<T> {
  readonly name: string;
  readonly prototype: T;
}

/** Requires an instance of `type`. */
export function assertInstance<T>(field: string, value: unknown, type: ClassOf<T>): asserts value is T {
  // The interface has no call signature, because those of our classes are private; a class it is all the same.
  if (!(value instanceof (type as unknown as new () => T))) throw new ArgumentError(field, `must be a ${type.name}`);
}

/** Requires an instance of `type` or undefined. */
export function assertOptionalInstance<T>(field: string, value: unknown, type: ClassOf<T>): asserts value is T | undefined {
  if (value !== undefined) assertInstance(field, value, type);
}

/** Requires a list of instances of `type`. */
export function assertInstances<T>(field: string, value: unknown, type: ClassOf<T>): asserts value is readonly T[] {
  assertList(field, value);
  // By index: holes are found, too.
  for (let i = 0; i < value.length; i++) assertInstance(`${field}[${i}]`, value[i], type);
}

/** Requires a list. */
export function assertList(field: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new ArgumentError(field, 'must be a list');
}

/** Requires a list or undefined. */
export function assertOptionalList(field: string, value: unknown): asserts value is readonly unknown[] | undefined {
  if (value !== undefined) assertList(field, value);
}

/** Requires a list of byte strings. */
export function assertBytesList(field: string, value: unknown): asserts value is readonly Uint8Array[] {
  assertList(field, value);
  for (let i = 0; i < value.length; i++) assertBytes(`${field}[${i}]`, value[i]);
}

/** Requires a string. */
export function assertString(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new ArgumentError(field, 'must be a string');
}

/** Requires a boolean. */
export function assertBoolean(field: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new ArgumentError(field, 'must be a boolean');
}

/** Requires a function. */
export function assertFunction(field: string, value: unknown): void {
  if (typeof value !== 'function') throw new ArgumentError(field, 'must be a function');
}

/** Requires an object: parameters, options, a port. */
export function assertObject(field: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new ArgumentError(field, 'must be an object');
  if (isRevoked(value)) throw new ArgumentError(field, 'is a proxy that was revoked');
}

/** Whether nothing can be read of an object any more: it is a proxy that was revoked. Runs none of its code. */
export function isRevoked(value: object): boolean {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}

/** Requires an object or class that can be iterated over, such as a list or a set; text is none. */
export function assertIterable(field: string, value: unknown): asserts value is Iterable<unknown> {
  if (typeof value !== 'object' || value === null || typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] !== 'function') {
    throw new ArgumentError(field, 'must be iterable');
  }
  // A byte string that is none, or has lost its memory, throws when it is iterated.
  if (value instanceof Uint8Array) assertBytes(field, value);
}

/** Requires an object that has these methods. */
export function assertMethods(field: string, value: unknown, ...names: readonly string[]): void {
  assertObject(field, value);
  for (const name of names) {
    if (typeof (value as Readonly<Record<string, unknown>>)[name] !== 'function') {
      throw new ArgumentError(field, `must have a method ${name}`);
    }
  }
}

/** Requires an object without any own key but these: a misspelt option would be ignored silently. */
export function assertOptions(field: string, value: unknown, names: readonly string[]): asserts value is object {
  assertObject(field, value);
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) throw new ArgumentError(`${field}.${name}`, `is unknown; there are ${names.join(', ')}`);
  }
}
