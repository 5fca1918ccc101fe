import { assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { MultihashCode } from '../codec/multihash.js';
import type { ComputationOptions, Hasher } from '../crypto/provider.js';
import { FormatError, LimitError, throwIfAborted } from '../errors.js';
import { MAX_PROOF_OF_WORK_SEARCH } from '../limits.js';

/** Bytes of a proof's prefix; an empty proof has none. */
export const PROOF_OF_WORK_PREFIX_SIZE = 8;
/** The difficulty that means "not allowed"; also the largest that can be expressed. */
export const MAX_PROOF_OF_WORK_DIFFICULTY = 256;
/** The difficulty that a server under load starts with. */
export const BASE_PROOF_OF_WORK_DIFFICULTY = 11;
/** Hashes between two looks at the signal: some milliseconds, so that a page stays responsive. */
const ATTEMPTS_PER_TURN = 4096;
/** Smallest rise of progress that is reported. */
const PROGRESS_STEP = 0.01;

/**
 * Whether a hash satisfies a difficulty of 0 to 256: that many bits are zero, whole bytes first, then the **low-order** bits of the
 * next byte (chapter 01 section 17).
 */
export function satisfiesDifficulty(hash: Uint8Array, difficulty: number): boolean {
  assertBytes('hash', hash, 32);
  assertInteger('difficulty', difficulty, 0, MAX_PROOF_OF_WORK_DIFFICULTY);
  const whole = difficulty >> 3;
  for (let i = 0; i < whole; i++) if (hash[i] !== 0) return false;
  const rest = difficulty & 7;
  return rest === 0 || ((hash[whole] as number) & ((1 << rest) - 1)) === 0;
}

/** A proof of work: a prefix that gives prefix || data a hash with enough zero bits (chapter 01 section 17). Immutable. */
export class ProofOfWork implements ToCbor {
  private constructor(
    /** 8 bytes, or none in an empty proof; never modify them. */
    readonly prefix: Uint8Array,
  ) {}

  /** The proof that proves nothing: difficulty 0 only. */
  static empty(): ProofOfWork {
    return new ProofOfWork(new Uint8Array());
  }

  /** Copies an 8-byte prefix. */
  static of(prefix: Uint8Array): ProofOfWork {
    assertBytes('prefix', prefix, PROOF_OF_WORK_PREFIX_SIZE);
    return new ProofOfWork(copyBytes(prefix));
  }

  /**
   * Searches the smallest little-endian counter that satisfies `difficulty` for `data`. Gives way to other work regularly.
   * A difficulty beyond MAX_PROOF_OF_WORK_SEARCH is a LimitError: it is not feasible, and 256 means "not allowed".
   * `onProgress` gets the probability that the search would have ended by now. AbortedError when cancelled.
   */
  static async search(hasher: Hasher, data: Uint8Array, difficulty: number, options: ComputationOptions = {}): Promise<ProofOfWork> {
    assertMethods('hasher', hasher, 'sha256');
    assertObject('options', options);
    assertBytes('data', data);
    assertInteger('difficulty', difficulty, 0, MAX_PROOF_OF_WORK_DIFFICULTY);
    if (difficulty > MAX_PROOF_OF_WORK_SEARCH) {
      throw new LimitError('proof of work difficulty', difficulty, MAX_PROOF_OF_WORK_SEARCH);
    }
    const input = concatBytes(new Uint8Array(PROOF_OF_WORK_PREFIX_SIZE), data);
    const view = new DataView(input.buffer);
    const expected = 2 ** difficulty;
    let reported = 0;
    for (let counter = 0; ; counter++) {
      if (counter % ATTEMPTS_PER_TURN === 0) {
        throwIfAborted(options.signal, 'proof of work');
        const progress = 1 - Math.exp(-counter / expected);
        if (progress >= reported + PROGRESS_STEP) {
          reported = progress;
          options.onProgress?.(progress);
        }
        if (counter > 0) await nextTurn();
      }
      view.setUint32(0, counter % 2 ** 32, true);
      view.setUint32(4, Math.floor(counter / 2 ** 32), true);
      if (satisfiesDifficulty(hasher.sha256(input), difficulty)) break;
    }
    options.onProgress?.(1);
    return ProofOfWork.of(input.subarray(0, PROOF_OF_WORK_PREFIX_SIZE));
  }

  /** Reads the map `{"type", "prefix"}`. The hash must be sha2-256 and the prefix 8 bytes or empty. */
  static fromCbor(value: CborValue, where = 'ProofOfWork'): ProofOfWork {
    const fields = CborFields.map('format.proof', where, value);
    if (fields.integer('type') !== MultihashCode.sha2_256) return fields.fail('type', 'must be sha2-256');
    const prefix = fields.bytes('prefix');
    if (prefix.length !== 0 && prefix.length !== PROOF_OF_WORK_PREFIX_SIZE) return fields.fail('prefix', 'must be empty or 8 bytes');
    return new ProofOfWork(copyBytes(prefix));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): ProofOfWork {
    return ProofOfWork.fromCbor(decodeCbor(bytes));
  }

  /** Whether this proof satisfies `difficulty` (0 to 256) for `data`. */
  check(hasher: Hasher, data: Uint8Array, difficulty: number): boolean {
    assertMethods('hasher', hasher, 'sha256');
    assertBytes('data', data);
    return satisfiesDifficulty(hasher.sha256(concatBytes(this.prefix, data)), difficulty);
  }

  /** Value equality. */
  equals(other: ProofOfWork | undefined): boolean {
    return other instanceof ProofOfWork && equalBytes(this.prefix, other.prefix);
  }

  /** The map `{"type", "prefix"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['type', MultihashCode.sha2_256],
      ['prefix', this.prefix],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Bytes of an encoded {@link encodeRequiredDifficulty}. */
const REQUIRED_DIFFICULTY_SIZE = 4;

/** The answer of a server that wants a better proof: the difficulty as 4 bytes big-endian (chapter 01 section 17). */
export function encodeRequiredDifficulty(difficulty: number): Uint8Array {
  assertInteger('difficulty', difficulty, 0, MAX_PROOF_OF_WORK_DIFFICULTY);
  const bytes = new Uint8Array(REQUIRED_DIFFICULTY_SIZE);
  new DataView(bytes.buffer).setUint32(0, difficulty);
  return bytes;
}

/**
 * Inverse of {@link encodeRequiredDifficulty}: 0 to MAX_PROOF_OF_WORK_DIFFICULTY, which means "not allowed". FormatError `format.proof`
 * for anything else; {@link ProofOfWork.search} refuses what takes too long.
 */
export function decodeRequiredDifficulty(bytes: Uint8Array): number {
  assertBytes('bytes', bytes);
  const where = 'RequiredDifficulty';
  if (bytes.length !== REQUIRED_DIFFICULTY_SIZE) throw new FormatError('format.proof', where, `must be ${REQUIRED_DIFFICULTY_SIZE} bytes`);
  const difficulty = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (difficulty > MAX_PROOF_OF_WORK_DIFFICULTY) throw new FormatError('format.proof', where, 'is more than a hash has bits');
  return difficulty;
}

/** Lets timers, input and messages run. A promise alone would not. */
async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
}
