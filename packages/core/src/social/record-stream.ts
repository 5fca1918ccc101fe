import { assertFunction, assertList, assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes } from '../bytes.js';
import { decodeCborPrefix } from '../codec/cbor-decode.js';
import type { CborValue } from '../codec/cbor-value.js';
import { PyrgosError } from '../errors.js';
import { MAX_SOCIAL_RECORD_SIZE, MAX_SOCIAL_RECORDS } from '../limits.js';

/** A record of a stream and where it stands. */
export interface StreamRecord<T> {
  readonly value: T;
  /** How many items stand before it, skipped ones included, from where the call began. */
  readonly index: number;
  /** Offset of its first byte. */
  readonly start: number;
  /** Offset after its last byte. */
  readonly end: number;
}

/** What {@link readRecords} found. */
export interface StreamRecords<T> {
  readonly records: readonly StreamRecord<T>[];
  /** Items of CBOR that are not of the kind asked for; they were skipped. */
  readonly skipped: number;
  /** Offset after the last item that was read: where the next call goes on. */
  readonly end: number;
  /**
   * Why it ended there: `end` of the bytes; `limit` of records, and calling again with `offset: end` reads more; `rest`: what follows is cut
   * off or damaged. When more bytes may follow, read on with all bytes from `end`; else the rest is lost, but nothing before it.
   */
  readonly stopped: 'end' | 'limit' | 'rest';
}

/** From where and how much {@link readRecords} reads. */
export interface ReadRecordsOptions {
  /** Where the first record begins; default 0. */
  readonly offset?: number | undefined;
  /** Most items that are read, 1 to MAX_SOCIAL_RECORDS, which is the default. */
  readonly limit?: number | undefined;
}

/**
 * Reads items of CBOR that stand one after the other without anything between them: entry points, shared capabilities, feed items (chapter 06
 * sections 1, 8.1 and 16.1). `read` turns an item into a record; an item that it refuses with a typed error is skipped. A record longer than
 * MAX_SOCIAL_RECORD_SIZE is damage.
 */
export function readRecords<T>(bytes: Uint8Array, read: (value: CborValue) => T, options: ReadRecordsOptions = {}): StreamRecords<T> {
  assertBytes('bytes', bytes);
  assertFunction('read', read);
  assertObject('options', options);
  const { offset = 0, limit = MAX_SOCIAL_RECORDS } = options;
  assertInteger('offset', offset, 0, bytes.length);
  assertInteger('limit', limit, 1, MAX_SOCIAL_RECORDS);
  const records: StreamRecord<T>[] = [];
  let end = offset;
  let items = 0;
  let stopped: StreamRecords<T>['stopped'] = 'end';
  while (end < bytes.length) {
    const start = end;
    const item = items === limit ? undefined : nextItem(bytes, start);
    if (item === undefined) {
      stopped = items === limit ? 'limit' : 'rest';
      break;
    }
    const index = items++;
    end = item.end;
    const record = unlessTyped(() => ({ value: read(item.value), index, start, end: item.end }));
    if (record !== undefined) records.push(record);
  }
  return { records, skipped: items - records.length, end, stopped };
}

/** The bytes of records one after the other: what is appended to a file that {@link readRecords} reads. */
export function encodeRecords(records: readonly { encode(): Uint8Array }[]): Uint8Array {
  assertList('records', records);
  return concatBytes(
    ...Array.from(records, (record, i) => {
      assertMethods(`records[${i}]`, record, 'encode');
      return record.encode();
    }),
  );
}

function nextItem(bytes: Uint8Array, start: number): { readonly value: CborValue; readonly end: number } | undefined {
  // Only as far as a record may reach: the declared lengths of garbage are then as small.
  const window = bytes.subarray(start, start + MAX_SOCIAL_RECORD_SIZE);
  const item = unlessTyped(() => decodeCborPrefix(window));
  return item === undefined ? undefined : { value: item.value, end: start + item.end };
}

/** The result, or undefined for an error that says that something from outside is wrong. */
function unlessTyped<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof PyrgosError && error.code !== 'internal') return undefined;
    throw error;
  }
}
