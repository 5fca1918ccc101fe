import { assertInstance } from '../arguments.js';
import { assertBytes, compareLengthThenSigned, copyBytes, equalBytes } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_IDENTITY_DIGEST_READ } from '../limits.js';
import { decodeBase58, encodeBase58 } from './base58.js';
import { decodeSmallVarint } from './varint.js';
import { prependVarints } from './varint-pair.js';

/** Multihash codes of the protocol (chapter 01 section 4). Only identity and sha2-256 can be verified. */
export const MultihashCode = {
  identity: 0x00,
  sha2_256: 0x12,
  sha2_512: 0x13,
  sha3: 0x14,
  blake3: 0x1e,
  blake2b: 0x40,
  blake2s: 0x41,
} as const;

const digestLengths = new Map<number, number>([
  [MultihashCode.sha2_256, 32],
  [MultihashCode.sha2_512, 64],
  [MultihashCode.sha3, 64],
  [MultihashCode.blake3, 32],
  [MultihashCode.blake2b, 64],
  [MultihashCode.blake2s, 32],
]);

/** An immutable multihash. The arrays it hands out are its own: never modify them. */
export class Multihash {
  // Truly private, like the caches of a Cid; and filled on demand, because most multihashes are only part of a CID.
  #bytes: Uint8Array | undefined;
  /** The hash, or the data itself. */
  readonly digest: Uint8Array;

  // All checks stand here: a malformed hash must not exist, not even for callers without types.
  private constructor(
    readonly code: number,
    digest: Uint8Array,
  ) {
    assertBytes('digest', digest);
    checkDigest(code, digest.length);
    this.digest = copyBytes(digest);
  }

  /** Checks code and digest length and copies the digest. FormatError `format.multihash`. */
  static create(code: number, digest: Uint8Array): Multihash {
    return new Multihash(code, digest);
  }

  /** A sha2-256 multihash of a 32-byte digest. */
  static sha256(digest: Uint8Array): Multihash {
    return Multihash.create(MultihashCode.sha2_256, digest);
  }

  /** The binary form: varint(code) || varint(length) || digest. */
  get bytes(): Uint8Array {
    this.#bytes ??= prependVarints(this.code, this.digest.length, this.digest);
    return this.#bytes;
  }

  /** Whether the digest is the data itself. */
  get isIdentity(): boolean {
    return this.code === MultihashCode.identity;
  }

  /** Value equality. */
  equals(other: Multihash): boolean {
    return other instanceof Multihash && this.code === other.code && equalBytes(this.digest, other.digest);
  }

  /** base58btc without prefix: `Qm…`, `12D3KooW…`. */
  toString(): string {
    return encodeBase58(this.bytes);
  }
}

/** Order of sorted sets of hashes: digest length, then digest as signed bytes, then code (chapter 01 section 4). */
export function compareMultihashes(a: Multihash, b: Multihash): number {
  assertInstance('a', a, Multihash);
  assertInstance('b', b, Multihash);
  return compareLengthThenSigned(a.digest, b.digest) || a.code - b.code;
}

function checkDigest(code: number, length: number): void {
  if (code === MultihashCode.identity) {
    if (length > MAX_IDENTITY_DIGEST_READ) {
      throw new FormatError('format.multihash', 'digest', `an identity digest is at most ${MAX_IDENTITY_DIGEST_READ} bytes, got ${length}`);
    }
    return;
  }
  const expected = digestLengths.get(code);
  if (expected === undefined)
    throw new FormatError('format.multihash', 'code', `unknown multihash code ${typeof code === 'number' ? code : typeof code}`);
  if (length !== expected) throw new FormatError('format.multihash', 'digest', `must be ${expected} bytes, got ${length}`);
}

/** Reads a multihash at `start`; `end` is the offset after it. FormatError `format.multihash` or `format.varint`. */
export function decodeMultihashPrefix(input: Uint8Array, start = 0): { readonly value: Multihash; readonly end: number } {
  assertBytes('input', input);
  const code = decodeSmallVarint(input, start);
  const length = decodeSmallVarint(input, code.end);
  checkDigest(code.value, length.value);
  const end = length.end + length.value;
  if (end > input.length) throw new FormatError('format.multihash', 'digest', 'input ends inside the digest');
  return { value: Multihash.create(code.value, input.subarray(length.end, end)), end };
}

/** Reads a multihash that fills the whole input. */
export function decodeMultihash(input: Uint8Array): Multihash {
  assertBytes('input', input);
  const { value, end } = decodeMultihashPrefix(input);
  if (end !== input.length) throw new FormatError('format.multihash', `byte ${end}`, 'trailing bytes');
  return value;
}

/** Parses the text form of a bare multihash (base58btc without prefix; peer ids). */
export function parseMultihash(text: string): Multihash {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  return decodeMultihash(decodeBase58(text));
}
