import { describe, expect, test } from 'vitest';
import { fromHex, utf8Encode } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_PATH_LENGTH, MAX_SITE_HEADERS_SIZE } from '../limits.js';
import { DEFAULT_SITE_POLICY, parseSitePath, parseWebRoot, siteContentType, sitePolicy } from './web-site.js';

describe('the folder of a site', () => {
  test.each(['/alice/site', 'alice/site', '/alice/site/'])('%s', (text) => {
    expect(parseWebRoot('alice', text)).toEqual(['alice', 'site']);
  });

  test.each(['', '/', '/bob/site', '/alice2/site', '/alice/../bob', '/alice//site', 'x'.repeat(MAX_PATH_LENGTH + 1)])(
    'refused: %s',
    (text) => {
      expect(() => parseWebRoot('alice', text)).toThrow(FormatError);
    },
  );

  test('nobody has a site', () => {
    expect(() => parseWebRoot('', '/site')).toThrow(FormatError);
    expect(() => parseWebRoot(1 as never, '/site')).toThrow(ArgumentError);
  });
});

test('what a request asks for', () => {
  expect(parseSitePath('')).toEqual(['index.html']);
  expect(parseSitePath('/')).toEqual(['index.html']);
  expect(parseSitePath('//a///b.css')).toEqual(['a', 'b.css']);
  expect(parseSitePath('/a/../../secret')).toBeUndefined();
  expect(parseSitePath('/\ud800')).toBeUndefined();
  expect(parseSitePath('/'.repeat(MAX_PATH_LENGTH))).toEqual(['index.html']);
  expect(parseSitePath('/'.repeat(MAX_PATH_LENGTH + 1))).toBeUndefined();
});

describe('the policy of a site', () => {
  const json = (value: unknown): Uint8Array => utf8Encode(JSON.stringify(value));

  test('that sets one', () => {
    expect(sitePolicy(json({ 'content-security-policy': "default-src 'self' data:", other: 1 }))).toBe("default-src 'self' data:");
  });

  test.each([
    undefined,
    new Uint8Array(),
    fromHex('ff'),
    json(null),
    json([]),
    json({ 'content-security-policy': 1 }),
    json({ 'content-security-policy': '' }),
    json({ 'content-security-policy': 'a\r\nset-cookie: b' }),
    json({ 'content-security-policy': 'ü' }),
  ])('that sets none: %s', (headers) => {
    expect(sitePolicy(headers)).toBe(DEFAULT_SITE_POLICY);
  });

  test('MAX_SITE_HEADERS_SIZE', () => {
    const text = JSON.stringify({ 'content-security-policy': "default-src 'none'" });
    expect(sitePolicy(utf8Encode(text.padEnd(MAX_SITE_HEADERS_SIZE)))).toBe("default-src 'none'");
    expect(sitePolicy(utf8Encode(text.padEnd(MAX_SITE_HEADERS_SIZE + 1)))).toBe(DEFAULT_SITE_POLICY);
  });
});

test('types by the end of the name', () => {
  expect(siteContentType('a.min.js')).toBe('text/javascript');
  expect(siteContentType('.css')).toBe('text/css');
  expect(siteContentType('js')).toBeUndefined();
  expect(siteContentType('a.constructor')).toBeUndefined();
});
