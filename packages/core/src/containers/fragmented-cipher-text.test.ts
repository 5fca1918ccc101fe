import * as fc from 'fast-check';
import { constantRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { Cid, CidCodec, cborMap, type CborValue, encodeCbor, Multihash, MultihashCode } from '../codec/index.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, DeniedError, FormatError, LimitError, NotFoundError, PyrgosError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { batIdsOfRawBlock, stripRawPrefix } from '../keys/bat-prefix.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_BLOCK_SIZE, MAX_CHUNK_SIZE, MAX_FRAGMENTS, MAX_SECTION_SIZE } from '../limits.js';
import type { BlockReadContext } from '../store/block-store.js';
import v from '../../../../vectors/01/fragmented.json' with { type: 'json' };
import type { FragmentReader } from './fragment-fetch.js';
import { type FragmentBlock, FragmentedPaddedCipherText, fragmentSizes } from './fragmented-cipher-text.js';

const crypto = await loadCrypto();
const fixed = withRandomSource(crypto, constantRandom(0x24));
const key = SymmetricKey.of(new Uint8Array(32).fill(1));
const mirrorId = Bat.of(new Uint8Array(32).fill(0xaa)).mirrorId(crypto);
const owner = SigningKeyPair.generate(crypto).publicKey.hash;
const ofKind = (kind: string): typeof v.valid => v.valid.filter((vector) => vector.kind === kind);
const sha = (bytes: Uint8Array): string => toHex(crypto.sha256(bytes));

function blockAt(blocks: readonly FragmentBlock[], index: number): FragmentBlock {
  const block = blocks[index];
  if (block === undefined) throw new Error(`no block ${index}`);
  return block;
}

interface TestReader extends FragmentReader {
  readonly reads: { readonly cid: Cid; readonly context: BlockReadContext }[];
}

/** A reader over blocks that opens a gated block only with its own BAT. */
function readerOf(blocks: readonly Pick<FragmentBlock, 'cid' | 'bytes'>[], failures = 0): TestReader {
  const reads: TestReader['reads'] = [];
  let left = failures;
  return {
    owner,
    reads,
    blocks: {
      getBlock: async (cid, context) => {
        reads.push({ cid, context });
        await Promise.resolve();
        if (left-- > 0) throw new NotFoundError('not-found.block', 'not yet');
        const block = blocks.find((candidate) => candidate.cid.equals(cid));
        if (block === undefined) throw new NotFoundError('not-found.block', 'no such block');
        const own = cid.codec === CidCodec.raw ? batIdsOfRawBlock(block.bytes)[0]?.inlineBat : undefined;
        if (own !== undefined && !own.equals(context.bat?.bat)) throw new DeniedError('denied.block', 'another BAT');
        return block.bytes;
      },
    },
  };
}

test.each(ofKind('inline'))('vector: inline', (vector) => {
  const { container, blocks } = FragmentedPaddedCipherText.seal(fixed, key, fromHex(vector.data ?? ''), mirrorId);
  expect(blocks).toEqual([]);
  expect(container.isInline).toBe(true);
  const cbor = container.encode();
  expect(cbor.length).toBe(vector.size);
  expect(toHex(cbor).startsWith(vector.start ?? '-')).toBe(true);
  expect(sha(cbor)).toBe(vector.sha256);
});

test.each(ofKind('one fragment'))('vector: one fragment', async (vector) => {
  const data = new Uint8Array(vector.dataLength ?? 0);
  const { container, blocks } = FragmentedPaddedCipherText.seal(fixed, key, data, mirrorId);
  expect(blocks.length).toBe(1);
  expect(blocks[0]?.bytes.length).toBe(vector.blockSize);
  expect(String(blocks[0]?.cid)).toBe(vector.blockCid);
  expect(toHex(blocks[0]?.bytes ?? data).startsWith(vector.blockStart ?? '-')).toBe(true);
  expect(toHex(container.encode())).toBe(vector.cbor);
  const read = FragmentedPaddedCipherText.decode(fromHex(vector.cbor ?? ''));
  expect(read.equals(container)).toBe(true);
  expect(await read.open(crypto, key, readerOf(blocks))).toEqual(data);
});

