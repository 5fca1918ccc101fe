import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { MultiFactorAuthResponse, WebauthnResponse } from '@pyrgos/core/accounts';
import { concatBytes, utf8Encode } from '@pyrgos/core/bytes';

/** What goes into the hand-written CBOR of authenticators: integer keys are allowed, and keys stay in the given order. */
export type AuthenticatorCbor =
  | number
  | string
  | boolean
  | Uint8Array
  | readonly AuthenticatorCbor[]
  | ReadonlyMap<string | number, AuthenticatorCbor>;

function head(major: number, value: number): Uint8Array {
  if (value < 24) return Uint8Array.of((major << 5) | value);
  if (value < 0x100) return Uint8Array.of((major << 5) | 24, value);
  if (value < 0x10000) return Uint8Array.of((major << 5) | 25, value >> 8, value & 255);
  return Uint8Array.of((major << 5) | 26, value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}

/** CBOR with definite lengths; the tests' own, so that the reader under test is not tested against itself. */
export function authenticatorCbor(value: AuthenticatorCbor): Uint8Array {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'string') return concatBytes(head(3, utf8Encode(value).length), utf8Encode(value));
  if (value instanceof Uint8Array) return concatBytes(head(2, value.length), value);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string | number, AuthenticatorCbor>)];
    return concatBytes(head(5, entries.length), ...entries.flatMap(([key, item]) => [authenticatorCbor(key), authenticatorCbor(item)]));
  }
  const list = value as readonly AuthenticatorCbor[];
  return concatBytes(head(4, list.length), ...list.map(authenticatorCbor));
}

/** The algorithms that the tests' authenticators can have. */
export type AuthenticatorAlgorithm = 'ES256' | 'ES384' | 'ES512' | 'ES256K' | 'EdDSA' | 'Ed448' | 'RS256' | 'PS256' | 'RS1';

interface Scheme {
  readonly id: number;
  readonly hash: string | null;
  readonly generate: () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

const rsa = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } => generateKeyPairSync('rsa', { modulusLength: 2048 });
const schemes: Readonly<Record<AuthenticatorAlgorithm, Scheme>> = {
  ES256: { id: -7, hash: 'sha256', generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  ES384: { id: -35, hash: 'sha384', generate: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  ES512: { id: -36, hash: 'sha512', generate: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }) },
  ES256K: { id: -47, hash: 'sha256', generate: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) },
  EdDSA: { id: -8, hash: null, generate: () => generateKeyPairSync('ed25519') },
  Ed448: { id: -53, hash: null, generate: () => generateKeyPairSync('ed448') },
  RS256: { id: -257, hash: 'sha256', generate: rsa },
  PS256: { id: -37, hash: 'sha256', generate: rsa },
  RS1: { id: -65535, hash: 'sha1', generate: rsa },
};

const curveIds: Readonly<Record<string, number>> = { 'P-256': 1, 'P-384': 2, 'P-521': 3, Ed25519: 6, Ed448: 7, secp256k1: 8 };

function member(jwk: JsonWebKey, name: 'x' | 'y' | 'n' | 'e'): Uint8Array {
  return new Uint8Array(Buffer.from(jwk[name] ?? '', 'base64url'));
}

function coseKey(publicKey: KeyObject, algorithm: number): ReadonlyMap<number, AuthenticatorCbor> {
  const jwk = publicKey.export({ format: 'jwk' });
  if (jwk.kty === 'RSA') {
    return new Map<number, AuthenticatorCbor>([
      [1, 3],
      [3, algorithm],
      [-1, member(jwk, 'n')],
      [-2, member(jwk, 'e')],
    ]);
  }
  const curve = curveIds[jwk.crv ?? ''] ?? 0;
  const key = new Map<number, AuthenticatorCbor>([
    [1, jwk.kty === 'EC' ? 2 : 1],
    [3, algorithm],
    [-1, curve],
    [-2, member(jwk, 'x')],
  ]);
  return jwk.kty === 'EC' ? key.set(-3, member(jwk, 'y')) : key;
}

