import { assertInstances, assertOptionalInstance } from '../../arguments.js';
import { assertBytes, copyBytes } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { encodeBase58 } from '../../codec/base58.js';
import { decodeMultibase } from '../../codec/multibase.js';
import { FormatError, LimitError } from '../../errors.js';
import { BatWithId } from '../../keys/bat.js';
import { MAX_CHAMP_KEY_SIZE, MAX_CHAMP_LOOKUPS } from '../../limits.js';

/** One key of a champ lookup, with the BAT that opens its value block (chapter 03 section 10.1). */
export class ChunkMirrorCap implements ToCbor {
  private constructor(
    readonly key: Uint8Array,
    readonly bat: BatWithId | undefined,
  ) {}

  /** Copies the key. */
  static of(key: Uint8Array, bat?: BatWithId): ChunkMirrorCap {
    assertBytes('key', key);
    if (key.length > MAX_CHAMP_KEY_SIZE) throw new LimitError('CHAMP key size', key.length, MAX_CHAMP_KEY_SIZE);
    assertOptionalInstance('bat', bat, BatWithId);
    return new ChunkMirrorCap(copyBytes(key), bat);
  }

  /** Reads the map `{"b"?, "m"}`. */
  static fromCbor(value: CborValue, where = 'ChunkMirrorCap'): ChunkMirrorCap {
    const fields = CborFields.map('format.champ', where, value);
    const bat = fields.optionalMap('b');
    const key = fields.bytes('m');
    if (key.length > MAX_CHAMP_KEY_SIZE) return fields.fail('m', `is longer than ${MAX_CHAMP_KEY_SIZE} bytes`);
    return ChunkMirrorCap.of(key, bat === undefined ? undefined : BatWithId.fromCbor(bat, fields.path('b')));
  }

  /** The map `{"b"?, "m"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['m', this.key],
      ['b', this.bat?.toCbor()],
    ]);
  }
}

/** The `caps` parameter of champ/get/bulk: multibase base58btc of the CBOR list. It contains BATs. */
export function formatChampCaps(caps: readonly ChunkMirrorCap[]): string {
  assertInstances('caps', caps, ChunkMirrorCap);
  if (caps.length > MAX_CHAMP_LOOKUPS) throw new LimitError('caps in a bulk champ get', caps.length, MAX_CHAMP_LOOKUPS);
  return `z${encodeBase58(encodeCbor(caps.map((cap) => cap.toCbor())))}`;
}

/** Parses the `caps` parameter. LimitError (`Too many caps in bulk champ get call!` on the wire) beyond MAX_CHAMP_LOOKUPS. */
export function parseChampCaps(text: string): ChunkMirrorCap[] {
  const list = decodeCbor(decodeMultibase(text));
  if (!Array.isArray(list)) throw new FormatError('format.champ', 'caps', 'must be a list');
  if (list.length > MAX_CHAMP_LOOKUPS) throw new LimitError('caps in a bulk champ get', list.length, MAX_CHAMP_LOOKUPS);
  return (list as readonly CborValue[]).map((item, i) => ChunkMirrorCap.fromCbor(item, `caps[${i}]`));
}