test.each(ofKind('size'))('sizes of $dataLength bytes', async (vector) => {
  const data = new Uint8Array(vector.dataLength ?? 0).fill(0x77);
  expect(encodeCbor(data).length).toBe(vector.plaintextLength);
  const { container, blocks } = FragmentedPaddedCipherText.seal(crypto, key, data, mirrorId);
  expect(blocks.map(({ bytes }) => bytes.length)).toEqual(vector.blockSizes);
  expect(fragmentSizes(vector.plaintextLength ?? 0).map((size) => size + 85)).toEqual(vector.blockSizes);
  expect(blocks.every(({ cid, bytes }) => cid.equals(Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw)))).toBe(true);
  const read = FragmentedPaddedCipherText.decode(container.encode());
  if (vector.cipherLength === null) {
    expect(read.header?.length).toBe(22);
    expect(read.isInline).toBe(false);
    const size = ofKind('container size').find(({ fragments }) => fragments === blocks.length)?.size;
    if (size !== undefined) expect(container.encode().length).toBe(size);
  } else {
    expect(read.inline?.length).toBe(vector.cipherLength);
    expect(read.header).toBeUndefined();
    expect(container.encode().length).toBe((vector.cipherLength ?? 0) + 35);
  }
  const opened = await read.open(crypto, key, readerOf(blocks));
  expect(opened instanceof Uint8Array && opened.length === data.length && opened.every((byte) => byte === 0x77)).toBe(true);
});

test.each(ofKind('legacy identity'))('vector: legacy identity form', async (vector) => {
  const read = FragmentedPaddedCipherText.decode(fromHex(vector.cbor ?? ''));
  expect(read.isInline).toBe(true);
  expect(toHex(read.encode())).toBe(vector.reencoded);
  expect(await read.fetchCiphertext(readerOf([]))).toEqual(new Uint8Array(4112).fill(0xab));
});

test.each(ofKind('legacy surplus'))('vector: $name', (vector) => {
  const read = FragmentedPaddedCipherText.decode(fromHex(vector.cbor ?? ''));
  expect(read.fragments).toHaveLength(1);
  expect(read.fragments[0]?.bat).toBeDefined();
  expect(toHex(read.encode())).toBe(vector.reencoded);
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => FragmentedPaddedCipherText.decode(fromHex(cbor))).toThrow(FormatError);
});

test('blocks without a mirror BAT have the short prefix', () => {
  const { blocks } = FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(4100));
  expect(blocks[0]?.bytes.length).toBe(8192 + 47);
  expect(batIdsOfRawBlock(blocks[0]?.bytes ?? new Uint8Array()).length).toBe(1);
});

test('MAX_CHUNK_SIZE', () => {
  expect(() => FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(MAX_CHUNK_SIZE + 1))).toThrow(LimitError);
  // What is no file data, such as the children of a directory, has the limit of the section.
  const { blocks } = FragmentedPaddedCipherText.seal(crypto, key, [new Uint8Array(MAX_CHUNK_SIZE), 'more']);
  expect(blocks).toHaveLength(6);
});

test('the largest block fits', () => {
  const { blocks } = FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(MAX_CHUNK_SIZE), mirrorId);
  expect(blocks.length).toBe(5);
  for (const { bytes } of blocks) expect(bytes.length).toBeLessThanOrEqual(MAX_BLOCK_SIZE);
});

test('an empty file and an empty directory look the same', () => {
  const file = FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array());
  const directory = FragmentedPaddedCipherText.seal(crypto, key, []);
  expect(file.container.encode().length).toBe(directory.container.encode().length);
});

