import { assertInstances } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_AUTHORISED_BLOCKS, MAX_PRESIGNED_HEADERS, MAX_PRESIGNED_URL_LENGTH } from '../limits.js';

/** An absolute web address in printable ASCII without user info: credentials have no place in it. */
const URL_TEXT = /^https?:\/\/[^/?#@\s]+(?:[/?#][!-~]*)?$/;
const PRINTABLE = /^[!-~]+$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** Visible ASCII and inner spaces: nothing that could end a header line. */
const HEADER_VALUE = /^(?:[!-~](?:[ !-~]*[!-~])?)?$/;

/**
 * A request that the holder may send directly to the block storage (chapter 02 section 5.11). Immutable. It comes from a server:
 * where it leads is checked for form only, so compare it with {@link BlockStoreProperties} before you follow it.
 */
export class PresignedUrl implements ToCbor {
  private constructor(
    readonly url: string,
    /** Headers to send, by name as written; a Map because a peer chooses the names. */
    readonly headers: ReadonlyMap<string, string>,
  ) {}

  /** Builds a pre-signed request. */
  static of(url: string, headers: ReadonlyMap<string, string>): PresignedUrl {
    if (!isUrl(url)) throw new ArgumentError('url', 'must be an absolute http or https URL');
    if (!(headers instanceof Map) || headers.size > MAX_PRESIGNED_HEADERS || ![...headers].every(isHeader)) {
      throw new ArgumentError('headers', 'must be a Map of header names to values');
    }
    return new PresignedUrl(url, new Map(headers));
  }

  /** Reads the map `{"b", "h"}`. */
  static fromCbor(value: CborValue, where = 'PresignedUrl'): PresignedUrl {
    const fields = CborFields.map('format.request', where, value);
    const url = fields.text('b');
    if (!isUrl(url)) return fields.fail('b', 'must be an absolute http or https URL');
    const headers = fields.map('h');
    if (headers.size > MAX_PRESIGNED_HEADERS) return fields.fail('h', `must have at most ${MAX_PRESIGNED_HEADERS} entries`);
    if (!isHeaderMap(headers)) return fields.fail('h', 'must hold header names and values');
    return new PresignedUrl(url, new Map(headers));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PresignedUrl {
    return PresignedUrl.fromCbor(decodeCbor(bytes));
  }

  /** Value equality; the order of headers plays no part. */
  equals(other: PresignedUrl | undefined): boolean {
    return (
      other instanceof PresignedUrl &&
      this.url === other.url &&
      this.headers.size === other.headers.size &&
      [...this.headers].every(([name, value]) => other.headers.get(name) === value)
    );
  }

  /** The map `{"b", "h"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.url],
      ['h', this.headers],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The answer to `blockstore/auth` and `blockstore/auth-reads`: one per block in order. LimitError beyond MAX_AUTHORISED_BLOCKS. */
export function encodePresignedUrls(urls: readonly PresignedUrl[]): Uint8Array {
  assertInstances('urls', urls, PresignedUrl);
  checkCount(urls.length);
  return encodeCbor(urls.map((url) => url.toCbor()));
}

/** Reads what {@link encodePresignedUrls} writes; anything after the item is an error. LimitError beyond MAX_AUTHORISED_BLOCKS. */
export function decodePresignedUrls(bytes: Uint8Array): PresignedUrl[] {
  const fields = CborFields.list('format.request', 'urls', decodeCbor(bytes));
  checkCount(fields.size);
  return Array.from({ length: fields.size }, (_, i) => PresignedUrl.fromCbor(fields.map(i), fields.path(i)));
}

function checkCount(count: number): void {
  if (count > MAX_AUTHORISED_BLOCKS) throw new LimitError('pre-signed requests', count, MAX_AUTHORISED_BLOCKS);
}

/** Whether text is an absolute http or https URL of printable ASCII without credentials. */
export function isUrl(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_PRESIGNED_URL_LENGTH && PRINTABLE.test(text) && URL_TEXT.test(text);
}

function isHeader([name, value]: readonly [unknown, unknown]): boolean {
  return (
    typeof name === 'string' &&
    typeof value === 'string' &&
    value.length <= MAX_PRESIGNED_URL_LENGTH &&
    HEADER_NAME.test(name) &&
    HEADER_VALUE.test(value)
  );
}

function isHeaderMap(map: CborMap): map is ReadonlyMap<string, string> {
  return [...map].every(isHeader);
}
