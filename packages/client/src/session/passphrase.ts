import { assertMethods } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import type { RandomSource } from '@pyrgos/core/crypto';
import { BIP39_WORDS } from './bip39-words.js';

/** Words of a proposed passphrase: 7 words of 11 bits each are 77 bits (chapter 05 section 12.4). */
export const PASSPHRASE_WORDS = 7;
/** Most words that may be asked for. */
const MAX_WORDS = 64;

/**
 * A random passphrase: `words` words of the BIP-39 list joined by `-`, each with 11 bits of entropy (chapter 05 section 12.4). At least
 * {@link PASSPHRASE_WORDS}, which is the default: fewer could be guessed.
 */
export function generatePassphrase(random: RandomSource, words: number = PASSPHRASE_WORDS): string {
  assertMethods('random', random, 'randomBytes');
  assertInteger('words', words, PASSPHRASE_WORDS, MAX_WORDS);
  const bytes = random.randomBytes(2 * words);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // 65,536 is a multiple of 2048, so every word is equally likely.
  return Array.from({ length: words }, (_, i) => BIP39_WORDS[view.getUint16(2 * i) % BIP39_WORDS.length] as string).join('-');
}
