import { assertBoolean, assertInstance, assertObject, assertOptionalInstance, assertString } from '../../arguments.js';
import { assertBytes, assertInteger, constantTimeEqual, copyBytes, utf8Encode } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { HashBranch } from '../../containers/hash-tree.js';
import { ArgumentError } from '../../errors.js';
import { Secret } from '../../keys/secret.js';
import { MAX_FILE_SIZE, MAX_THUMBNAIL_SIZE } from '../../limits.js';
import { STREAM_SECRET_SIZE } from './chunk-location.js';
import { assertLegalName, isLegalName } from './file-name.js';
import { DEFAULT_THUMBNAIL_TYPE, Thumbnail } from './thumbnail.js';
import { Timestamp } from './timestamp.js';

/** The parts of {@link FileProperties}. */
export interface FilePropertiesParts {
  readonly name: string;
  readonly isDirectory: boolean;
  /** A display hint: user interfaces leave it out. Default false. */
  readonly isHidden?: boolean | undefined;
  /** The mark of a link node (chapter 04 section 10). Default false. */
  readonly isLink?: boolean | undefined;
  /** Empty for directories. */
  readonly mimeType: string;
  /** Bytes of the file, up to MAX_FILE_SIZE; 0 for directories. */
  readonly size: number;
  readonly modified: Timestamp;
  /** Default: as modified. */
  readonly created?: Timestamp | undefined;
  readonly thumbnail?: Thumbnail | undefined;
  /** 32 bytes from which the locations of the chunks follow; every file has one, but for legacy data. */
  readonly streamSecret?: Uint8Array | undefined;
  /** The branch of the content hash tree that this chunk stores. Advisory: it may be stale. */
  readonly treeHash?: HashBranch | undefined;
}

/** What {@link FileProperties.with} changes; undefined removes an optional part. */
export type FilePropertiesChanges = { readonly [K in keyof FilePropertiesParts]?: FilePropertiesParts[K] | undefined };

/**
 * What is known of a file or directory besides its content (chapter 04 section 6). Only those of chunk 0 count; later chunks have old
 * copies. A secret: it holds the stream secret. Immutable.
 */
export class FileProperties extends Secret implements ToCbor {
  protected readonly secretKind: string = 'FileProperties';

  readonly #streamSecret: Uint8Array | undefined;

  private constructor(
    /** Legal, see `assertLegalName`. */
    readonly name: string,
    readonly isDirectory: boolean,
    readonly isHidden: boolean,
    readonly isLink: boolean,
    readonly mimeType: string,
    readonly size: number,
    readonly modified: Timestamp,
    readonly created: Timestamp,
    readonly thumbnail: Thumbnail | undefined,
    streamSecret: Uint8Array | undefined,
    readonly treeHash: HashBranch | undefined,
  ) {
    super();
    this.#streamSecret = streamSecret;
  }

  /** 32 bytes; never modify them. */
  get streamSecret(): Uint8Array | undefined {
    return this.#streamSecret;
  }

  /** Builds properties. ArgumentError for a name that is not legal and for a directory with a stream secret. */
  static of(parts: FilePropertiesParts): FileProperties {
    assertObject('parts', parts);
    const { name, isDirectory, isHidden = false, isLink = false, mimeType, size, modified, created = modified, thumbnail } = parts;
    const { streamSecret, treeHash } = parts;
    assertLegalName(name);
    assertBoolean('isDirectory', isDirectory);
    assertBoolean('isHidden', isHidden);
    assertBoolean('isLink', isLink);
    assertString('mimeType', mimeType);
    utf8Encode(mimeType, 'mimeType');
    assertInteger('size', size, 0, MAX_FILE_SIZE);
    assertInstance('modified', modified, Timestamp);
    assertInstance('created', created, Timestamp);
    assertOptionalInstance('thumbnail', thumbnail, Thumbnail);
    assertOptionalInstance('treeHash', treeHash, HashBranch);
    if (streamSecret !== undefined) {
      assertBytes('streamSecret', streamSecret, STREAM_SECRET_SIZE);
      if (isDirectory) throw new ArgumentError('streamSecret', 'is for files only');
    }
    const secret = streamSecret === undefined ? undefined : copyBytes(streamSecret);
    return new FileProperties(name, isDirectory, isHidden, isLink, mimeType, size, modified, created, thumbnail, secret, treeHash);
  }

