import { describe, expect, test } from 'vitest';
import { toHex } from '../bytes.js';
import { encodeBase58 } from '../codec/base58.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { ArgumentError, FormatError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from './absolute-capability.js';
import { formatCapabilityLink, parseCapabilityLink } from './capability-link.js';

const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const keyHash = (byte: number): PublicKeyHash => PublicKeyHash.fromCid(Cid.ofSha256(bytes(byte), CidCodec.dagCbor));

/** The vectors of chapter 04 section 28.1. */
const capability = AbsoluteCapability.of({
  owner: keyHash(0x11),
  writer: keyHash(0x22),
  mapKey: bytes(0x33),
  bat: Bat.of(bytes(0x44)),
  rBaseKey: SymmetricKey.of(bytes(0x55)),
  wBaseKey: SymmetricKey.of(bytes(0x66)),
});
const fields = [
  'pQd8rmrEhBN1FZhdLMxXWZ98NHvfxnnMMMQ59KJNis97TRbxiECkUVMJ',
  'pQd8rmrEhBN1GiKemUshZdByjqBJNsKyJEX3J1soAwp3xMw7hgxwB9qK',
  'WZo7C9pQJpCBx7WMBNLzJrNu7AJMftsiceP4woEUZYSX99aDF6hbsrsYnDfKQ8yM3198S4wQP45zd4RSjrtkLp8GnbDBRD',
  '5Pf7Sv6z3i6QRvMdwheRNKEekXaQRzFiFVULUsXda1n8WKSFX9m',
  '5Pf7SvC46iRGxcjBpHZVJsxvp6Ee4k67M1PT6k5MNZTkdLfjNpB',
];
const link = `#${fields.join('/')}`;
const cbor =
  'a66161a16173582044444444444444444444444444444444444444444444444444444444444444446162830158206666666666666666666666666666666666666666666666666666666666666666f4616b830158205555555555555555555555555555555555555555555555555555555555555555f4616d58203333333333333333333333333333333333333333333333333333333333333333616fd82a5825000171122011111111111111111111111111111111111111111111111111111111111111116177d82a582500017112202222222222222222222222222222222222222222222222222222222222222222';

describe('vectors', () => {
  test('the capability is that of the chapter', () => {
    expect(toHex(capability.encode())).toBe(cbor);
  });

  test('writable', () => {
    expect(formatCapabilityLink(capability)).toBe(link);
    expect(parseCapabilityLink(link).equals(capability)).toBe(true);
  });

  test('read only', () => {
    const readOnly = `#${fields.slice(0, 4).join('/')}`;
    expect(formatCapabilityLink(capability.toReadOnly())).toBe(readOnly);
    expect(parseCapabilityLink(readOnly).equals(capability.toReadOnly())).toBe(true);
  });

  test('the public link that a reference server answered', () => {
    const cap = AbsoluteCapability.decode(
      Uint8Array.from(
        atob(
          'pWFhoWFzWCB1qRpd+zdZ9aQU68+B+dVERt+OSRakDBd9uLqDkFuEW2FrgwFYIDt33iWg4WmcO1iy/0mt5p+fcher1waVP0ZBku0cEymI9GFtWCDROhT0SBnp5kpd1RprTLHovxJlPZFbuJbm4wY+2Qr9XWFv2CpYKQABcQAkggFYICK+0NpCjMKlYDLDWp2lf9L6MDPiN4xY+174eJgGSFeGYXfYKlgpAAFxACSCAVggpV6MvLHGH3cjBdhGA0yrJiuULU3PfBytUOq7RbZ1H6Y=',
        ),
        (digit) => digit.charCodeAt(0),
      ),
    );
    expect(formatCapabilityLink(cap)).toBe(
      '#6MDZhRRPT4ugkJuUfcPW79wvgBiGaGD3WEGctDYpje4uBd6omRZPKhgsMFkUCd/6MDZhRRPT4ugkJuUfcYJ1Rct8WPiC2B5FJMJK52fzCREreLRVqMhWsE2CFzHED/35pSq2Ed1qLtdXenLMWi5MjL1MNGj3KzpbA2gdePX5D4KQSspVuMiiyVPiNzUyabxJCqBFFBUHdbPi9SF914QJZbcYDiX4n/5Pf7SuyJQHKQM54iCDLd1NqkwZYrnckoNbcqkJ3CVWqyFNxeRHV',
    );
  });
});

test('legacy data has no BAT', () => {
  const { bat: _bat, ...parts } = capability;
  const legacy = AbsoluteCapability.of(parts);
  expect(parseCapabilityLink(formatCapabilityLink(legacy)).equals(legacy)).toBe(true);
});

test('the leading # is optional', () => {
  expect(parseCapabilityLink(link.slice(1)).equals(capability)).toBe(true);
});

describe('what is no link is refused without showing it', () => {
  const replace = (index: number, text: string): string => `#${fields.with(index, text).join('/')}`;
  const bad: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['three fields', `#${fields.slice(0, 3).join('/')}`],
    ['six fields', `${link}/${fields[0] ?? ''}`],
    ['an empty field', replace(0, '')],
    ['a bad digit', replace(0, '0OIl')],
    ['a second #', `#${link}`],
    ['an owner that is no link', replace(0, encodeBase58(encodeCbor('owner')))],
    ['an owner that is no key hash', replace(0, encodeBase58(encodeCbor(Cid.ofSha256(bytes(1), CidCodec.raw).bytes)))],
    ['a short map key', replace(2, encodeBase58(new Uint8Array(31)))],
    ['rubbish behind the map key', replace(2, encodeBase58(new Uint8Array(33)))],
    ['a short read key', replace(3, encodeBase58(encodeCbor([1, new Uint8Array(31), false])))],
    ['a write key that is none', replace(4, encodeBase58(encodeCbor(null)))],
    ['a long field', replace(1, '1'.repeat(20_000))],
    ['many fields', '/'.repeat(100_000)],
  ];
  test.each(bad)('%s', (_name, text) => {
    let thrown: unknown;
    try {
      parseCapabilityLink(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FormatError);
    expect(thrown).toMatchObject({ code: 'format.link' });
    if (text.length > 10) expect(JSON.stringify([String(thrown), (thrown as FormatError).data])).not.toContain(text.slice(-10));
  });
});

test('wrong types', () => {
  expect(() => parseCapabilityLink(5 as unknown as string)).toThrow(ArgumentError);
  expect(() => formatCapabilityLink({} as AbsoluteCapability)).toThrow(ArgumentError);
});
