import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { AbortedError, ArgumentError, CryptoError, FormatError, LimitError, PyrgosError } from '../errors.js';
import { hashToKeyBytes } from '../keys/kdf.js';
import { ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_LINK_PASSWORD_LENGTH, MAX_LINK_TEXT_LENGTH } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EncryptedCapability, secretLinkChampKey, SecretLinkTarget } from '../model/secret-links.js';
import v from '../../../../vectors/06/links.json' with { type: 'json' };
import { SecretLink } from './secret-link.js';
import { formatSharedCapabilityLink, parseSharedCapabilityLink } from './shared-capability-link.js';

const crypto = await loadCrypto();
const capability = AbsoluteCapability.decode(fromHex(v.readOnly));
const { link } = SecretLink.parse(v.link);
const [head = ''] = v.link.split('#');
const noView = { opens: false, downloads: false, path: undefined, app: undefined, args: undefined };

describe('secret links', () => {
  test('the vector', () => {
    expect(toHex(link.owner.cid.bytes)).toBe(v.ownerCid);
    expect(link).toMatchObject({ label: BigInt(v.label), password: v.password });
    expect(link.format()).toBe(v.link);
    expect(SecretLink.of(link.owner, link.label, link.password).equals(link)).toBe(true);
    expect(String(link) + JSON.stringify(link)).not.toContain(v.password);
  });

  test.each(['/', 'https://peergos.net/', 'http://localhost:8000/', 'https://secret/'])('as %s…', (start) => {
    const parsed = SecretLink.parse(start + v.link);
    expect(parsed.link.equals(link)).toBe(true);
    expect(parsed.view).toEqual(noView);
  });

  test('URLs', () => {
    expect(link.url('peergos.net')).toBe(`https://peergos.net/${v.link}`);
    expect(link.url('localhost:8000')).toBe(`http://localhost:8000/${v.link}`);
    expect(link.url('localhost')).toBe(`https://localhost/${v.link}`);
    expect(() => link.url('https://peergos.net')).toThrow(ArgumentError);
    expect(() => link.url('')).toThrow(ArgumentError);
  });

  test('what pages do with it', () => {
    const view = { opens: true, path: '/alice/a b&c', args: '{"x":"?#"}' };
    const text = link.format(view);
    expect(text).toBe(`${v.link}?open=true&path=%2Falice%2Fa%20b%26c&args=%7B%22x%22%3A%22%3F%23%22%7D`);
    expect(SecretLink.parse(text).link.equals(link)).toBe(true);
    expect(SecretLink.parse(text).view).toEqual({ ...noView, ...view });
    expect(SecretLink.parse(`${v.link}?open=yes&__proto__=1&path`).view).toEqual(noView);
    expect(() => link.format({ open: true } as never)).toThrow(ArgumentError);
    expect(() => link.format({ path: '\ud800' })).toThrow(ArgumentError);
  });

  test('JSON in the fragment', () => {
    const json = JSON.stringify({ secretLink: true, linkpassword: v.password, path: '/alice', app: 'pdf', args: { a: 1 }, open: true });
    for (const fragment of [json, encodeURIComponent(json), encodeURI(json)]) {
      const parsed = SecretLink.parse(`${head}#${fragment}`);
      expect(parsed.link.equals(link)).toBe(true);
      expect(parsed.view).toEqual({ opens: true, downloads: false, path: '/alice', app: 'pdf', args: '{"a":1}' });
    }
    for (const other of ['{', '{}', '{"secretLink":true}', '{"secretLink":1,"linkpassword":"a"}', '%7B%']) {
      expect(() => SecretLink.parse(`${head}#${other}`)).toThrow(FormatError);
    }
  });

  const owner = head.split('/')[1] ?? '';
  test.each([
    '',
    '#',
    head,
    `${head}#`,
    `${head}#?open=true`,
    `${head}#a#b`,
    `x${v.link}`,
    `a/${v.link}`,
    `ftp://host/${v.link}`,
    `secret/${owner}#a`,
    `secret/${owner}/1/2#a`,
    `secret/${owner}/0#a`,
    `secret/${owner}/-1#a`,
    `secret/${owner}/01#a`,
    `secret/${owner}/1e3#a`,
    `secret/${owner}/9223372036854775808#a`,
    `secret/${owner.slice(1)}/1#a`,
    `secret/zQm/1#a`,
    `secret//1#a`,
  ])('refused: %s', (text) => {
    expect(() => SecretLink.parse(text)).toThrow(expect.objectContaining({ code: 'format.link' }));
  });

  test('the largest label', () => {
    expect(SecretLink.parse(`secret/${owner}/9223372036854775807#a`).link.label).toBe(2n ** 63n - 1n);
  });

  test('errors do not show the link', () => {
    const password = 'VerySecretPassword';
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, at) => {
        const place = at % v.link.length;
        const damaged = `${v.link.slice(0, place)}${text}${v.link.slice(place)}${password}`;
        try {
          SecretLink.parse(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
          expect(String(error)).not.toContain(password);
        }
      }),
    );
  });

  test('fresh ones', () => {
    const made = SecretLink.generate(crypto, link.owner);
    expect(made.password).toMatch(/^[A-Za-z0-9]{12}$/u);
    expect(made.label).toBeGreaterThan(0n);
    expect(made.label).toBeLessThan(2n ** 32n);
    expect(SecretLink.parse(made.format()).link.equals(made)).toBe(true);
    expect(made.equals(SecretLink.generate(crypto, link.owner))).toBe(false);
  });

  test('label 0 and bytes above 247 are drawn again', () => {
    const drawn = [
      [0, 0, 0, 0],
      [0x84, 0x57, 0x25, 0x43],
      ...[248, 255, 0, 25, 26, 51, 52, 61, 62, 247, 123, 124, 185, 186].map((byte) => [byte]),
    ];
    const random = { randomBytes: (): Uint8Array => Uint8Array.from(drawn.shift() ?? []) };
    const made = SecretLink.generate(random, link.owner);
    expect(made.label).toBe(BigInt(v.label));
    expect(made.password).toBe('AZaz09A99A9A');
    expect(drawn).toHaveLength(0);
  });

  test('MAX_LINK_PASSWORD_LENGTH and MAX_LINK_TEXT_LENGTH', () => {
    const longest = SecretLink.of(link.owner, 1n, 'x'.repeat(MAX_LINK_PASSWORD_LENGTH));
    expect(SecretLink.parse(longest.format()).link.equals(longest)).toBe(true);
    expect(() => SecretLink.of(link.owner, 1n, `${longest.password}x`)).toThrow(ArgumentError);
    expect(() => SecretLink.parse(`${longest.format()}x`)).toThrow(FormatError);
    const padded = (length: number): string => `${v.link}?x=`.padEnd(length, 'x');
    expect(SecretLink.parse(padded(MAX_LINK_TEXT_LENGTH)).link.equals(link)).toBe(true);
    expect(() => SecretLink.parse(padded(MAX_LINK_TEXT_LENGTH + 1))).toThrow(LimitError);
    expect(() => parseSharedCapabilityLink('x'.repeat(MAX_LINK_TEXT_LENGTH + 1))).toThrow(LimitError);
  });

  test.each(['', 'a?b', 'a#b', '{', '%7Bx', '\ud800'])('a password that a link cannot hold: %s', (password) => {
    expect(() => SecretLink.of(link.owner, 1n, password)).toThrow(ArgumentError);
  });
});