  /** What the reference writes into every chunk of a directory but the first (chapter 04 section 9.2). */
  static readonly SUBSEQUENT_CHUNK: FileProperties = FileProperties.of({
    name: '.subsequent-dir-chunk',
    isDirectory: true,
    mimeType: '',
    size: 0,
    modified: Timestamp.SUBSEQUENT_CHUNK,
  });

  /** Reads the map. FormatError for properties that may not exist: an illegal name, a large thumbnail, a directory with a stream secret. */
  static fromCbor(value: CborValue, where = 'FileProperties'): FileProperties {
    const fields = CborFields.map('format.cryptree', where, value);
    const name = fields.text('n');
    // Not shown: it may be somebody else's.
    if (!isLegalName(name)) return fields.fail('n', 'is no legal name');
    const isDirectory = fields.boolean('d', false);
    const streamSecret = fields.optionalBytes('p', STREAM_SECRET_SIZE);
    if (isDirectory && streamSecret !== undefined) return fields.fail('p', 'is for files only');
    const treeHash = fields.optionalMap('th');
    const modified = readTime(fields, 'tn', fields.bigInt('t'));
    const created = fields.optionalBigInt('c');
    return new FileProperties(
      name,
      isDirectory,
      fields.boolean('h', false),
      fields.boolean('l', false),
      fields.text('m'),
      fields.integer('s', 0, MAX_FILE_SIZE),
      modified,
      readTime(fields, 'cn', created ?? BigInt(modified.seconds)),
      readThumbnail(fields),
      streamSecret === undefined ? undefined : copyBytes(streamSecret),
      treeHash === undefined ? undefined : HashBranch.fromCbor(treeHash, fields.path('th')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): FileProperties {
    return FileProperties.fromCbor(decodeCbor(bytes));
  }

  /** The same properties with some replaced; see {@link FileProperties.of} for errors. */
  with(changes: FilePropertiesChanges): FileProperties {
    assertObject('changes', changes);
    const { name, isDirectory, mimeType, size, modified } = changes;
    return FileProperties.of({
      isHidden: this.isHidden,
      isLink: this.isLink,
      created: this.created,
      thumbnail: this.thumbnail,
      streamSecret: this.streamSecret,
      treeHash: this.treeHash,
      ...changes,
      name: name ?? this.name,
      isDirectory: isDirectory ?? this.isDirectory,
      mimeType: mimeType ?? this.mimeType,
      size: size ?? this.size,
      modified: modified ?? this.modified,
    });
  }

  /** Value equality. */
  equals(other: FileProperties | undefined): boolean {
    return (
      other instanceof FileProperties &&
      this.name === other.name &&
      this.isDirectory === other.isDirectory &&
      this.isHidden === other.isHidden &&
      this.isLink === other.isLink &&
      this.mimeType === other.mimeType &&
      this.size === other.size &&
      this.modified.equals(other.modified) &&
      this.created.equals(other.created) &&
      (this.thumbnail === undefined ? other.thumbnail === undefined : this.thumbnail.equals(other.thumbnail)) &&
      (this.streamSecret === undefined || other.streamSecret === undefined
        ? this.streamSecret === other.streamSecret
        : constantTimeEqual(this.streamSecret, other.streamSecret)) &&
      (this.treeHash === undefined ? other.treeHash === undefined : this.treeHash.equals(other.treeHash))
    );
  }

  /** The map; all keys but those of absent parts are written. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.created.seconds],
      ['d', this.isDirectory],
      ['h', this.isHidden],
      ['i', this.thumbnail?.bytes],
      ['l', this.isLink],
      ['m', this.mimeType],
      ['n', this.name],
      ['p', this.streamSecret],
      ['s', this.size],
      ['t', this.modified.seconds],
      ['cn', this.created.nanoseconds],
      ['im', this.thumbnail?.mimeType],
      ['th', this.treeHash?.toCbor()],
      ['tn', this.modified.nanoseconds],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function readTime(fields: CborFields, nanosecondsKey: string, seconds: bigint): Timestamp {
  const nanoseconds = fields.optionalInteger(nanosecondsKey, 0, 999_999_999) ?? 0;
  // The decoder has no integers beyond 64 bits, so this fits.
  return Timestamp.of(seconds, nanoseconds);
}

function readThumbnail(fields: CborFields): Thumbnail | undefined {
  const image = fields.optionalBytes('i');
  const type = fields.optionalText('im');
  if (image === undefined) return undefined;
  if (image.length > MAX_THUMBNAIL_SIZE) return fields.fail('i', `is longer than ${MAX_THUMBNAIL_SIZE} bytes`);
  return Thumbnail.stored(type ?? DEFAULT_THUMBNAIL_TYPE, image);
}
