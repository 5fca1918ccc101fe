import { assertBytes, copyBytes, fromHex } from '../bytes.js';

/**
 * The one Ed25519 rule of Pyrgos (docs/decisions/002-ed25519-rule.md). Engines disagree about keys and signatures that no honest
 * signer makes; whoever can craft one that only half of the clients accept can split their views. So everything on which engines
 * disagree is decided here, before an engine is asked for the cofactorless equation.
 */

/** The y coordinates of the eight points of small order, canonical, sign bit clear. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => fromHex(hex));

/** The order L of the base point, little-endian. */
const order = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** Whether a 32-byte little-endian number is below another. Public data: not constant time. */
function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (value[i] as number) - (bound[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Whether a 32-byte point encoding is canonical (y below 2^255 - 19) and not of small order. It may still be no point at all. */
function isAcceptablePoint(encoding: Uint8Array): boolean {
  const y = copyBytes(encoding);
  y[31] = (y[31] as number) & 0x7f;
  if (y[31] === 0x7f && (y[0] as number) >= 0xed && y.subarray(1, 31).every((byte) => byte === 0xff)) return false;
  return !smallOrder.some((point) => point.every((byte, i) => byte === y[i]));
}

/** Whether bytes may be used as an Ed25519 public key: 32, canonical and not of small order. */
export function isAcceptableEd25519PublicKey(bytes: Uint8Array): boolean {
  assertBytes('bytes', bytes);
  return bytes.length === 32 && isAcceptablePoint(bytes);
}

/** Whether a 64-byte signature is well-formed: R canonical and not of small order, S below L. */
export function isAcceptableEd25519Signature(signature: Uint8Array): boolean {
  return signature.length === 64 && isAcceptablePoint(signature.subarray(0, 32)) && isBelow(signature.subarray(32), order);
}