/** What a ceremony may deviate in. */
export interface CeremonyOptions {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: Uint8Array;
  /** More members of the client data. */
  readonly clientData?: Readonly<Record<string, unknown>>;
  /** Flags besides attested data and extensions; default user present and verified. */
  readonly flags?: number;
  readonly counter?: number;
  readonly format?: string;
  readonly statement?: AuthenticatorCbor;
  readonly aaguid?: Uint8Array;
  readonly extensions?: Uint8Array;
}

/** A security key in software, together with the browser it is plugged into. */
export class VirtualAuthenticator {
  readonly credentialId: Uint8Array;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  counter = 0;

  constructor(
    readonly algorithm: AuthenticatorAlgorithm = 'ES256',
    readonly site: { readonly origin: string; readonly rpId: string } = { origin: 'https://home.example', rpId: 'home.example' },
    credentialId: Uint8Array = new Uint8Array(16).fill(0xc1),
  ) {
    this.credentialId = credentialId;
    this.keys = schemes[algorithm].generate();
  }

  /** The COSE form of the public key. */
  get coseKey(): ReadonlyMap<number, AuthenticatorCbor> {
    return coseKey(this.keys.publicKey, schemes[this.algorithm].id);
  }

  /** `navigator.credentials.create`. */
  create(challenge: Uint8Array, options: CeremonyOptions = {}): MultiFactorAuthResponse {
    const { format = 'none', statement = new Map() } = options;
    const attestationObject = authenticatorCbor(
      new Map<string, AuthenticatorCbor>([
        ['fmt', format],
        ['attStmt', statement],
        ['authData', this.authenticatorData(options, true)],
      ]),
    );
    return this.respond({
      authenticatorData: attestationObject,
      clientDataJson: this.clientData('webauthn.create', challenge, options),
      signature: new Uint8Array(),
    });
  }

  /** `navigator.credentials.get`; the counter goes up unless it is given. */
  get(challenge: Uint8Array, options: CeremonyOptions = {}): MultiFactorAuthResponse {
    if (options.counter === undefined && this.counter > 0) this.counter++;
    const authenticatorData = this.authenticatorData(options, false);
    const clientDataJson = this.clientData('webauthn.get', challenge, options);
    return this.respond({ authenticatorData, clientDataJson, signature: this.sign(authenticatorData, clientDataJson) });
  }

  /** A signature over authenticator data and client data. */
  sign(authenticatorData: Uint8Array, clientDataJson: Uint8Array): Uint8Array {
    const message = concatBytes(authenticatorData, createHash('sha256').update(clientDataJson).digest());
    const { hash } = schemes[this.algorithm];
    const padding = this.algorithm === 'PS256' ? { padding: 6, saltLength: -1 } : {};
    return new Uint8Array(sign(hash, message, { key: this.keys.privateKey, ...padding }));
  }

  /** AAGUID, credential id and COSE key. */
  attestedCredential(aaguid: Uint8Array = new Uint8Array(16)): Uint8Array {
    const { length } = this.credentialId;
    return concatBytes(aaguid, Uint8Array.of(length >> 8, length & 255), this.credentialId, authenticatorCbor(this.coseKey));
  }

  private respond(parts: Parameters<typeof WebauthnResponse.of>[0]): MultiFactorAuthResponse {
    return MultiFactorAuthResponse.of(this.credentialId, WebauthnResponse.of(parts));
  }

  private clientData(type: string, challenge: Uint8Array, options: CeremonyOptions): Uint8Array {
    return utf8Encode(
      JSON.stringify({
        type: options.type ?? type,
        challenge: Buffer.from(options.challenge ?? challenge).toString('base64url'),
        origin: options.origin ?? this.site.origin,
        crossOrigin: false,
        ...options.clientData,
      }),
    );
  }

  private authenticatorData(options: CeremonyOptions, attested: boolean): Uint8Array {
    const { rpId = this.site.rpId, flags = 0x05, counter = this.counter, extensions, aaguid } = options;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return concatBytes(
      createHash('sha256').update(rpId).digest(),
      Uint8Array.of(flags | (attested ? 0x40 : 0) | (extensions === undefined ? 0 : 0x80)),
      count,
      attested ? this.attestedCredential(aaguid) : new Uint8Array(),
      extensions ?? new Uint8Array(),
    );
  }
}
