import { hashBackupCode } from '@pyrgos/core/accounts';
import { assertBytes, constantTimeEqual, copyBytes } from '@pyrgos/core/bytes';
import { CborFields, cborMap, decodeCbor, encodeCbor, type CborValue, type ToCbor } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';

const HASH_SIZE = 32;

/** What the server keeps of a set of backup codes: the hash of each one that is left (chapter 05 section 15.4). Immutable. */
export class BackupCodeHashes implements ToCbor {
  private constructor(private readonly hashes: readonly Uint8Array[]) {}

  /** The hashes of codes; their spelling does not matter (case, hyphens, spaces). */
  static ofCodes(hasher: Hasher, codes: readonly string[]): BackupCodeHashes {
    return new BackupCodeHashes(codes.map((code) => hashBackupCode(hasher, code)));
  }

  /** Reads the map `{"h"}`. */
  static fromCbor(value: CborValue, where = 'BackupCodeHashes'): BackupCodeHashes {
    const fields = CborFields.map('format.account', where, value);
    const hashes = CborFields.list('format.account', fields.path('h'), fields.list('h'));
    return new BackupCodeHashes(Array.from({ length: hashes.size }, (_, i) => copyBytes(hashes.bytes(i, HASH_SIZE))));
  }

  /** Reads the CBOR bytes. FormatError `format.account` or `format.cbor`. */
  static decode(bytes: Uint8Array): BackupCodeHashes {
    assertBytes('bytes', bytes);
    return BackupCodeHashes.fromCbor(decodeCbor(bytes));
  }

  /** Number of codes left. */
  get remaining(): number {
    return this.hashes.length;
  }

  /** The set after `code` was used, or undefined when it is not in the set. Looks at every hash, whatever the code. */
  without(hasher: Hasher, code: string): BackupCodeHashes | undefined {
    const used = hashBackupCode(hasher, code);
    const left = this.hashes.filter((hash) => !constantTimeEqual(hash, used));
    return left.length < this.hashes.length ? new BackupCodeHashes(left) : undefined;
  }

  /** The map `{"h"}`. */
  toCbor(): CborValue {
    return cborMap([['h', this.hashes]]);
  }

  /** The CBOR bytes: the value of the factor's row. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
