import { Cid } from '@pyrgos/core/codec';
import { ArgumentError, throwIfAborted } from '@pyrgos/core/errors';
import { PublicKeyHash, type Signer, SigningPrivateKeyAndPublicHash } from '@pyrgos/core/keys';
import { Snapshot, WriterData } from '@pyrgos/core/model';

/**
 * Checks of the arguments of the public functions, which callers in plain JavaScript can get wrong. Each throws an ArgumentError for
 * `field`.
 */

/** Requires a function. */
export function assertFunction(field: string, value: unknown): void {
  if (typeof value !== 'function') throw new ArgumentError(field, 'must be a function');
}

/** Requires an object that has these methods: a port. */
export function assertMethods(field: string, value: unknown, ...names: readonly string[]): void {
  assertObject(field, value);
  for (const name of names) assertFunction(`${field}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
}

/** Requires an object. */
export function assertObject(field: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new ArgumentError(field, 'must be an object');
}

/** Requires a list. */
export function assertList(field: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new ArgumentError(field, 'must be a list');
}

/** Requires a CID. */
export function assertCid(value: unknown): asserts value is Cid {
  if (!(value instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
}

/** Requires the key hash of a writer. */
export function assertWriter(field: string, value: unknown): asserts value is PublicKeyHash {
  if (!(value instanceof PublicKeyHash)) throw new ArgumentError(field, 'must be a PublicKeyHash');
}

/** Requires a list of key hashes of writers. */
export function assertWriters(field: string, value: unknown): asserts value is readonly PublicKeyHash[] {
  assertList(field, value);
  // By index: holes are found, too.
  for (let i = 0; i < value.length; i++) assertWriter(`${field}[${i}]`, value[i]);
}

/** Requires the key pair of a writer. */
export function assertSigner(field: string, value: unknown): asserts value is Signer {
  if (!(value instanceof SigningPrivateKeyAndPublicHash)) throw new ArgumentError(field, 'must be a signer');
}

/** Requires a snapshot. */
export function assertSnapshot(field: string, value: unknown): asserts value is Snapshot {
  if (!(value instanceof Snapshot)) throw new ArgumentError(field, 'must be a Snapshot');
}

/** Requires a WriterData. */
export function assertWriterData(field: string, value: unknown): asserts value is WriterData {
  if (!(value instanceof WriterData)) throw new ArgumentError(field, 'must be a WriterData');
}

/** Requires an object of options whose signal, if there is one, is none that was aborted; otherwise also an AbortedError. */
export function checkOptions(options: { readonly signal?: AbortSignal | undefined }, operation: string): void {
  assertObject('options', options);
  throwIfAborted(options.signal, operation);
}
