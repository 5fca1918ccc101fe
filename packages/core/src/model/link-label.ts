import { ArgumentError } from '../errors.js';

/** The largest label of a secret link. */
export const MAX_LINK_LABEL: bigint = 2n ** 63n - 1n;

/** Requires the label of a secret link, a bigint from 1 to 2^63 - 1; otherwise an ArgumentError for `field`. */
export function assertLinkLabel(field: string, label: unknown): asserts label is bigint {
  if (typeof label !== 'bigint' || label < 1n || label > MAX_LINK_LABEL) {
    throw new ArgumentError(field, 'must be a bigint from 1 to 2^63 - 1');
  }
}
