import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/multiaddr.json' with { type: 'json' };
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { decodeMultiaddr, encodeMultiaddr, formatMultiaddr, type Multiaddr, parseMultiaddr } from './multiaddr.js';

const cid = { peerForm: 'cid' } as const;
const expectFormatError = (work: () => unknown): void =>
  expect(work).toThrow(expect.objectContaining({ constructor: FormatError, code: 'format.multiaddr' }));

describe('vectors', () => {
  test.each(v.valid)('$text', ({ text, bytes }) => {
    expect(toHex(encodeMultiaddr(parseMultiaddr(text)))).toBe(bytes);
    expect(formatMultiaddr(decodeMultiaddr(fromHex(bytes)))).toBe(text);
    expect(decodeMultiaddr(fromHex(bytes))).toEqual(parseMultiaddr(text));
  });

  test.each(v.otherTexts)('$text means $canonical', ({ text, canonical }) => {
    expect(formatMultiaddr(parseMultiaddr(text))).toBe(canonical);
  });

  test.each(v.cidForm)('reference form $text', ({ text, standardText, bytes }) => {
    const address = parseMultiaddr(text);
    expect(formatMultiaddr(address)).toBe(standardText);
    expect(formatMultiaddr(address, cid)).toBe(text);
    expect(toHex(encodeMultiaddr(address, cid))).toBe(bytes);
    expect(decodeMultiaddr(fromHex(bytes), cid)).toEqual(address);
  });

  test.each(v.invalidTexts)('refused text: $reason', ({ text }) => {
    expectFormatError(() => parseMultiaddr(text));
  });

  test.each(v.invalid)('refused: $reason', ({ bytes }) => {
    expectFormatError(() => decodeMultiaddr(fromHex(bytes)));
  });

  test.each(v.invalidCidForm)('refused in the form of the reference: $reason', ({ bytes }) => {
    expectFormatError(() => decodeMultiaddr(fromHex(bytes), cid));
  });

  test('a peer id may have any text form', () => {
    const base36 = 'k51qzi5uqu5dgutdk6i1ynyzgkqngpha5xpgia3a5qqp4jsh0u4csozksxel2r';
    expect(formatMultiaddr(parseMultiaddr(`/p2p/${base36}`))).toBe('/p2p/12D3KooWBdmLJjhpgJ9KZgLM3f894ff9xyBfPvPjFNn7MKJpyrC2');
  });
});

const component: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(...v.valid.map(({ bytes }) => fromHex(bytes)).filter((bytes) => bytes.length < 60)),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((ip) => concatBytes(Uint8Array.of(4), ip)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) => concatBytes(Uint8Array.of(41), ip)),
  fc.uint8Array({ minLength: 2, maxLength: 2 }).map((port) => concatBytes(Uint8Array.of(6), port)),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => concatBytes(fromHex('a503221220'), hash)),
);

test('bytes survive through text', () => {
  fc.assert(
    fc.property(fc.array(component, { minLength: 1, maxLength: 6 }), (parts) => {
      const bytes = concatBytes(...parts);
      const address = decodeMultiaddr(bytes);
      expect(encodeMultiaddr(address)).toEqual(bytes);
      expect(parseMultiaddr(formatMultiaddr(address))).toEqual(address);
      expect(parseMultiaddr(formatMultiaddr(address, cid))).toEqual(address);
      expect(decodeMultiaddr(encodeMultiaddr(address, cid), cid)).toEqual(address);
    }),
  );
});

test('what is accepted re-encodes to the same bytes', () => {
  fc.assert(
    fc.property(fc.array(component, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255), (parts, at, byte) => {
      const bytes = concatBytes(...parts);
      bytes[at % bytes.length] = byte;
      for (const options of [{}, cid]) {
        try {
          expect(encodeMultiaddr(decodeMultiaddr(bytes, options), options)).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }),
  );
});

test('every way to shorten an IPv6 address means the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }),
      fc.nat(7),
      fc.nat(8),
      (groups, from, length) => {
        const full = groups.map((group) => group.toString(16));
        const canonical = `/ip6/${full.join(':')}`;
        expect(formatMultiaddr(parseMultiaddr(canonical))).toBe(canonical);
        expect(formatMultiaddr(parseMultiaddr(`/ip6/${full.map((group) => group.padStart(4, '0').toUpperCase()).join(':')}`))).toBe(
          canonical,
        );
        const to = Math.min(8, from + length);
        if (to === from || groups.slice(from, to).some((group) => group !== 0)) return;
        expect(formatMultiaddr(parseMultiaddr(`/ip6/${full.slice(0, from).join(':')}::${full.slice(to).join(':')}`))).toBe(canonical);
      },
    ),
  );
});

test('components put together by a caller are checked and made canonical', () => {
  expect(formatMultiaddr([{ protocol: 'ip6', value: '::1' }, { protocol: 'tcp', value: '80' }, { protocol: 'http' }])).toBe(
    '/ip6/0:0:0:0:0:0:0:1/tcp/80/http',
  );
  expect(formatMultiaddr([{ protocol: 'ipfs', value: 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn' }])).toBe(
    '/p2p/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn',
  );
  const bad: readonly Multiaddr[] = [
    [],
    [{ protocol: 'nothing' }],
    [{ protocol: 'tcp' }],
    [{ protocol: 'http', value: '' }],
    [{ protocol: 'dns', value: 'a' }],
    [{ protocol: 'dns4', value: 'a/tcp/1' }],
    [{ protocol: 'dns4', value: '\ud800' }],
  ];
  for (const address of bad) {
    expectFormatError(() => encodeMultiaddr(address));
    expectFormatError(() => formatMultiaddr(address));
  }
});

test('errors name the component', () => {
  expect(() => parseMultiaddr('/ip4/1.2.3.4/tcp/65536')).toThrow('component 1 (tcp)');
  expect(() => decodeMultiaddr(fromHex('0401020304060f'))).toThrow('component 1 (tcp)');
});

test('arguments are checked', () => {
  expect(() => parseMultiaddr(1 as never)).toThrow(ArgumentError);
  expect(() => decodeMultiaddr('/tcp/1' as never)).toThrow(ArgumentError);
  expect(() => encodeMultiaddr('/tcp/1' as never)).toThrow(ArgumentError);
  expect(() => formatMultiaddr([null] as never)).toThrow(ArgumentError);
  expect(() => encodeMultiaddr(parseMultiaddr('/tcp/1'), { peerForm: 'x' as never })).toThrow(ArgumentError);
});
