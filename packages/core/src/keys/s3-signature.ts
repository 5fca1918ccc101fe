import { assertInteger, concatBytes, isWellFormed, toHex, utf8Encode } from '../bytes.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { formatS3Time } from './s3-time.js';

/** What signing needs of the engine. */
export type S3Engine = Pick<CryptoProvider, 'sha256' | 'hmacSha256'>;

/** The payload hash of requests whose body is not signed. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Longest validity of a presigned URL in S3: 7 days. */
const MAX_EXPIRES_SECONDS = 604_800;

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

/** The account at the object store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** The result of the signature computation. */
export interface S3Signature {
  /** Lower-case hex SHA-256 of the canonical request: the last line of the string to sign. */
  readonly canonicalHash: string;
  /** 32 bytes. */
  readonly signature: Uint8Array;
}

function asciiWord(field: string, text: string, pattern: RegExp): string {
  if (typeof text !== 'string' || !pattern.test(text)) throw new ArgumentError(field, 'has a character that cannot be signed');
  return text;
}

/** Percent-escapes everything but letters, digits and `-._~`, as S3 does when it checks. */
function escapeQuery(text: string): string {
  if (typeof text !== 'string' || !isWellFormed(text)) throw new ArgumentError('query', 'must be well-formed text');
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function byName(a: NameValue, b: NameValue): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

function formatQuery(query: readonly NameValue[]): string {
  return query
    .map(([name, value]): NameValue => [escapeQuery(name), escapeQuery(value)])
    .sort(byName)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function canonicalHeaders(headers: readonly NameValue[]): NameValue[] {
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

function scopeOf(time: number, region: string): string {
  return `${formatS3Time(time).slice(0, 8)}/${asciiWord('region', region, /^[A-Za-z0-9-]+$/)}/s3/aws4_request`;
}

/**
 * The AWS Signature V4 of a request to service `s3` (chapter 01 sections 18.5 and 18.8). `time` is in ms since the epoch; `secret` is
 * the secret access key, or the text form of a BAT.
 */
export function signS3Request(crypto: S3Engine, request: S3CanonicalRequest, time: number, region: string, secret: string): S3Signature {
  const scope = scopeOf(time, region);
  const canonicalHash = toHex(crypto.sha256(utf8Encode(canonicalText(request))));
  const toSign = [ALGORITHM, formatS3Time(time), scope, canonicalHash].join('\n');
  let key: Uint8Array = concatBytes(utf8Encode('AWS4'), utf8Encode(secret, 'secret'));
  for (const part of scope.split('/')) key = crypto.hmacSha256(key, utf8Encode(part));
  return { canonicalHash, signature: crypto.hmacSha256(key, utf8Encode(toSign)) };
}

/** A request that is authorised by headers. */
export interface S3HeaderAuthRequest {
  readonly verb: string;
  readonly host: string;
  /** The escaped object key. */
  readonly key: string;
  readonly query?: readonly NameValue[];
  /**
   * Further headers to sign: `Content-Length` of a PUT, `x-amz-copy-source: /bucket/key` of a COPY, `x-amz-storage-class`,
   * `x-amz-acl: public-read`.
   */
  readonly headers?: readonly NameValue[];
  /** Lower-case hex SHA-256 of the body; default {@link UNSIGNED_PAYLOAD}. */
  readonly payloadHash?: string;
  /** ms since the epoch. */
  readonly time: number;
}

/**
 * The headers of a PUT, COPY or DELETE (chapter 01 section 18.8): all signed ones, `Host` included, and `Authorization`.
 */
export function authoriseS3Request(
  crypto: S3Engine,
  request: S3HeaderAuthRequest,
  credentials: S3Credentials,
): S3Signature & { readonly headers: readonly NameValue[] } {
  const payloadHash = request.payloadHash ?? UNSIGNED_PAYLOAD;
  const headers: readonly NameValue[] = [
    ['Host', asciiWord('host', request.host, /^[\x21-\x7e]+$/)],
    ['x-amz-date', formatS3Time(request.time)],
    ['x-amz-content-sha256', payloadHash],
    ...(request.headers ?? []),
  ];
  const { verb, key, query = [], time } = request;
  const signed = signS3Request(crypto, { verb, key, query, headers, payloadHash }, time, credentials.region, credentials.secretAccessKey);
  const names = canonicalHeaders(headers).map(([name]) => name);
  const credential = `${accessKey(credentials)}/${scopeOf(time, credentials.region)}`;
  const authorization = `${ALGORITHM} Credential=${credential},SignedHeaders=${names.join(';')},Signature=${toHex(signed.signature)}`;
  return { ...signed, headers: [...headers, ['Authorization', authorization]] };
}

/** A request that is authorised by its URL. */
export interface S3PresignRequest {
  /** GET or HEAD. */
  readonly verb: string;
  readonly host: string;
  /** The escaped object key. */
  readonly key: string;
  readonly query?: readonly NameValue[];
  /** Seconds of validity, 1 to 604800. */
  readonly expiresSeconds?: number;
  /** ms since the epoch. */
  readonly time: number;
  /** Default https. */
  readonly scheme?: 'https' | 'http';
}

/** The presigned URL of a GET or HEAD (chapter 01 section 18.8): only `host` is signed, the payload is not. */
export function presignS3Url(
  crypto: S3Engine,
  request: S3PresignRequest,
  credentials: S3Credentials,
): S3Signature & { readonly url: string } {
  const { verb, key, time, expiresSeconds } = request;
  const host = asciiWord('host', request.host, /^[\x21-\x7e]+$/);
  if (expiresSeconds !== undefined) assertInteger('expiresSeconds', expiresSeconds, 1, MAX_EXPIRES_SECONDS);
  const query: NameValue[] = [
    ...(request.query ?? []),
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${accessKey(credentials)}/${scopeOf(time, credentials.region)}`],
    ['X-Amz-Date', formatS3Time(time)],
    ['X-Amz-SignedHeaders', 'host'],
  ];
  if (expiresSeconds !== undefined) query.push(['X-Amz-Expires', String(expiresSeconds)]);
  const signed = signS3Request(
    crypto,
    { verb, key, query, headers: [['host', host]], payloadHash: UNSIGNED_PAYLOAD },
    time,
    credentials.region,
    credentials.secretAccessKey,
  );
  query.push(['X-Amz-Signature', toHex(signed.signature)]);
  return { ...signed, url: `${request.scheme ?? 'https'}://${host}/${key}?${formatQuery(query)}` };
}

function accessKey(credentials: S3Credentials): string {
  return asciiWord('accessKeyId', credentials.accessKeyId, /^[\x21-\x7e]+$/);
}
