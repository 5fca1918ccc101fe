import { concatBytes } from '../bytes.js';
import { decodeSmallVarint, decodeVarint, encodeVarint } from '../codec/varint.js';
import { FormatError } from '../errors.js';

const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field of a flat message: an unsigned integer or a byte string. */
export type ProtobufField = bigint | Uint8Array;

/** The bytes of a flat protobuf message, fields in the order given. */
export function encodeProtobuf(fields: readonly (readonly [number: number, value: ProtobufField])[]): Uint8Array {
  return concatBytes(
    ...fields.flatMap(([number, value]) =>
      typeof value === 'bigint'
        ? [encodeVarint(number * 8 + WireType.varint), encodeVarint(value)]
        : [encodeVarint(number * 8 + WireType.bytes), encodeVarint(value.length), value],
    ),
  );
}

/**
 * Reads a flat protobuf message into integers and byte strings (views) by field number. Fixed-size fields are skipped. FormatError
 * `format.request` for a field that occurs twice, for groups and for bytes that do not fit together.
 */
export function decodeProtobuf(where: string, input: Uint8Array): ReadonlyMap<number, ProtobufField> {
  const fields = new Map<number, ProtobufField>();
  const seen = new Set<number>();
  let at = 0;
  while (at < input.length) {
    const tag = readVarint(where, () => decodeSmallVarint(input, at));
    const number = Math.floor(tag.value / 8);
    if (number === 0 || seen.has(number)) throw new FormatError('format.request', where, `field ${number} occurs twice or is none`);
    seen.add(number);
    at = tag.end;
    switch (tag.value % 8) {
      case WireType.varint: {
        const { value, end } = readVarint(where, () => decodeVarint(input, at));
        fields.set(number, value);
        at = end;
        break;
      }
      case WireType.bytes: {
        const { value: length, end } = readVarint(where, () => decodeSmallVarint(input, at));
        if (length > input.length - end) throw new FormatError('format.request', where, 'ends inside a field');
        fields.set(number, input.subarray(end, end + length));
        at = end + length;
        break;
      }
      case WireType.fixed64:
        at += 8;
        break;
      case WireType.fixed32:
        at += 4;
        break;
      default:
        throw new FormatError('format.request', where, 'has a field of an unknown type');
    }
  }
  if (at > input.length) throw new FormatError('format.request', where, 'ends inside a field');
  return fields;
}

function readVarint<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError('format.request', where, error.message, { cause: error });
    throw error;
  }
}