describe('capabilities in secret links', () => {
  test('the keys of the chapter', async () => {
    const algorithm = ScryptSecretGeneration.of({ logN: 15, length: 32 });
    for (const [password, key] of [
      [v.password, v.key],
      [v.password + v.userPassword, v.keyWithUserPassword],
    ] as const) {
      expect(toHex(await hashToKeyBytes(crypto, v.label, password, algorithm))).toBe(key);
      const sealed = EncryptedCapability.decode(fromHex(key === v.key ? v.sealed : v.sealedWithUserPassword));
      expect(AbsoluteCapability.fromCbor(sealed.cipherText.open(crypto, SymmetricKey.of(fromHex(key)))).equals(capability)).toBe(true);
    }
  });

  test('the vectors open', async () => {
    const plain = EncryptedCapability.decode(fromHex(v.sealed));
    expect(plain.hasPassword).toBe(false);
    expect((await link.open(crypto, plain)).equals(capability)).toBe(true);
    // Where none is needed, it does not matter what was typed.
    expect((await link.open(crypto, plain, 'whatever')).equals(capability)).toBe(true);
    const locked = EncryptedCapability.decode(fromHex(v.sealedWithUserPassword));
    expect(locked.hasPassword).toBe(true);
    expect((await link.open(crypto, locked, v.userPassword)).equals(capability)).toBe(true);
    await expect(link.open(crypto, locked)).rejects.toThrow(CryptoError);
    await expect(link.open(crypto, locked, 'Secret')).rejects.toThrow(CryptoError);
  });

  test('the target and the keys of the index', () => {
    const target = SecretLinkTarget.of(EncryptedCapability.decode(fromHex(v.sealed)), { expiry: v.expiry, maxRetrievals: v.maxRetrievals });
    expect(toHex(target.encode())).toBe(v.target);
    expect(SecretLinkTarget.decode(fromHex(v.target)).equals(target)).toBe(true);
    for (const [label, key] of Object.entries(v.champKeys)) expect(toHex(secretLinkChampKey(crypto, BigInt(label)))).toBe(key);
  });

  test('sealed, read, opened', async () => {
    for (const password of ['', 'pässword']) {
      const sealed = await link.seal(crypto, capability, password);
      expect(sealed.hasPassword).toBe(password !== '');
      expect((await link.open(crypto, EncryptedCapability.decode(sealed.encode()), password)).equals(capability)).toBe(true);
    }
    const other = SecretLink.of(link.owner, link.label + 1n, link.password);
    await expect(other.open(crypto, await link.seal(crypto, capability))).rejects.toThrow(CryptoError);
  });

  test('cancelled', async () => {
    const signal = AbortSignal.abort();
    await expect(link.seal(crypto, capability, '', { signal })).rejects.toThrow(AbortedError);
    await expect(link.open(crypto, EncryptedCapability.decode(fromHex(v.sealed)), '', { signal })).rejects.toThrow(AbortedError);
  });

  test('arguments are checked', async () => {
    await expect(link.seal(crypto, link as never)).rejects.toThrow(ArgumentError);
    await expect(link.seal(crypto, capability, '\ud800')).rejects.toThrow(ArgumentError);
    await expect(link.open(crypto, capability as never)).rejects.toThrow(ArgumentError);
    await expect(link.open(crypto, EncryptedCapability.decode(fromHex(v.sealed)), 1 as never)).rejects.toThrow(ArgumentError);
  });
});

