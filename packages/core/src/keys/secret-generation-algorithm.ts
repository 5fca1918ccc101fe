import { assertObject } from '../arguments.js';
import { assertInteger, utf8Encode } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_SCRYPT_LOG_N, MAX_SCRYPT_MEMORY, MIN_SCRYPT_LOG_N } from '../limits.js';

const TYPE_RANDOM = 0;
const TYPE_SCRYPT = 1;
const WHERE = 'SecretGenerationAlgorithm';
/** Largest scrypt block size that is accepted; the protocol always uses 8. */
const MAX_BLOCK_SIZE_R = 32;

/** The output lengths that the protocol knows (chapter 01 section 9.6). */
export type SecretOutputLength = 32 | 64 | 96;

/** How keys come from a password, or that they do not (chapter 01 section 9.6). */
export type SecretGenerationAlgorithm = RandomSecretGeneration | ScryptSecretGeneration;

/** Type 0: keys are random, there is no password. */
export class RandomSecretGeneration implements ToCbor {
  /** Distinguishes the members of {@link SecretGenerationAlgorithm}. */
  readonly type = 'random' as const;

  /** Value equality. */
  equals(other: SecretGenerationAlgorithm | undefined): boolean {
    return other instanceof RandomSecretGeneration;
  }

  /** The map `{"type": 0}`. */
  toCbor(): CborValue {
    return cborMap([['type', TYPE_RANDOM]]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** What may be chosen for {@link ScryptSecretGeneration.of}. */
export interface ScryptChoice {
  /** log2 of N, MIN_SCRYPT_LOG_N to MAX_SCRYPT_LOG_N; default 17. */
  readonly logN?: number | undefined;
  /** Block size r, 1 to 32; default 8, and nothing else is in use. */
  readonly r?: number | undefined;
  /** Bytes of output: 32, 64 (default) or 96. */
  readonly length?: SecretOutputLength | undefined;
  /** Text that is appended to the salt; default empty. */
  readonly extraSalt?: string | undefined;
}

/** Type 1: scrypt, parallelism 1. */
export class ScryptSecretGeneration implements ToCbor {
  /** Distinguishes the members of {@link SecretGenerationAlgorithm}. */
  readonly type = 'scrypt' as const;
  /** Parallelism: other values work nowhere (section 9.6). */
  readonly p = 1 as const;

  private constructor(
    readonly logN: number,
    readonly r: number,
    readonly length: SecretOutputLength,
    readonly extraSalt: string,
  ) {}

  /** Builds the parameters; ArgumentError for what {@link secretGenerationAlgorithmFromCbor} would refuse. */
  static of(choice: ScryptChoice = {}): ScryptSecretGeneration {
    assertObject('choice', choice);
    const { logN = 17, r = 8, length = 64, extraSalt = '' } = choice;
    assertInteger('logN', logN, MIN_SCRYPT_LOG_N, MAX_SCRYPT_LOG_N);
    assertInteger('r', r, 1, MAX_BLOCK_SIZE_R);
    if (scryptMemory(logN, r) > MAX_SCRYPT_MEMORY) throw new ArgumentError('logN', `needs more than ${MAX_SCRYPT_MEMORY} bytes`);
    if (!isOutputLength(length)) throw new ArgumentError('length', 'must be 32, 64 or 96');
    utf8Encode(extraSalt, 'extraSalt');
    return new ScryptSecretGeneration(logN, r, length, extraSalt);
  }

  /** Value equality. */
  equals(other: SecretGenerationAlgorithm | undefined): boolean {
    return (
      other instanceof ScryptSecretGeneration &&
      this.logN === other.logN &&
      this.r === other.r &&
      this.length === other.length &&
      this.extraSalt === other.extraSalt
    );
  }

  /** The map `{"c", "m", "o", "p", "s", "type": 1}`; `s` is always written. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.r],
      ['m', this.logN],
      ['o', this.length],
      ['p', this.p],
      ['s', this.extraSalt],
      ['type', TYPE_SCRYPT],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Memory that scrypt needs, in bytes. */
function scryptMemory(logN: number, r: number): number {
  return 128 * 2 ** logN * r;
}

function isOutputLength(length: number): length is SecretOutputLength {
  return length === 32 || length === 64 || length === 96;
}

/**
 * Reads the parameters. A peer may choose them, so costs beyond the limits (m, memory) are a FormatError `format.container`, as are
 * an unknown type, p other than 1 and an output length other than 32, 64 or 96. A missing `s` is the empty text.
 */
export function secretGenerationAlgorithmFromCbor(value: CborValue, where: string = WHERE): SecretGenerationAlgorithm {
  const fields = CborFields.map('format.container', where, value);
  const type = fields.integer('type');
  if (type === TYPE_RANDOM) return new RandomSecretGeneration();
  if (type !== TYPE_SCRYPT) return fields.fail('type', 'unknown secret generation algorithm');
  const logN = fields.integer('m', MIN_SCRYPT_LOG_N, MAX_SCRYPT_LOG_N);
  const r = fields.integer('c', 1, MAX_BLOCK_SIZE_R);
  if (scryptMemory(logN, r) > MAX_SCRYPT_MEMORY) {
    throw new FormatError('format.container', where, `scrypt would need more than ${MAX_SCRYPT_MEMORY} bytes of memory`);
  }
  fields.integer('p', 1, 1);
  const length = fields.integer('o');
  if (!isOutputLength(length)) return fields.fail('o', 'must be 32, 64 or 96');
  return ScryptSecretGeneration.of({ logN, r, length, extraSalt: fields.optionalText('s') ?? '' });
}

/** Reads the CBOR bytes; anything after the item is an error. */
export function decodeSecretGenerationAlgorithm(bytes: Uint8Array): SecretGenerationAlgorithm {
  return secretGenerationAlgorithmFromCbor(decodeCbor(bytes));
}
