import { concatBytes } from '@pyrgos/core/bytes';
import { encodeCbor } from '@pyrgos/core/codec';
import { AttestedCredential } from './authenticator-data.js';
import { refuseWebauthn } from './webauthn-error.js';

/** How Java serialisation begins: magic and version. */
const JAVA_STREAM = 0xaced0005;

/**
 * Where the arrays of bytes lie in the two kinds of serialised credential that old databases hold (chapter 05 section 15.6). Each is
 * preceded by its length as uint32, which is how the kinds are told apart.
 */
const edwards = { publicKey: 1017, credentialId: 1059 } as const;
const weierstrass = { aaguidHigh: 407, aaguidLow: 399, x: 1026, y: 1068, credentialId: 1110 } as const;
const COORDINATE_SIZE = 32;

function view(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/** Whether the field `d` of a verifier is a serialised Java object. */
export function isLegacyCredential(data: Uint8Array): boolean {
  return data.length >= 4 && view(data).getUint32(0) === JAVA_STREAM;
}

/**
 * Reads a serialised Java credential, Ed25519 or P-256, without looking at anything but the fixed places of its byte arrays
 * (`legacy: read only`). DeniedError `denied.login` for any other object.
 */
export function readLegacyCredential(data: Uint8Array): AttestedCredential {
  /** Whether an array of `length` bytes (by default all that is left) is at `offset`. */
  const hasArray = (offset: number, length = data.length - offset): boolean =>
    data.length > offset && view(data).getUint32(offset - 4) === length;
  const array = (offset: number): Uint8Array => data.subarray(offset, offset + COORDINATE_SIZE);

  if (hasArray(edwards.publicKey, COORDINATE_SIZE) && hasArray(edwards.credentialId)) {
    const key = ed25519CoseKey(array(edwards.publicKey));
    return AttestedCredential.of(new Uint8Array(16), data.subarray(edwards.credentialId), key);
  }
  if (hasArray(weierstrass.x, COORDINATE_SIZE) && hasArray(weierstrass.y, COORDINATE_SIZE) && hasArray(weierstrass.credentialId)) {
    const half = (offset: number): Uint8Array => data.subarray(offset, offset + 8);
    const aaguid = concatBytes(half(weierstrass.aaguidHigh), half(weierstrass.aaguidLow));
    return AttestedCredential.of(aaguid, data.subarray(weierstrass.credentialId), p256CoseKey(array(weierstrass.x), array(weierstrass.y)));
  }
  return refuseWebauthn('the stored credential is malformed');
}

/** `{1: 1 (OKP), 3: -8 (EdDSA), -1: 6 (Ed25519), -2: x}`; written by hand, since the protocol's CBOR has no integer keys. */
function ed25519CoseKey(x: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21), encodeCbor(x));
}

/** `{1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}`. */
function p256CoseKey(x: Uint8Array, y: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21), encodeCbor(x), Uint8Array.of(0x22), encodeCbor(y));
}
