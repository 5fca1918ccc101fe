import { assertObject, assertOptionalList } from '../arguments.js';
import { assertInteger, toHex } from '../bytes.js';
import {
  ALGORITHM,
  asciiWord,
  canonicalHeaders,
  formatQuery,
  type NameValue,
  prepareS3Request,
  type S3CanonicalRequest,
  type S3Engine,
  type S3Signature,
  scopeOf,
  signPreparedS3Request,
  UNSIGNED_PAYLOAD,
} from './s3-prepared.js';
import { formatS3Time } from './s3-time.js';

export { type NameValue, type S3CanonicalRequest, type S3Engine, type S3Signature, UNSIGNED_PAYLOAD } from './s3-prepared.js';

/** Longest validity of a presigned URL in S3: 7 days. */
const MAX_EXPIRES_SECONDS = 604_800;

/** The account at the object store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/**
 * The AWS Signature V4 of a request to service `s3` (chapter 01 sections 18.5 and 18.8). `time` is in ms since the epoch; `secret` is
 * the secret access key, or the text form of a BAT.
 */
export function signS3Request(crypto: S3Engine, request: S3CanonicalRequest, time: number, region: string, secret: string): S3Signature {
  return signPreparedS3Request(crypto, prepareS3Request(crypto, request, time, region), secret);
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
  assertObject('request', request);
  assertObject('credentials', credentials);
  assertOptionalList('headers', request.headers);
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
  assertObject('request', request);
  assertObject('credentials', credentials);
  assertOptionalList('query', request.query);
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
