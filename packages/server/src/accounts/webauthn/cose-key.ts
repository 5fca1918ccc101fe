import { constants, createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { MAX_RSA_KEY_SIZE, MIN_RSA_KEY_SIZE } from '../../limits.js';
import type { LenientMap, LenientValue } from './lenient-cbor.js';
import { refuseWebauthn } from './webauthn-error.js';

/** Labels of a COSE key (RFC 9052 section 7, RFC 9053 section 7). The negative ones depend on the key type. */
const Label = { keyType: 1, algorithm: 3, curve: -1, x: -2, y: -3, modulus: -1, exponent: -2 } as const;

const KeyType = { okp: 1, ec2: 2, rsa: 3 } as const;

interface Curve {
  readonly jwk: string;
  /** Bytes of a coordinate or of an Edwards key. */
  readonly size: number;
}

const ed25519: Curve = { jwk: 'Ed25519', size: 32 };
const ed448: Curve = { jwk: 'Ed448', size: 57 };
const p256: Curve = { jwk: 'P-256', size: 32 };
const p384: Curve = { jwk: 'P-384', size: 48 };
const p521: Curve = { jwk: 'P-521', size: 66 };
const secp256k1: Curve = { jwk: 'secp256k1', size: 32 };

const edwardsCurves: ReadonlyMap<number, Curve> = new Map([
  [6, ed25519],
  [7, ed448],
]);
const weierstrassCurves: ReadonlyMap<number, Curve> = new Map([
  [1, p256],
  [2, p384],
  [3, p521],
  [8, secp256k1],
]);

interface Algorithm {
  readonly keyType: number;
  /** Hash of the message; null where the scheme hashes itself. */
  readonly hash: string | null;
  readonly pss?: true;
  /** The curves that the algorithm may be used with; every one of its key type when absent. */
  readonly curves?: readonly Curve[];
}

/** The signature algorithms of the IANA COSE registry that Node can verify. */
const algorithms: ReadonlyMap<number, Algorithm> = new Map<number, Algorithm>([
  [-7, { keyType: KeyType.ec2, hash: 'sha256' }],
  [-35, { keyType: KeyType.ec2, hash: 'sha384' }],
  [-36, { keyType: KeyType.ec2, hash: 'sha512' }],
  [-9, { keyType: KeyType.ec2, hash: 'sha256', curves: [p256] }],
  [-51, { keyType: KeyType.ec2, hash: 'sha384', curves: [p384] }],
  [-52, { keyType: KeyType.ec2, hash: 'sha512', curves: [p521] }],
  [-47, { keyType: KeyType.ec2, hash: 'sha256', curves: [secp256k1] }],
  [-8, { keyType: KeyType.okp, hash: null }],
  [-19, { keyType: KeyType.okp, hash: null, curves: [ed25519] }],
  [-53, { keyType: KeyType.okp, hash: null, curves: [ed448] }],
  [-257, { keyType: KeyType.rsa, hash: 'sha256' }],
  [-258, { keyType: KeyType.rsa, hash: 'sha384' }],
  [-259, { keyType: KeyType.rsa, hash: 'sha512' }],
  [-65535, { keyType: KeyType.rsa, hash: 'sha1' }],
  [-37, { keyType: KeyType.rsa, hash: 'sha256', pss: true }],
  [-38, { keyType: KeyType.rsa, hash: 'sha384', pss: true }],
  [-39, { keyType: KeyType.rsa, hash: 'sha512', pss: true }],
]);

function byteString(value: LenientValue, size?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (size !== undefined && value.length !== size)) return refuseWebauthn('the public key is malformed');
  return value;
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function curveOf(curves: ReadonlyMap<number, Curve>, key: LenientMap, allowed: readonly Curve[] | undefined): Curve {
  const id = key.get(Label.curve);
  const curve = typeof id === 'number' ? curves.get(id) : undefined;
  if (curve === undefined || (allowed !== undefined && !allowed.includes(curve))) return refuseWebauthn('the curve is not supported');
  return curve;
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? new Uint8Array() : bytes.subarray(start);
}

/** Refuses sizes that make the verification insecure or slow: the owner of a key chooses them. */
function rsaJwk(key: LenientMap): JsonWebKey {
  const modulus = withoutLeadingZeros(byteString(key.get(Label.modulus)));
  const exponent = withoutLeadingZeros(byteString(key.get(Label.exponent)));
  if (modulus.length < MIN_RSA_KEY_SIZE || modulus.length > MAX_RSA_KEY_SIZE) return refuseWebauthn('the RSA key has a bad size');
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1;
  const isOne = exponent.length === 1 && exponent[0] === 1;
  if (exponent.length > 4 || !isOdd || isOne) return refuseWebauthn('the RSA exponent is not acceptable');
  return { kty: 'RSA', n: base64Url(modulus), e: base64Url(exponent) };
}

function jwkOf(key: LenientMap, { keyType, curves }: Algorithm): JsonWebKey {
  switch (keyType) {
    case KeyType.okp: {
      const curve = curveOf(edwardsCurves, key, curves);
      return { kty: 'OKP', crv: curve.jwk, x: base64Url(byteString(key.get(Label.x), curve.size)) };
    }
    case KeyType.ec2: {
      const curve = curveOf(weierstrassCurves, key, curves);
      const [x, y] = [byteString(key.get(Label.x), curve.size), byteString(key.get(Label.y), curve.size)];
      return { kty: 'EC', crv: curve.jwk, x: base64Url(x), y: base64Url(y) };
    }
    default:
      return rsaJwk(key);
  }
}

/** The public key of a security key together with its signature algorithm (chapter 05 section 15.6). */
export class CoseKey {
  private constructor(
    private readonly algorithm: Algorithm,
    private readonly key: KeyObject,
  ) {}

  /** Reads a COSE key. DeniedError `denied.login` when it is malformed, or of an algorithm that this server cannot verify. */
  static of(map: LenientMap): CoseKey {
    const id = map.get(Label.algorithm);
    const algorithm = typeof id === 'number' ? algorithms.get(id) : undefined;
    if (algorithm === undefined) return refuseWebauthn('the signature algorithm is not supported');
    if (map.get(Label.keyType) !== algorithm.keyType) return refuseWebauthn('the public key is malformed');
    const jwk = jwkOf(map, algorithm);
    try {
      return new CoseKey(algorithm, createPublicKey({ key: jwk, format: 'jwk' }));
    } catch {
      // Not a point of the curve, say. OpenSSL's text is of no use to anybody.
      return refuseWebauthn('the public key is malformed');
    }
  }

  /** Whether `signature` is this key's signature of `data`. ECDSA signatures are DER, as WebAuthn wants them. */
  verify(data: Uint8Array, signature: Uint8Array): boolean {
    const { hash, pss } = this.algorithm;
    const padding = pss === true ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
    try {
      return verify(hash, data, { key: this.key, ...padding }, signature);
    } catch {
      return false;
    }
  }
}
