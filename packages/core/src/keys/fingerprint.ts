import { assertInstances, assertMethods } from '../arguments.js';
import { assertBytes, compareLengthThenSigned, concatBytes, copyBytes, equalBytes, fromHex, toHex, utf8Encode } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { PublicKeyHash } from './public-key-hash.js';

/** Bytes of one side's fingerprint. */
export const FINGERPRINT_SIZE = 32;
/** The version that is written into QR codes. */
const VERSION = 1;
const MAX_VERSION = 2 ** 31 - 1;
const ROUNDS = 5200;
const DIGEST_SIZE = 64;
const DIGIT_GROUPS = 6;
const GROUP_BYTES = 5;
const GROUP_DIGITS = 5;

/**
 * The 32-byte fingerprint of a user name and its key hashes: 5200 rounds of BLAKE2b-512 (chapter 01 section 9.4). The order of the
 * hashes does not matter. Which keys are listed is defined in chapter 05.
 */
export function computeFingerprint(crypto: Pick<CryptoProvider, 'blake2b'>, name: string, keys: readonly PublicKeyHash[]): Uint8Array {
  assertMethods('crypto', crypto, 'blake2b');
  const nameBytes = utf8Encode(name, 'name');
  assertInstances('keys', keys, PublicKeyHash);
  const sorted = keys.map((key) => key.encode()).sort(compareLengthThenSigned);
  let state: Uint8Array = concatBytes(new Uint8Array(2), nameBytes, ...sorted);
  for (let round = 0; round < ROUNDS; round++) state = crypto.blake2b(state, DIGEST_SIZE);
  return state.slice(0, FINGERPRINT_SIZE);
}

/** The 30 decimal digits of one fingerprint. */
function digits(fingerprint: Uint8Array): string {
  let text = '';
  for (let group = 0; group < DIGIT_GROUPS; group++) {
    let value = 0;
    // 40 bits, little-endian: a safe integer.
    for (let i = GROUP_BYTES - 1; i >= 0; i--) value = value * 256 + (fingerprint[group * GROUP_BYTES + i] as number);
    text += String(value % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0');
  }
  return text;
}

/** Own and friend's fingerprint: what two people compare by reading or by scanning (chapter 01 section 9.4). Immutable. */
export class FingerprintPair implements ToCbor {
  private constructor(
    /** Our fingerprint; never modify it. */
    readonly own: Uint8Array,
    /** The friend's fingerprint; never modify it. */
    readonly friend: Uint8Array,
    readonly version: number,
  ) {}

  /** Pairs two fingerprints of 32 bytes. */
  static of(own: Uint8Array, friend: Uint8Array): FingerprintPair {
    assertBytes('own', own, FINGERPRINT_SIZE);
    assertBytes('friend', friend, FINGERPRINT_SIZE);
    return new FingerprintPair(copyBytes(own), copyBytes(friend), VERSION);
  }

  /** Reads the map `{"f", "u", "v"}`. */
  static fromCbor(value: CborValue, where = 'FingerprintPair'): FingerprintPair {
    const fields = CborFields.map('format.key', where, value);
    return new FingerprintPair(
      copyBytes(fields.bytes('u', FINGERPRINT_SIZE)),
      copyBytes(fields.bytes('f', FINGERPRINT_SIZE)),
      fields.integer('v', 0, MAX_VERSION),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): FingerprintPair {
    return FingerprintPair.fromCbor(decodeCbor(bytes));
  }

  /** Parses the text of a scanned QR code: hex of the CBOR. */
  static parse(text: string): FingerprintPair {
    if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(text) || text.length > 512) {
      throw new FormatError('format.key', 'FingerprintPair', 'must be hex of at most 512 digits');
    }
    return FingerprintPair.decode(fromHex(text));
  }

  /** The 60 digits that both people see: the two 30-digit strings in ascending order. */
  get display(): string {
    return [digits(this.own), digits(this.friend)].sort().join('');
  }

  /** Whether the friend's scanned pair is this one seen from the other side: equal versions, fingerprints swapped. */
  matches(scanned: FingerprintPair): boolean {
    return (
      scanned instanceof FingerprintPair &&
      this.version === scanned.version &&
      equalBytes(this.own, scanned.friend) &&
      equalBytes(this.friend, scanned.own)
    );
  }

  /** Value equality. */
  equals(other: FingerprintPair | undefined): boolean {
    return (
      other instanceof FingerprintPair &&
      this.version === other.version &&
      equalBytes(this.own, other.own) &&
      equalBytes(this.friend, other.friend)
    );
  }

  /** The map `{"f", "u", "v"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['f', this.friend],
      ['u', this.own],
      ['v', this.version],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The text of the QR code: lower-case hex of the CBOR. */
  toString(): string {
    return toHex(this.encode());
  }
}
