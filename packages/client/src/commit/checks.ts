import { assertObject } from '@pyrgos/core/arguments';
import { ArgumentError, throwIfAborted } from '@pyrgos/core/errors';
import { type Signer, SigningPrivateKeyAndPublicHash } from '@pyrgos/core/keys';

/**
 * Checks of the arguments of the public functions, which callers in plain JavaScript can get wrong. Each throws an ArgumentError for
 * `field`.
 */

/** Requires the key pair of a writer. */
export function assertSigner(field: string, value: unknown): asserts value is Signer {
  if (!(value instanceof SigningPrivateKeyAndPublicHash)) throw new ArgumentError(field, 'must be a signer');
}

/** Requires an object of options whose signal, if there is one, is none that was aborted; otherwise also an AbortedError. */
export function checkOptions(options: { readonly signal?: AbortSignal | undefined }, operation: string): void {
  assertObject('options', options);
  throwIfAborted(options.signal, operation);
}
