import { assertObject } from '../arguments.js';
import { assertInteger, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, DeniedError, FormatError, printable } from '../errors.js';
import { openSigned, type PublicSigningKey, type SecretSigningKey, signAttached } from './signing-key.js';

/** Windows, in seconds, that endpoints allow between signing and checking (chapter 01 section 19). */
export const SIGNED_REQUEST_WINDOW = {
  /** Administrator calls. */
  admin: 60,
  /** BATs, server messages, quota and usage calls, follow requests. */
  normal: 300,
  /** Start of a mirror. */
  mirror: 600,
  /** Retrieval of login data, second factors and mounts. */
  day: 86_400,
} as const;

function assertTime(field: string, time: number): void {
  assertInteger(field, time, 0, Number.MAX_SAFE_INTEGER);
}

function checkFresh(time: number, window: SignedTimeCheck): void {
  assertTime('now', window.now);
  assertInteger('allowedSeconds', window.allowedSeconds, 0, Number.MAX_SAFE_INTEGER);
  if (Math.abs(window.now - time) > window.allowedSeconds * 1000) {
    throw new DeniedError('denied.stale', 'Stale auth time, is your clock accurate?', {
      secondsOff: Math.round((window.now - time) / 1000),
      allowedSeconds: window.allowedSeconds,
    });
  }
}

/** Which deviation of the signer's clock is accepted. */
export interface SignedTimeCheck {
  /** Our clock, ms since the epoch. */
  readonly now: number;
  /** Largest deviation in either direction; see {@link SIGNED_REQUEST_WINDOW}. */
  readonly allowedSeconds: number;
}

/** What a signed request must say. */
export interface SignedRequestCheck extends SignedTimeCheck {
  /** The request path without leading slash and query, for instance `peergos/v0/login/listMfa`. */
  readonly path: string;
}

/** Path and time that a caller signs to prove who asks, and when (chapter 01 section 19). Immutable. */
export class SignedRequest implements ToCbor {
  private constructor(
    /** The request path without leading slash and query. */
    readonly path: string,
    /** ms since the epoch. */
    readonly time: number,
  ) {}

  /** A request for `path` at `time` (ms since the epoch). */
  static of(path: string, time: number): SignedRequest {
    if (typeof path !== 'string' || path.startsWith('/') || path.includes('?')) {
      throw new ArgumentError('path', 'must be a path without leading slash and query');
    }
    assertTime('time', time);
    return new SignedRequest(path, time);
  }

  /** Reads the map `{"p", "t"}`. */
  static fromCbor(value: CborValue, where = 'SignedRequest'): SignedRequest {
    const fields = CborFields.map('format.proof', where, value);
    return new SignedRequest(fields.text('p'), fields.integer('t'));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SignedRequest {
    return SignedRequest.fromCbor(decodeCbor(bytes));
  }

  /**
   * The server's check: opens `signed` with the expected key and requires the path and a fresh time; returns what was signed.
   * CryptoError `crypto.signature`, FormatError, DeniedError `denied.stale` (the text starts `Stale auth time`) or `denied.proof`.
   */
  static verify(crypto: CryptoProvider, publicKey: PublicSigningKey, signed: Uint8Array, check: SignedRequestCheck): SignedRequest {
    assertObject('check', check);
    const request = SignedRequest.decode(openSigned(crypto, publicKey, signed));
    checkFresh(request.time, check);
    if (request.path !== check.path) {
      // The signed path is the caller's own text: shown shortened, as the protocol wants it.
      throw new DeniedError('denied.proof', `Illegal path for signed request: ${printable(request.path, 100)}`);
    }
    return request;
  }

  /** The attached signature over this request. */
  sign(crypto: CryptoProvider, secretKey: SecretSigningKey): Uint8Array {
    return signAttached(crypto, secretKey, this.encode());
  }

  /** The attached signature as the `auth` parameter wants it: lower-case hex. */
  signToHex(crypto: CryptoProvider, secretKey: SecretSigningKey): string {
    return toHex(this.sign(crypto, secretKey));
  }

  /** Value equality. */
  equals(other: SignedRequest | undefined): boolean {
    return other instanceof SignedRequest && this.path === other.path && this.time === other.time;
  }

  /** The map `{"p", "t"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['p', this.path],
      ['t', this.time],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The time proof `signNow`: attached signature over the CBOR integer `now`, ms since the epoch (chapter 01 section 19). */
export function signNow(crypto: CryptoProvider, secretKey: SecretSigningKey, now: number): Uint8Array {
  assertTime('now', now);
  return signAttached(crypto, secretKey, encodeCbor(now));
}

/**
 * The server's check of a time proof; returns the signed time in ms since the epoch. CryptoError `crypto.signature`, FormatError
 * `format.proof` or DeniedError `denied.stale`.
 */
export function verifySignedTime(crypto: CryptoProvider, publicKey: PublicSigningKey, signed: Uint8Array, check: SignedTimeCheck): number {
  assertObject('check', check);
  const time = decodeCbor(openSigned(crypto, publicKey, signed));
  if (typeof time !== 'number') throw new FormatError('format.proof', 'signNow', 'must be an integer');
  checkFresh(time, check);
  return time;
}