const sample = FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(2_500_000).fill(9), mirrorId);

describe('reading', () => {
  test('each fragment is read once with its own BAT and the owner', async () => {
    const reader = readerOf(sample.blocks);
    await sample.container.open(crypto, key, reader);
    expect(reader.reads.length).toBe(3);
    for (const { cid, context } of reader.reads) {
      expect(context.owner.equals(owner)).toBe(true);
      expect(context.bat?.equals(sample.blocks.find((block) => block.cid.equals(cid))?.bat)).toBe(true);
    }
  });

  test('at most the wished number at a time', async () => {
    for (const concurrency of [1, 2]) {
      let running = 0;
      let most = 0;
      const inner = readerOf(sample.blocks);
      const reader: FragmentReader = {
        owner,
        concurrency,
        blocks: {
          getBlock: async (cid, context) => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setTimeout(resolve, 0));
            running--;
            return inner.blocks.getBlock(cid, context);
          },
        },
      };
      await sample.container.fetchCiphertext(reader);
      expect(most).toBe(concurrency);
    }
    await expect(sample.container.fetchCiphertext({ ...readerOf([]), concurrency: 0 })).rejects.toThrow(ArgumentError);
  });

  test('a missing fragment is tried once more, then it is an error', async () => {
    const again = readerOf(sample.blocks, 1);
    await sample.container.open(crypto, key, again);
    expect(again.reads.length).toBe(4);
    const missing = readerOf(sample.blocks.slice(1));
    await expect(sample.container.open(crypto, key, { ...missing, concurrency: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'not-found.block' }),
    );
    expect(missing.reads.length).toBe(2);
  });

  test('a refusal is not tried again and stops the others', async () => {
    const reader = readerOf(sample.blocks);
    const stripped = FragmentedPaddedCipherText.fromCbor(
      cborMap([...(sample.container.toCbor() as ReadonlyMap<string, CborValue>)].filter(([name]) => name !== 'bats')),
    );
    await expect(stripped.open(crypto, key, { ...reader, concurrency: 1 })).rejects.toThrow(DeniedError);
    expect(reader.reads.length).toBe(1);
  });

  test('can be cancelled before and meanwhile', async () => {
    const refused = expect.objectContaining({ code: 'aborted' });
    await expect(sample.container.open(crypto, key, { ...readerOf(sample.blocks), signal: AbortSignal.abort() })).rejects.toThrow(refused);
    const controller = new AbortController();
    const reader: FragmentReader = {
      owner,
      signal: controller.signal,
      blocks: {
        getBlock: (_cid, context) =>
          new Promise((_resolve, reject) => {
            context.signal?.addEventListener('abort', () => reject(new Error('source stopped')));
            queueMicrotask(() => controller.abort());
          }),
      },
    };
    await expect(sample.container.open(crypto, key, reader)).rejects.toThrow(refused);
  });

  test('changed, swapped or shortened fragments do not open', async () => {
    const open = (blocks: readonly Pick<FragmentBlock, 'cid' | 'bytes'>[]): Promise<CborValue> =>
      sample.container.open(crypto, key, readerOf(blocks));
    const refused = expect.objectContaining({ code: 'crypto.authentication' });
    const at = (index: number): FragmentBlock => blockAt(sample.blocks, index);
    await expect(open([at(0), at(1), { cid: at(2).cid, bytes: at(2).bytes.slice(0, -1) }])).rejects.toThrow(refused);
    const flipped = at(1).bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte));
    await expect(open([at(0), { cid: at(1).cid, bytes: flipped }, at(2)])).rejects.toThrow(refused);
    await expect(sample.container.open(crypto, SymmetricKey.generate(crypto), readerOf(sample.blocks))).rejects.toThrow(refused);
    await expect(open([at(0), at(1), { cid: at(2).cid, bytes: new Uint8Array(MAX_BLOCK_SIZE + 1) }])).rejects.toThrow(LimitError);
  });
});

