import { assertList, assertMethods, assertString } from '../arguments.js';
import { drawRandomBytes } from '../crypto/random.js';
import { assertBytes, copyBytes, equalBytes, utf8Encode } from '../bytes.js';
import { encodeBase32 } from '../codec/base32.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { Hasher, RandomSource } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { MAX_CREDENTIAL_ID_SIZE } from '../limits.js';
import { assertBoundedBytes, boundedBytes } from './bounded-fields.js';

/** Codes in one set (chapter 05 section 15.4). */
export const BACKUP_CODE_COUNT = 10;
/** Characters of a code in its normal form. */
export const BACKUP_CODE_LENGTH = 10;
/** Random bytes that make one code. */
export const BACKUP_CODE_SEED_SIZE = 7;
/** Bytes of the credential ids that servers make. */
const CREDENTIAL_ID_SIZE = 32;

const CODE = /^[a-z2-7]{10}$/;

/** The code of 7 random bytes (chapter 05 section 15.4). */
export function backupCodeOf(seed: Uint8Array): string {
  assertBytes('seed', seed, BACKUP_CODE_SEED_SIZE);
  return encodeBase32(seed).slice(0, BACKUP_CODE_LENGTH);
}

/** The form that is hashed, of a code as it was typed: lower case, without anything that cannot be part of a code. */
export function normaliseBackupCode(text: string): string {
  assertString('text', text);
  return text.toLowerCase().replaceAll(/[^a-z2-7]/g, '');
}

/** The form that is shown: two groups of five. */
export function formatBackupCode(code: string): string {
  assertString('code', code);
  if (!CODE.test(code)) throw new ArgumentError('code', 'must be a backup code');
  return `${code.slice(0, 5)}-${code.slice(5)}`;
}

/** What is stored of a code as it was typed: SHA-256 of its normal form. */
export function hashBackupCode(hasher: Pick<Hasher, 'sha256'>, text: string): Uint8Array {
  assertMethods('hasher', hasher, 'sha256');
  return hasher.sha256(utf8Encode(normaliseBackupCode(text)));
}

/** A set of new backup codes, shown once to its owner (chapter 05 section 15.4). A secret. Immutable. */
export class BackupCodes extends Secret implements ToCbor {
  protected readonly secretKind: string = 'BackupCodes';

  readonly #codes: readonly string[];

  private constructor(
    /** Never modify it. */
    readonly credentialId: Uint8Array,
    codes: readonly string[],
  ) {
    super();
    this.#codes = codes;
  }

  /** In normal form. */
  get codes(): readonly string[] {
    return this.#codes;
  }

  /** Builds a set of {@link BACKUP_CODE_COUNT} distinct codes in normal form. */
  static of(credentialId: Uint8Array, codes: readonly string[]): BackupCodes {
    assertBoundedBytes('credentialId', credentialId, 1, MAX_CREDENTIAL_ID_SIZE);
    assertList('codes', codes);
    if (!isCodeSet(codes)) throw new ArgumentError('codes', `must be ${BACKUP_CODE_COUNT} distinct codes`);
    return new BackupCodes(copyBytes(credentialId), [...codes]);
  }

  /** A fresh set with a fresh credential id. */
  static generate(random: RandomSource): BackupCodes {
    const codes = new Set<string>();
    const credentialId = drawRandomBytes(random, CREDENTIAL_ID_SIZE);
    while (codes.size < BACKUP_CODE_COUNT) codes.add(backupCodeOf(drawRandomBytes(random, BACKUP_CODE_SEED_SIZE)));
    return BackupCodes.of(credentialId, [...codes]);
  }

  /** Reads the map `{"i", "c"}`. */
  static fromCbor(value: CborValue, where = 'BackupCodes'): BackupCodes {
    const fields = CborFields.map('format.account', where, value);
    const credentialId = boundedBytes(fields, 'i', 1, MAX_CREDENTIAL_ID_SIZE);
    const codes = fields.list('c');
    if (!isCodeSet(codes)) return fields.fail('c', `must be ${BACKUP_CODE_COUNT} distinct codes`);
    return new BackupCodes(credentialId, [...codes]);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BackupCodes {
    return BackupCodes.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BackupCodes | undefined): boolean {
    return other instanceof BackupCodes && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"i", "c"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', [...this.codes]],
      ['i', this.credentialId],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function isCodeSet(codes: readonly unknown[]): codes is readonly string[] {
  return (
    codes.length === BACKUP_CODE_COUNT &&
    codes.every((code) => typeof code === 'string' && CODE.test(code)) &&
    new Set(codes).size === codes.length
  );
}
