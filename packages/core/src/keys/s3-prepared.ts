import { assertList, assertMethods, assertObject } from '../arguments.js';
import { concatBytes, isWellFormed, toHex, utf8Encode } from '../bytes.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { formatS3Time } from './s3-time.js';

/** What signing needs of the engine. */
export type S3Engine = Pick<CryptoProvider, 'sha256' | 'hmacSha256'>;

/** The payload hash of requests whose body is not signed. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
/** The name of the scheme. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Name and value. */
export type NameValue = readonly [name: string, value: string];

/** What is signed (chapter 01 section 18.8). */
export interface S3CanonicalRequest {
  readonly verb: string;
  /** The object key as it stands in the URL path after the slash: already escaped, never escaped again. */
  readonly key: string;
  /** Unescaped query parameters; they are escaped and sorted. */
  readonly query: readonly NameValue[];
  /** Exactly the headers to sign; they are sorted by lower-case name. */
  readonly headers: readonly NameValue[];
  /** Lower-case hex SHA-256 of the body, or {@link UNSIGNED_PAYLOAD}. */
  readonly payloadHash: string;
}

/** The result of the signature computation. */
export interface S3Signature {
  /** Lower-case hex SHA-256 of the canonical request: the last line of the string to sign. */
  readonly canonicalHash: string;
  /** 32 bytes. */
  readonly signature: Uint8Array;
}

/** Requires text of which `pattern` allows every character. */
export function asciiWord(field: string, text: string, pattern: RegExp): string {
  if (typeof text !== 'string' || !pattern.test(text)) throw new ArgumentError(field, 'has a character that cannot be signed');
  return text;
}

/** Percent-escapes everything but letters, digits and `-._~`, as S3 does when it checks. */
function escapeQuery(text: string): string {
  if (typeof text !== 'string' || !isWellFormed(text)) throw new ArgumentError('query', 'must be well-formed text');
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function checkPairs(field: string, pairs: readonly NameValue[]): void {
  assertList(field, pairs);
  for (let i = 0; i < pairs.length; i++) assertList(`${field}[${i}]`, pairs[i]);
}

function byName(a: NameValue, b: NameValue): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/** Escaped and sorted query parameters. */
export function formatQuery(query: readonly NameValue[]): string {
  checkPairs('query', query);
  return query
    .map(([name, value]): NameValue => [escapeQuery(name), escapeQuery(value)])
    .sort(byName)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Headers under lower-case names, sorted. */
export function canonicalHeaders(headers: readonly NameValue[]): NameValue[] {
  checkPairs('headers', headers);
  const sorted = headers
    .map(([name, value]): NameValue => [
      asciiWord('headers', name, /^[A-Za-z0-9-]+$/).toLowerCase(),
      asciiWord('headers', value, /^[\x20-\x7e]*$/).trim(),
    ])
    .sort(byName);
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i]?.[0] === sorted[i - 1]?.[0]) throw new ArgumentError('headers', `${sorted[i]?.[0] ?? ''} occurs twice`);
  }
  return sorted;
}

function canonicalText(request: S3CanonicalRequest): string {
  assertObject('request', request);
  const headers = canonicalHeaders(request.headers);
  return [
    asciiWord('verb', request.verb, /^[A-Z]+$/),
    `/${asciiWord('key', request.key, /^[\x21-\x7e]*$/)}`,
    formatQuery(request.query),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    headers.map(([name]) => name).join(';'),
    asciiWord('payloadHash', request.payloadHash, /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD)$/),
  ].join('\n');
}

/** What the signing key is derived for: day, region, service. */
export function scopeOf(time: number, region: string): string {
  return `${formatS3Time(time).slice(0, 8)}/${asciiWord('region', region, /^[A-Za-z0-9-]+$/)}/s3/aws4_request`;
}

/** A request of which everything is computed but the part that needs the secret. */
export interface PreparedS3Request {
  readonly scope: string;
  readonly canonicalHash: string;
  readonly toSign: Uint8Array;
}

/** Everything about a signature that does not depend on the secret. `time` is in ms since the epoch. */
export function prepareS3Request(crypto: S3Engine, request: S3CanonicalRequest, time: number, region: string): PreparedS3Request {
  assertMethods('crypto', crypto, 'sha256', 'hmacSha256');
  const scope = scopeOf(time, region);
  const canonicalHash = toHex(crypto.sha256(utf8Encode(canonicalText(request))));
  return { scope, canonicalHash, toSign: utf8Encode([ALGORITHM, formatS3Time(time), scope, canonicalHash].join('\n')) };
}

/** The signature of a prepared request. */
export function signPreparedS3Request(crypto: S3Engine, prepared: PreparedS3Request, secret: string): S3Signature {
  const { scope, canonicalHash, toSign } = prepared;
  let key: Uint8Array = concatBytes(utf8Encode('AWS4'), utf8Encode(secret, 'secret'));
  for (const part of scope.split('/')) key = crypto.hmacSha256(key, utf8Encode(part));
  return { canonicalHash, signature: crypto.hmacSha256(key, toSign) };
}