describe('legacy forms', () => {
  const nonce = new Uint8Array(24).fill(5);
  const plain = new Uint8Array(3 * 4096);
  plain.set(encodeCbor('legacy'));
  const ciphertext = crypto.secretboxSeal(plain, nonce, key.bytes);
  const identity = (bytes: Uint8Array): Cid => Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.identity, bytes));
  const rawBlock = (bytes: Uint8Array): { cid: Cid; bytes: Uint8Array } => ({
    cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw),
    bytes,
  });

  test('no header, no BATs, no prefixes, smaller fragments; re-encoded with an empty list of BATs', async () => {
    const blocks = [rawBlock(ciphertext.slice(0, 5000)), rawBlock(ciphertext.slice(5000))];
    const cbor = encodeCbor(
      cborMap([
        ['f', blocks.map(({ cid }) => cid)],
        ['n', nonce],
      ]),
    );
    const read = FragmentedPaddedCipherText.decode(cbor);
    const reader = readerOf(blocks);
    expect(await read.open(crypto, key, reader)).toBe('legacy');
    expect(reader.reads.every(({ context }) => context.bat === undefined)).toBe(true);
    expect((read.toCbor() as ReadonlyMap<string, CborValue>).get('bats')).toEqual([]);
    expect(FragmentedPaddedCipherText.decode(read.encode()).encode()).toEqual(read.encode());
  });

  test('fewer BATs than fragments', async () => {
    const gated = FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(1_048_578)).blocks;
    expect(gated.length).toBe(2);
    const first = blockAt(gated, 0);
    const open = rawBlock(ciphertext.slice(1000));
    const cbor = encodeCbor(
      cborMap([
        ['f', [first.cid, open.cid]],
        ['n', nonce],
        ['bats', [first.bat.toCbor()]],
      ]),
    );
    const read = FragmentedPaddedCipherText.decode(cbor);
    expect(read.encode()).toEqual(cbor);
    const joined = await read.fetchCiphertext(readerOf([first, open]));
    // By hash: comparing a megabyte element by element takes seconds.
    expect(sha(joined)).toBe(sha(concatBytes(stripRawPrefix(first.bytes), open.bytes)));
  });

  test('dag-cbor fragments and identity links among others', async () => {
    const wrapped = encodeCbor(ciphertext.slice(0, 4000));
    const cborBlock = { cid: Cid.ofSha256(crypto.sha256(wrapped), CidCodec.dagCbor), bytes: wrapped };
    const inner = identity(ciphertext.slice(4000, 8000));
    const last = rawBlock(ciphertext.slice(8000));
    const read = FragmentedPaddedCipherText.decode(
      encodeCbor(
        cborMap([
          ['f', [cborBlock.cid, inner, last.cid]],
          ['n', nonce],
        ]),
      ),
    );
    const reader = readerOf([cborBlock, last]);
    expect(await read.open(crypto, key, reader)).toBe('legacy');
    expect(reader.reads.length).toBe(2);
    const noBytes = encodeCbor('text');
    const bad = { cid: Cid.ofSha256(crypto.sha256(noBytes), CidCodec.dagCbor), bytes: noBytes };
    const badRead = FragmentedPaddedCipherText.decode(
      encodeCbor(
        cborMap([
          ['f', [bad.cid]],
          ['n', nonce],
        ]),
      ),
    );
    await expect(badRead.open(crypto, key, readerOf([bad]))).rejects.toThrow(FormatError);
  });

  test('inline with a header, as bytes and as identity link', async () => {
    const header = ciphertext.slice(0, ciphertext.length - 4096);
    const rest = ciphertext.slice(ciphertext.length - 4096);
    for (const part of [rest, identity(rest)]) {
      const read = FragmentedPaddedCipherText.decode(
        encodeCbor(
          cborMap([
            ['f', [part]],
            ['h', header],
            ['n', nonce],
          ]),
        ),
      );
      expect(await read.open(crypto, key, readerOf([]))).toBe('legacy');
      expect(await FragmentedPaddedCipherText.decode(read.encode()).open(crypto, key, readerOf([]))).toBe('legacy');
    }
  });
});

