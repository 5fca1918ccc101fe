/** The letters of base 32 (RFC 4648). */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The key of an authenticator app from the text that people type into it. */
export function totpKeyOf(secret: string): Uint8Array {
  const bits = Array.from(secret.replaceAll(/[\s=]/gu, '').toUpperCase())
    .map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Uint8Array.from(bits.match(/.{8}/gu) ?? [], (byte) => Number.parseInt(byte, 2));
}
