import { toHex } from '@pyrgos/core/bytes';
import type { RandomSource } from '@pyrgos/core/crypto';

/** Random bytes of an id: nobody else's transaction of the same owner may have it. */
const SIZE = 16;

/**
 * The id of a new storage transaction. Made here: a server has no state of a transaction before its first block, and takes any text (chapter 03
 * section 9.2), so that asking it for one would cost every commit a request and the time of a round trip.
 */
export function newTransactionId(random: RandomSource): string {
  return toHex(random.randomBytes(SIZE));
}
