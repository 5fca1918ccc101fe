import { assertInstance, assertObject, assertOptionalInstance } from '../../arguments.js';
import { assertBytes, constantTimeEqual, copyBytes } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { Bat } from '../../keys/bat.js';
import { Secret } from '../../keys/secret.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { ChunkLocation, STREAM_SECRET_SIZE } from './chunk-location.js';

/** The parts of {@link ResumeUploadProps}. */
export interface ResumeUploadParts {
  readonly rBaseKey: SymmetricKey;
  readonly dataKey: SymmetricKey;
  readonly wBaseKey: SymmetricKey;
  /** Where the first chunk is. */
  readonly first: ChunkLocation;
  /** 32 bytes. */
  readonly streamSecret: Uint8Array;
}

/** The secrets of an upload that can go on later, kept by the client itself (chapter 04 section 16.5). A secret. Immutable. */
export class ResumeUploadProps extends Secret implements ToCbor {
  protected readonly secretKind: string = 'ResumeUploadProps';

  readonly #streamSecret: Uint8Array;

  private constructor(
    readonly rBaseKey: SymmetricKey,
    readonly dataKey: SymmetricKey,
    readonly wBaseKey: SymmetricKey,
    readonly first: ChunkLocation,
    streamSecret: Uint8Array,
  ) {
    super();
    this.#streamSecret = streamSecret;
  }

  /** 32 bytes; never modify them. */
  get streamSecret(): Uint8Array {
    return this.#streamSecret;
  }

  /** Builds the record; copies the stream secret. */
  static of(parts: ResumeUploadParts): ResumeUploadProps {
    assertObject('parts', parts);
    const { rBaseKey, dataKey, wBaseKey, first, streamSecret } = parts;
    assertInstance('rBaseKey', rBaseKey, SymmetricKey);
    assertInstance('dataKey', dataKey, SymmetricKey);
    assertInstance('wBaseKey', wBaseKey, SymmetricKey);
    assertInstance('first', first, ChunkLocation);
    assertOptionalInstance('first.bat', first.bat, Bat);
    assertBytes('streamSecret', streamSecret, STREAM_SECRET_SIZE);
    return new ResumeUploadProps(rBaseKey, dataKey, wBaseKey, first, copyBytes(streamSecret));
  }

  /** Reads the map `{"b", "d", "m", "s", "w", "ib"?}`. */
  static fromCbor(value: CborValue, where = 'ResumeUploadProps'): ResumeUploadProps {
    const fields = CborFields.map('format.cryptree', where, value);
    const bat = fields.optionalMap('ib');
    return new ResumeUploadProps(
      SymmetricKey.fromCbor(fields.list('b'), fields.path('b')),
      SymmetricKey.fromCbor(fields.list('d'), fields.path('d')),
      SymmetricKey.fromCbor(fields.list('w'), fields.path('w')),
      ChunkLocation.of(fields.bytes('m', 32), bat === undefined ? undefined : Bat.fromCbor(bat, fields.path('ib'))),
      copyBytes(fields.bytes('s', STREAM_SECRET_SIZE)),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): ResumeUploadProps {
    return ResumeUploadProps.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: ResumeUploadProps | undefined): boolean {
    return (
      other instanceof ResumeUploadProps &&
      this.rBaseKey.equals(other.rBaseKey) &&
      this.dataKey.equals(other.dataKey) &&
      this.wBaseKey.equals(other.wBaseKey) &&
      this.first.equals(other.first) &&
      constantTimeEqual(this.streamSecret, other.streamSecret)
    );
  }

  /** The map `{"b", "d", "m", "s", "w", "ib"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.rBaseKey.toCbor()],
      ['d', this.dataKey.toCbor()],
      ['m', this.first.mapKey],
      ['s', this.streamSecret],
      ['w', this.wBaseKey.toCbor()],
      ['ib', this.first.bat?.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
