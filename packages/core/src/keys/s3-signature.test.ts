import { describe, expect, test } from 'vitest';
import { toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError } from '../errors.js';
import v from '../../../../vectors/01/s3-signature.json' with { type: 'json' };
import { authoriseS3Request, type NameValue, presignS3Url, signS3Request, UNSIGNED_PAYLOAD } from './s3-signature.js';
import { formatS3Time } from './s3-time.js';

const crypto = await loadCrypto();
const credentials = { accessKeyId: 'id', secretAccessKey: 'secret', region: 'eu-1' };
const base = { verb: 'GET', host: 'store.example', key: 'a/b', time: Date.UTC(2024, 0, 1) } as const;

describe.each(v.valid)('$kind $verb $key', (vector) => {
  test('signature', () => {
    expect(formatS3Time(vector.time)).toBe(vector.timeText);
    const { verb, host, key, time, accessKeyId, secretAccessKey, region } = vector;
    if (vector.kind === 'url') {
      const { expiresSeconds } = vector;
      const signed = presignS3Url(
        crypto,
        { verb, host, key, time, ...(expiresSeconds === undefined ? {} : { expiresSeconds }) },
        { accessKeyId, secretAccessKey, region },
      );
      expect(signed.canonicalHash).toBe(vector.canonicalHash);
      expect(toHex(signed.signature)).toBe(vector.signature);
      expect(signed.url).toBe(vector.url);
    } else {
      const headers = (vector.headers ?? []) as unknown as readonly NameValue[];
      const signed = authoriseS3Request(
        crypto,
        { verb, host, key, time, headers, payloadHash: vector.payloadHash ?? UNSIGNED_PAYLOAD },
        { accessKeyId, secretAccessKey, region },
      );
      expect(signed.canonicalHash).toBe(vector.canonicalHash);
      expect(toHex(signed.signature)).toBe(vector.signature);
      const authorization = new Map(signed.headers).get('Authorization');
      expect(authorization?.endsWith(`,Signature=${vector.signature}`)).toBe(true);
      if (vector.authorization !== undefined) expect(authorization).toBe(vector.authorization);
      expect(new Map(signed.headers).get('Host')).toBe(host);
    }
  });
});

test('query parameters are escaped and sorted, and the signature stands in sorted position', () => {
  const { url } = presignS3Url(
    crypto,
    {
      ...base,
      query: [
        ['versionId', 'a b*~+/é'],
        ['Z', "'("],
      ],
      scheme: 'http',
    },
    credentials,
  );
  const names = url
    .split('?')[1]
    ?.split('&')
    .map((part) => part.split('=')[0]);
  expect(names).toEqual(['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'Z', 'versionId']);
  expect(url.startsWith('http://store.example/a/b?')).toBe(true);
  expect(url).toContain('Z=%27%28');
  expect(url).toContain('versionId=a%20b%2A~%2B%2F%C3%A9');
});

test('the order of headers and the case of their names do not matter', () => {
  const sign = (headers: readonly NameValue[]): string =>
    toHex(authoriseS3Request(crypto, { ...base, verb: 'PUT', headers }, credentials).signature);
  expect(
    sign([
      ['Content-Length', '5'],
      ['x-amz-acl', 'public-read'],
    ]),
  ).toBe(
    sign([
      ['X-Amz-Acl', 'public-read'],
      ['content-length', '5'],
    ]),
  );
});

test('what could smuggle a line or a second header into the signed text is refused', () => {
  const put = (fields: object): unknown => authoriseS3Request(crypto, { ...base, verb: 'PUT', ...fields }, credentials);
  for (const fields of [
    { host: 'a\nb' },
    { host: '' },
    { key: 'a b' },
    { key: 'a\nb' },
    { verb: 'put' },
    { headers: [['a', 'b\nc']] },
    { headers: [['a:b', 'c']] },
    { headers: [['host', 'other']] },
    { payloadHash: 'junk' },
    { time: -1 },
    { query: [['a', '\ud800']] },
  ]) {
    expect(() => put(fields)).toThrow(ArgumentError);
  }
  expect(() => presignS3Url(crypto, { ...base, expiresSeconds: 0 }, credentials)).toThrow(ArgumentError);
  expect(() => presignS3Url(crypto, { ...base, expiresSeconds: 604_801 }, credentials)).toThrow(ArgumentError);
  expect(() => presignS3Url(crypto, base, { ...credentials, accessKeyId: 'a b' })).toThrow(ArgumentError);
  expect(() => presignS3Url(crypto, base, { ...credentials, region: 'a/b' })).toThrow(ArgumentError);
});

test('each part of the request changes the signature', () => {
  const request = { verb: 'GET', key: 'k', query: [], headers: [['host', 'h']], payloadHash: UNSIGNED_PAYLOAD } as const;
  const signatures = new Set(
    [
      signS3Request(crypto, request, base.time, 'r', 's'),
      signS3Request(crypto, { ...request, verb: 'HEAD' }, base.time, 'r', 's'),
      signS3Request(crypto, { ...request, key: 'l' }, base.time, 'r', 's'),
      signS3Request(crypto, { ...request, query: [['a', 'b']] }, base.time, 'r', 's'),
      signS3Request(crypto, { ...request, headers: [['host', 'i']] }, base.time, 'r', 's'),
      signS3Request(crypto, { ...request, payloadHash: '0'.repeat(64) }, base.time, 'r', 's'),
      signS3Request(crypto, request, base.time + 1000, 'r', 's'),
      signS3Request(crypto, request, base.time, 'q', 's'),
      signS3Request(crypto, request, base.time, 'r', 't'),
    ].map(({ signature }) => toHex(signature)),
  );
  expect(signatures.size).toBe(9);
});
