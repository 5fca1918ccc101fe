import { assertInstance, assertMethods, assertObject, assertOptionalInstance, assertString } from '../../arguments.js';
import { assertBytes, assertInteger, constantTimeEqual, copyBytes, utf8Encode } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { type CborMap, cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { Cid, CidCodec } from '../../codec/cid.js';
import { HashTree } from '../../containers/hash-tree.js';
import type { Hasher } from '../../crypto/provider.js';
import { LimitError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { Secret } from '../../keys/secret.js';
import { type Signer, SigningPrivateKeyAndPublicHash } from '../../keys/signing-key.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { MAX_FILE_SIZE, MAX_PATH_LENGTH } from '../../limits.js';
import { MAP_KEY_SIZE } from '../map-key.js';
import { ChunkLocation, STREAM_SECRET_SIZE } from './chunk-location.js';
import { FileProperties } from './file-properties.js';

const TYPE = 'FILE_UPLOAD';

function assertPath(path: string): void {
  assertString('path', path);
  utf8Encode(path, 'path');
  if (path.length > MAX_PATH_LENGTH) throw new LimitError('path length', path.length, MAX_PATH_LENGTH);
}

/** The name of the record of an upload to `path`, `user/dir/file` without a leading slash (chapter 04 section 16.1). */
export function transactionFileName(hasher: Pick<Hasher, 'sha256'>, path: string): string {
  assertMethods('hasher', hasher, 'sha256');
  assertPath(path);
  return Cid.ofSha256(hasher.sha256(utf8Encode(path)), CidCodec.raw).toString();
}

/** What is needed to resume an upload; legacy records do not have it. */
export interface UploadTransactionKeys {
  readonly properties: FileProperties;
  readonly rBaseKey: SymmetricKey;
  readonly dataKey: SymmetricKey;
  readonly wBaseKey: SymmetricKey;
}

/** The parts of an {@link UploadTransaction}. */
export interface UploadTransactionParts {
  /** `user/dir/file`, without a leading slash; at most MAX_PATH_LENGTH UTF-16 code units. */
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly owner: PublicKeyHash;
  /** Who signs in the writing space of the directory. */
  readonly writer: Signer;
  /** Where the first chunk is. */
  readonly first: ChunkLocation;
  /** 32 bytes. */
  readonly streamSecret: Uint8Array;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  /** The tree of the content, when it is known. */
  readonly hashTree?: HashTree | undefined;
  /** Absent in legacy records, which can only be cleared. */
  readonly keys?: UploadTransactionKeys | undefined;
}

/**
 * The record of an upload of more than one chunk (chapter 04 section 16.1). A secret: it holds the signing key of the writing space.
 * Immutable.
 */
export class UploadTransaction extends Secret implements ToCbor {
  protected readonly secretKind: string = 'UploadTransaction';

  private constructor(
    readonly path: string,
    readonly size: number,
    readonly owner: PublicKeyHash,
    readonly writer: Signer,
    readonly first: ChunkLocation,
    /** 32 bytes; never modify them. */
    readonly streamSecret: Uint8Array,
    readonly startTime: number,
    readonly hashTree: HashTree | undefined,
    readonly keys: UploadTransactionKeys | undefined,
  ) {
    super();
  }

  /** Builds a record; copies the stream secret. */
  static of(parts: UploadTransactionParts): UploadTransaction {
    assertObject('parts', parts);
    const { path, size, owner, writer, first, streamSecret, startTime, hashTree, keys } = parts;
    assertPath(path);
    assertInteger('size', size, 0, MAX_FILE_SIZE);
    assertInstance('owner', owner, PublicKeyHash);
    assertInstance('writer', writer, SigningPrivateKeyAndPublicHash);
    assertInstance('first', first, ChunkLocation);
    assertBytes('streamSecret', streamSecret, STREAM_SECRET_SIZE);
    assertInteger('startTime', startTime, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    assertOptionalInstance('hashTree', hashTree, HashTree);
    const secret = copyBytes(streamSecret);
    return new UploadTransaction(path, size, owner, writer, first, secret, startTime, hashTree, keys && checkedKeys(keys));
  }

  /** Reads the map; a record without properties is a legacy one. FormatError for another type of record. */
  static fromCbor(value: CborValue, where = 'UploadTransaction'): UploadTransaction {
    const fields = CborFields.map('format.cryptree', where, value);
    if (fields.text('type') !== TYPE) return fields.fail('type', 'unknown type of record');
    const path = fields.text('path');
    if (path.length > MAX_PATH_LENGTH) return fields.fail('path', `is longer than ${MAX_PATH_LENGTH} characters`);
    const bat = fields.optionalMap('firstBat');
    const hashTree = fields.optionalMap('hash');
    const properties = fields.optionalMap('props');
    return new UploadTransaction(
      path,
      fields.integer('size', 0, MAX_FILE_SIZE),
      PublicKeyHash.fromCid(fields.link('owner'), fields.path('owner')),
      SigningPrivateKeyAndPublicHash.fromCbor(fields.map('writer'), fields.path('writer')),
      ChunkLocation.of(fields.bytes('mapKey', MAP_KEY_SIZE), bat === undefined ? undefined : Bat.fromCbor(bat, fields.path('firstBat'))),
      copyBytes(fields.bytes('streamSecret', STREAM_SECRET_SIZE)),
      fields.integer('startTimeEpochMs'),
      hashTree === undefined ? undefined : HashTree.fromCbor(hashTree, fields.path('hash')),
      properties === undefined ? undefined : readKeys(fields, properties),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): UploadTransaction {
    return UploadTransaction.fromCbor(decodeCbor(bytes));
  }

  /** Whether the record can only be cleared or closed, not resumed. */
  get isLegacy(): boolean {
    return this.keys === undefined;
  }

  /** The name of the file that holds the record; see {@link transactionFileName}. */
  fileName(hasher: Pick<Hasher, 'sha256'>): string {
    return transactionFileName(hasher, this.path);
  }

  /** Value equality. */
  equals(other: UploadTransaction | undefined): boolean {
    return other instanceof UploadTransaction && constantTimeEqual(this.encode(), other.encode());
  }

  /** The map. */
  toCbor(): CborValue {
    const { keys } = this;
    return cborMap([
      ['hash', this.hashTree?.toCbor()],
      ['path', this.path],
      ['size', this.size],
      ['type', TYPE],
      ['owner', this.owner.toCbor()],
      ['props', keys?.properties.toCbor()],
      ['mapKey', this.first.mapKey],
      ['writer', this.writer.toCbor()],
      ['baseKey', keys?.rBaseKey.toCbor()],
      ['dataKey', keys?.dataKey.toCbor()],
      ['firstBat', this.first.bat?.toCbor()],
      ['writeKey', keys?.wBaseKey.toCbor()],
      ['streamSecret', this.streamSecret],
      ['startTimeEpochMs', this.startTime],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function checkedKeys(keys: UploadTransactionKeys): UploadTransactionKeys {
  assertObject('keys', keys);
  const { properties, rBaseKey, dataKey, wBaseKey } = keys;
  assertInstance('keys.properties', properties, FileProperties);
  assertInstance('keys.rBaseKey', rBaseKey, SymmetricKey);
  assertInstance('keys.dataKey', dataKey, SymmetricKey);
  assertInstance('keys.wBaseKey', wBaseKey, SymmetricKey);
  return { properties, rBaseKey, dataKey, wBaseKey };
}

function readKeys(fields: CborFields, properties: CborMap): UploadTransactionKeys {
  return {
    properties: FileProperties.fromCbor(properties, fields.path('props')),
    rBaseKey: SymmetricKey.fromCbor(fields.list('baseKey'), fields.path('baseKey')),
    dataKey: SymmetricKey.fromCbor(fields.list('dataKey'), fields.path('dataKey')),
    wBaseKey: SymmetricKey.fromCbor(fields.list('writeKey'), fields.path('writeKey')),
  };
}