describe('links with the keys in them', () => {
  const writable = AbsoluteCapability.of({ ...capability, wBaseKey: SymmetricKey.of(fromHex(v.writeKey)) });
  const { bat: _bat, ...rest } = capability;
  const withoutBat = AbsoluteCapability.of(rest);

  test.each([
    ['read-only', v.capabilityLink, capability],
    ['writable', v.writable, writable],
    ['without BAT', v.withoutBat, withoutBat],
  ])('the vector: %s', (_, text, expected) => {
    expect(formatSharedCapabilityLink(expected)).toBe(text);
    for (const form of [text, text.slice(1), `https://peergos.net/${text}`, `${text}?open=true&x`, `/${text}?download=true`]) {
      const parsed = parseSharedCapabilityLink(form);
      expect(parsed.capability.equals(expected)).toBe(true);
      expect(parsed.view).toEqual({ ...noView, opens: form.includes('open'), downloads: form.includes('download') });
    }
  });

  test('JSON', () => {
    const json = JSON.stringify({ secretLink: true, path: '/alice/a', open: true, download: true, link: v.capabilityLink });
    for (const form of [json, encodeURIComponent(json), `#${json}`, `https://peergos.net/#${encodeURIComponent(json)}`]) {
      const parsed = parseSharedCapabilityLink(form);
      expect(parsed.capability.equals(capability)).toBe(true);
      expect(parsed.view).toEqual({ ...noView, opens: true, downloads: true, path: '/alice/a' });
    }
  });

  test('the redirect of a server to something published', () => {
    const location = `/#{"secretLink":true%2c"path":"%2Falice%2Fdocs"%2c"open":true%2c"link":"${v.capabilityLink}"}`;
    const parsed = parseSharedCapabilityLink(location);
    expect(parsed.capability.equals(capability)).toBe(true);
    expect(parsed.view).toMatchObject({ opens: true, path: '/alice/docs' });
    const spaces = location.replace('docs', 'a+b%2Bc');
    for (const form of [spaces, spaces.replaceAll('"', '%22')]) expect(parseSharedCapabilityLink(form).view.path).toBe('/alice/a b+c');
    // Elsewhere a plus is a plus.
    const json = encodeURIComponent(JSON.stringify({ secretLink: true, path: '/alice/a+b', link: v.capabilityLink }));
    expect(parseSharedCapabilityLink(json).view.path).toBe('/alice/a+b');
  });

  test.each(['', '#', '{}', '{"secretLink":true,"link":7}', '#a/b/c', '%7B%7'])('refused: %s', (text) => {
    expect(() => parseSharedCapabilityLink(text)).toThrow(expect.objectContaining({ code: 'format.link' }));
  });
});
