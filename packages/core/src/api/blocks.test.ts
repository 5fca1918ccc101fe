import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap } from '../codec/cbor-value.js';
import { decodeCid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { signAttached, SigningKeyPair } from '../keys/signing-key.js';
import { MAX_AUTHORISED_BLOCKS, MAX_PRESIGNED_HEADERS, MAX_PRESIGNED_URL_LENGTH } from '../limits.js';
import v from '../../../../vectors/02/blocks.json' with { type: 'json' };
import { BlockMirrorCap, decodeBlockMirrorCaps, encodeBlockMirrorCaps } from './block-mirror-cap.js';
import { BlockStoreProperties } from './block-store-properties.js';
import { BlockWriteGroup } from './block-write-group.js';
import { decodePresignedUrls, encodePresignedUrls, PresignedUrl } from './presigned-url.js';
import { WriteAuthRequest } from './write-auth-request.js';

const crypto = await loadCrypto();
const { secretKey } = SigningKeyPair.fromSeed(crypto, fromHex(v.seed));
const block = fromHex(v.block);
const signature = fromHex(v.signature);
const cid = decodeCid(fromHex(v.readAuth.cid));

test('the signature of the vectors', () => {
  expect(toHex(signAttached(crypto, secretKey, crypto.sha256(block)))).toBe(v.signature);
});

describe('BlockWriteGroup', () => {
  test('vector', () => {
    const group = BlockWriteGroup.of([block], [signature]);
    expect(toHex(group.encode())).toBe(v.group);
    expect(BlockWriteGroup.decode(fromHex(v.group)).equals(group)).toBe(true);
  });

  test('order and number of blocks', () => {
    const group = BlockWriteGroup.of([block, new Uint8Array()], [signature, Uint8Array.of(1)]);
    expect(BlockWriteGroup.decode(group.encode()).equals(group)).toBe(true);
    expect(BlockWriteGroup.of([...group.blocks].reverse(), group.signatures).equals(group)).toBe(false);
    expect(BlockWriteGroup.of([block], [signature]).equals(group)).toBe(false);
  });

  test.each(v.invalidGroups)('refused: $reason', ({ cbor }) => {
    expect(() => BlockWriteGroup.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('arguments are checked', () => {
    expect(() => BlockWriteGroup.of([], [])).toThrow(ArgumentError);
    expect(() => BlockWriteGroup.of([block], [])).toThrow(ArgumentError);
    expect(() => BlockWriteGroup.of([block], [new Uint8Array()])).toThrow(ArgumentError);
    expect(() => BlockWriteGroup.of(['x' as never], [signature])).toThrow(ArgumentError);
  });
});

describe('WriteAuthRequest', () => {
  test.each(v.writeAuth)('vector with BATs $batSecrets', ({ batSecrets, cbor }) => {
    const batIds = (batSecrets as readonly string[]).flatMap((secret) => {
      const bat = Bat.of(fromHex(secret));
      return [bat.inlineId(), bat.mirrorId(crypto)];
    });
    const request = WriteAuthRequest.of([{ signature, size: block.length, batIds }]);
    expect(toHex(request.encode())).toBe(cbor);
    const read = WriteAuthRequest.decode(fromHex(cbor));
    expect(read.equals(request)).toBe(true);
    expect(read.writes[0]?.size).toBe(5);
  });

  test.each(v.invalidWriteAuths)('refused: $reason', ({ cbor }) => {
    expect(() => WriteAuthRequest.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('MAX_AUTHORISED_BLOCKS', () => {
    const many = (count: number): WriteAuthRequest =>
      WriteAuthRequest.of(Array.from({ length: count }, () => ({ signature, size: 1, batIds: [] })));
    const largest = many(MAX_AUTHORISED_BLOCKS);
    expect(WriteAuthRequest.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => many(MAX_AUTHORISED_BLOCKS + 1)).toThrow(LimitError);
  });

  test('arguments are checked', () => {
    const good = { signature, size: 1, batIds: [] };
    for (const bad of [{ signature: new Uint8Array(95) }, { size: -1 }, { size: 2 ** 31 }, { batIds: ['x' as never] }]) {
      expect(() => WriteAuthRequest.of([{ ...good, ...bad }])).toThrow(ArgumentError);
    }
    expect(() => WriteAuthRequest.of({} as never)).toThrow(ArgumentError);
  });
});

describe('BlockMirrorCap', () => {
  const bat = Bat.of(new Uint8Array(32).fill(1)).withMirrorId(crypto);

  test('vector', () => {
    const cap = BlockMirrorCap.of(cid);
    expect(toHex(encodeBlockMirrorCaps([cap]))).toBe(v.readAuth.cbor);
    expect(decodeBlockMirrorCaps(fromHex(v.readAuth.cbor))[0]?.equals(cap)).toBe(true);
  });

  test('with a BAT', () => {
    const cap = BlockMirrorCap.of(cid, bat);
    const read = BlockMirrorCap.decode(cap.encode());
    expect(read.equals(cap)).toBe(true);
    expect(read.equals(BlockMirrorCap.of(cid))).toBe(false);
    expect(BlockMirrorCap.of(cid).equals(read)).toBe(false);
    expect(JSON.stringify(cap.bat)).toBe('"BatWithId(redacted)"');
  });

  test.each(v.invalidReadAuths)('refused: $reason', ({ cbor }) => {
    expect(() => decodeBlockMirrorCaps(fromHex(cbor))).toThrow(FormatError);
  });

  test('MAX_AUTHORISED_BLOCKS', () => {
    const many = (count: number): Uint8Array => encodeBlockMirrorCaps(Array.from({ length: count }, () => BlockMirrorCap.of(cid)));
    expect(decodeBlockMirrorCaps(many(MAX_AUTHORISED_BLOCKS))).toHaveLength(MAX_AUTHORISED_BLOCKS);
    expect(() => many(MAX_AUTHORISED_BLOCKS + 1)).toThrow(LimitError);
    const above = Uint8Array.of(
      0x98,
      MAX_AUTHORISED_BLOCKS + 1,
      ...many(MAX_AUTHORISED_BLOCKS).subarray(2),
      ...BlockMirrorCap.of(cid).encode(),
    );
    expect(() => decodeBlockMirrorCaps(above)).toThrow(LimitError);
  });

  test('arguments are checked', () => {
    expect(() => BlockMirrorCap.of('z' as never)).toThrow(ArgumentError);
    expect(() => BlockMirrorCap.of(cid, {} as never)).toThrow(ArgumentError);
    expect(() => encodeBlockMirrorCaps([{} as never])).toThrow(ArgumentError);
  });
});

describe('BlockStoreProperties', () => {
  test.each(v.properties)('vector $cbor', ({ cbor, ...parts }) => {
    const properties = BlockStoreProperties.of(parts);
    expect(toHex(properties.encode())).toBe(cbor);
    expect(BlockStoreProperties.decode(fromHex(cbor)).equals(properties)).toBe(true);
  });

  test('absent flags are false', () => {
    expect(BlockStoreProperties.decode(fromHex('a0')).equals(BlockStoreProperties.of())).toBe(true);
  });

  test('addresses are checked', () => {
    expect(() => BlockStoreProperties.decode(fromHex('a16162636674 70'.replace(' ', '')))).toThrow(FormatError);
    expect(() => BlockStoreProperties.of({ publicReadUrl: 'javascript:alert(1)' })).toThrow(ArgumentError);
    expect(() => BlockStoreProperties.of({ directWrites: 1 as never })).toThrow(ArgumentError);
    const full = BlockStoreProperties.of({ publicReads: true, publicReadUrl: 'https://a/b', authorisedUrl: 'https://c:8/' });
    expect(BlockStoreProperties.decode(full.encode()).equals(full)).toBe(true);
  });
});

describe('PresignedUrl', () => {
  const get = PresignedUrl.of(v.presignedGet.url, new Map(v.presignedGet.headers as [string, string][]));

  test('vector of a read', () => {
    const hex = toHex(get.encode());
    expect([hex.startsWith(v.presignedGet.start), hex.endsWith(v.presignedGet.end)]).toEqual([true, true]);
    expect(decodePresignedUrls(encodePresignedUrls([get]))[0]?.equals(get)).toBe(true);
  });

  test('headers of a write', () => {
    const url = v.presignedGet.url.slice(0, v.presignedGet.url.indexOf('?'));
    const put = PresignedUrl.of(url, new Map(v.presignedPutHeaders as [string, string][]));
    const read = PresignedUrl.decode(put.encode());
    expect(read.equals(put)).toBe(true);
    expect(read.headers.get('Content-Length')).toBe('5');
    expect(read.equals(get)).toBe(false);
  });

  test.each(v.invalidUrls)('refused address %j', (url) => {
    expect(() => PresignedUrl.of(url, new Map())).toThrow(ArgumentError);
    const cbor = encodeCbor(
      cborMap([
        ['b', url],
        ['h', new Map()],
      ]),
    );
    expect(() => PresignedUrl.decode(cbor)).toThrow(FormatError);
  });

  test.each(v.invalidHeaders as [string, string][])('refused header %j: %j', (name, value) => {
    expect(() => PresignedUrl.of('https://host/', new Map([[name, value]]))).toThrow(ArgumentError);
    const cbor = encodeCbor(
      cborMap([
        ['b', 'https://host/'],
        ['h', new Map([[name, value]])],
      ]),
    );
    expect(() => PresignedUrl.decode(cbor)).toThrow(FormatError);
  });

  test('a header that would harm a plain object is only a header', () => {
    const hostile = PresignedUrl.of('https://host/', new Map([['__proto__', 'x']]));
    expect(PresignedUrl.decode(hostile.encode()).headers.get('__proto__')).toBe('x');
  });

  test('MAX_PRESIGNED_URL_LENGTH', () => {
    const sized = (length: number): PresignedUrl => {
      const url = 'https://host/'.padEnd(length, 'a');
      return PresignedUrl.of(url, new Map([['a', 'b'.repeat(length)]]));
    };
    const largest = sized(MAX_PRESIGNED_URL_LENGTH);
    expect(PresignedUrl.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_PRESIGNED_URL_LENGTH + 1)).toThrow(ArgumentError);
    expect(() => PresignedUrl.of('https://host/', new Map([['a', 'b'.repeat(MAX_PRESIGNED_URL_LENGTH + 1)]]))).toThrow(ArgumentError);
  });

  test('MAX_PRESIGNED_HEADERS', () => {
    const many = (count: number): PresignedUrl =>
      PresignedUrl.of('https://host/', new Map(Array.from({ length: count }, (_, i) => [`h${i}`, ''])));
    const largest = many(MAX_PRESIGNED_HEADERS);
    expect(PresignedUrl.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => many(MAX_PRESIGNED_HEADERS + 1)).toThrow(ArgumentError);
  });

  test('MAX_AUTHORISED_BLOCKS', () => {
    const many = (count: number): Uint8Array => encodePresignedUrls(Array.from({ length: count }, () => get));
    expect(decodePresignedUrls(many(MAX_AUTHORISED_BLOCKS))).toHaveLength(MAX_AUTHORISED_BLOCKS);
    expect(() => many(MAX_AUTHORISED_BLOCKS + 1)).toThrow(LimitError);
    expect(() => encodePresignedUrls([{} as never])).toThrow(ArgumentError);
  });
});
