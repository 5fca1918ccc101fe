import { MAX_CHAT_TEXT_LENGTH } from '@pyrgos/core/limits';

/** Characters before the end from which on it is said how many are left. */
const NEAR = 200;

/** How much more can be written. */
export function lengthNote(text: string): { readonly left: number; readonly isNear: boolean; readonly isTooLong: boolean } {
  const left = MAX_CHAT_TEXT_LENGTH - text.trimEnd().length;
  return { left, isNear: left <= NEAR, isTooLong: left < 0 };
}
