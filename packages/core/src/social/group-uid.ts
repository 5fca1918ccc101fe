import { toHex } from '../bytes.js';
import type { RandomSource } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';

const GROUP_UID = /^\.[0-9a-f]{64}$/;
const UID_RANDOM_SIZE = 32;

/** A fresh id of a group: `.` and 64 lower-case hex digits (chapter 06 section 6). */
export function generateGroupUid(random: RandomSource): string {
  return `.${toHex(drawRandomBytes(random, UID_RANDOM_SIZE))}`;
}

/** Whether text is the id of a group; the name of a user never is. */
export function isGroupUid(text: unknown): text is string {
  return typeof text === 'string' && GROUP_UID.test(text);
}