describe('limits', () => {
  const link = Cid.ofSha256(new Uint8Array(32), CidCodec.raw);
  const withLinks = (count: number): Uint8Array =>
    encodeCbor(
      cborMap([
        ['f', Array.from({ length: count }, () => link)],
        ['n', new Uint8Array(24)],
      ]),
    );

  test('number of fragments', () => {
    expect(FragmentedPaddedCipherText.decode(withLinks(MAX_FRAGMENTS)).fragments.length).toBe(MAX_FRAGMENTS);
    expect(() => FragmentedPaddedCipherText.decode(withLinks(MAX_FRAGMENTS + 1))).toThrow(LimitError);
  });

  test('size of the whole', async () => {
    const block = { cid: link, bytes: new Uint8Array(1_048_576) };
    const exact = await FragmentedPaddedCipherText.decode(withLinks(MAX_SECTION_SIZE / 1_048_576)).fetchCiphertext(readerOf([block]));
    expect(exact.length).toBe(MAX_SECTION_SIZE);
    await expect(
      FragmentedPaddedCipherText.decode(withLinks(MAX_SECTION_SIZE / 1_048_576 + 1)).fetchCiphertext(readerOf([block])),
    ).rejects.toThrow(LimitError);
    expect(() => FragmentedPaddedCipherText.seal(crypto, key, ['', new Uint8Array(MAX_SECTION_SIZE)])).toThrow(LimitError);
  });
});

test('any value opens again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 20_000 }), fc.boolean(), async (length, withMirror) => {
      const data = new Uint8Array(length).fill(length & 255);
      const { container, blocks } = FragmentedPaddedCipherText.seal(crypto, key, data, withMirror ? mirrorId : undefined);
      expect(await FragmentedPaddedCipherText.decode(container.encode()).open(crypto, key, readerOf(blocks))).toEqual(data);
      expect(fragmentSizes(encodeCbor(data).length)).toEqual(blocks.map(({ bytes }) => stripRawPrefix(bytes).length));
    }),
    { numRuns: 30 },
  );
});

test('changed containers give an error of the family, whichever byte changes', async () => {
  const data = new Uint8Array(5000).fill(3);
  const { container, blocks } = FragmentedPaddedCipherText.seal(crypto, key, data);
  const valid = container.encode();
  for (let at = 0; at < valid.length; at++) {
    const changed = valid.map((byte, i) => (i === at ? byte ^ 0x11 : byte));
    try {
      const read = FragmentedPaddedCipherText.decode(changed);
      expect(FragmentedPaddedCipherText.decode(read.encode()).encode()).toEqual(read.encode());
      await read.open(crypto, key, readerOf(blocks));
    } catch (error) {
      expect(error).toBeInstanceOf(PyrgosError);
      continue;
    }
    // Only the id of a BAT may change without effect on what is read: the block's own BAT opens it under any id.
    expect(at).toBeGreaterThan(valid.length - 37);
  }
});

test('the decoder gives an error of the family on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        expect(FragmentedPaddedCipherText.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});

test('arguments are checked', async () => {
  expect(() => FragmentedPaddedCipherText.seal(crypto, key.bytes as never, 1)).toThrow(ArgumentError);
  expect(() => FragmentedPaddedCipherText.seal(crypto, key, new Uint8Array(5000), Bat.generate(crypto).inlineId())).toThrow(ArgumentError);
  const { container } = FragmentedPaddedCipherText.seal(crypto, key, 1);
  expect(() => container.decrypt(crypto, 'key' as never, new Uint8Array(40))).toThrow(ArgumentError);
  expect(() => fragmentSizes(0)).toThrow(ArgumentError);
});
