import { hsalsa } from '@noble/ciphers/salsa.js';

/** "expand 32-byte k", the constant of the Salsa family. */
const sigma = new TextEncoder().encode('expand 32-byte k');

/** The bytes as words in the byte order of this machine, which is what hsalsa takes. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}

/** The secretbox key of a crypto_box: HSalsa20 of the X25519 shared secret under a zero nonce (chapter 01 section 13.2). 32 bytes. */
export function boxKey(sharedSecret: Uint8Array): Uint8Array {
  const shared = words(sharedSecret);
  const out = new Uint32Array(8);
  hsalsa(words(sigma), shared, new Uint32Array(4), out);
  shared.fill(0);
  return new Uint8Array(out.buffer);
}
