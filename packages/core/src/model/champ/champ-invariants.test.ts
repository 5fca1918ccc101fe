import { describe, expect, test } from 'vitest';
import { seededRandom } from '@pyrgos/testkit/random';
import { concatBytes, toHex } from '../../bytes.js';
import { Cid, CidCodec, type CborValue, decodeCbor, encodeCbor } from '../../codec/index.js';
import { loadCrypto } from '../../crypto/index.js';
import { Bat } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { MemoryBlocks } from '../memory-blocks.js';
import { Champ } from './champ.js';
import { type ChampDifference, diffChamps, mergeChamps } from './champ-diff.js';
import type { ChampOptions } from './champ-shape.js';

/** The CHAMP invariants of chapter 03 section 16 that the other test files do not cover. */

const crypto = await loadCrypto();
const link = (seed: Uint8Array): Cid => Cid.ofSha256(crypto.sha256(seed), CidCodec.dagCbor);
const context = { owner: PublicKeyHash.fromCid(link(new Uint8Array())) };
const emptyRoot = 'zdpuAy36qRsvJq5Rdqt8YMMjrDfnAw2ETyVqakwaMXupLqR7X';
const blake = (key: Uint8Array): Uint8Array => crypto.blake2b(key, 64);

const shapes: { readonly name: string; readonly options: ChampOptions }[] = [
  { name: '(5, 3), identity', options: { bitWidth: 5, maxInline: 3 } },
  { name: '(4, 2), BLAKE2b', options: { bitWidth: 4, maxInline: 2, hashKey: blake } },
  { name: '(3, 4), BLAKE2b', options: { hashKey: blake } },
];

describe.each(shapes)('a thousand random mappings, $name', ({ options }) => {
  const random = seededRandom(16);
  const mappings = Array.from({ length: 1000 }, () => ({ key: random.randomBytes(32), value: link(random.randomBytes(32)) }));
  const half = mappings.slice(0, 500).map(({ key }) => key);

  async function filled(blocks: MemoryBlocks): Promise<Champ> {
    const champ = Champ.empty(blocks, context, options);
    for (const { key, value } of mappings) await champ.put(key, undefined, value);
    return champ;
  }

  test('read back while and after they are added, in any order', async () => {
    const blocks = new MemoryBlocks(crypto);
    const champ = Champ.empty(blocks, context, options);
    for (const { key, value } of mappings) {
      await champ.put(key, undefined, value);
      expect(value.equals((await champ.get(key)) as Cid)).toBe(true);
    }
    const root = champ.flush(blocks);
    const reopened = Champ.open(root, blocks, context, options);
    for (const { key, value } of mappings) expect(value.equals((await reopened.get(key)) as Cid)).toBe(true);
    expect(await reopened.size()).toBe(1000);
    const shuffled = Champ.empty(blocks, context, options);
    const order = [...mappings].sort((a, b) => toHex(crypto.sha256(a.key)).localeCompare(toHex(crypto.sha256(b.key))));
    for (const { key, value } of order) await shuffled.put(key, undefined, value);
    expect(shuffled.flush(blocks).equals(root)).toBe(true);
  });

  test('replace and remove with the right value only, down to the empty root', async () => {
    const blocks = new MemoryBlocks(crypto);
    const champ = await filled(blocks);
    const other = link(Uint8Array.of(1));
    for (const { key, value } of mappings) {
      await expect(champ.put(key, other, other)).rejects.toMatchObject({ code: 'conflict.champ' });
      await champ.put(key, value, other);
      await expect(champ.remove(key, value)).rejects.toMatchObject({ code: 'conflict.champ' });
    }
    for (const { key } of mappings) {
      await champ.remove(key, other);
      expect(await champ.get(key)).toBeUndefined();
    }
    expect(champ.flush(blocks).toString()).toBe(emptyRoot);
  });

  test('bulk removal of half and of all equals removal one by one', async () => {
    const blocks = new MemoryBlocks(crypto);
    const root = (await filled(blocks)).flush(blocks);
    const single = Champ.open(root, blocks, context, options);
    for (const { key, value } of mappings.slice(0, 500)) await single.remove(key, value);
    const bulk = Champ.open(root, blocks, context, options);
    await bulk.removeAll(half);
    expect(bulk.flush(blocks).equals(single.flush(blocks))).toBe(true);
    for (const [i, { key, value }] of mappings.entries()) {
      expect((await bulk.get(key))?.toString()).toBe(i < 500 ? undefined : value.toString());
    }
    await bulk.removeAll(mappings.map(({ key }) => key));
    expect(bulk.flush(blocks).toString()).toBe(emptyRoot);
  });
});

describe.each([
  { name: 'without a mirror BAT', mirror: undefined },
  { name: 'with a mirror BAT', mirror: Bat.of(new Uint8Array(32).fill(7)).mirrorId(crypto) },
])('put and remove of a new key give back the root, $name', ({ mirror }) => {
  test.each([0, 1, 2, 3, 4])('keys that share %i bytes', async (shared) => {
    const random = seededRandom(shared + 1);
    const newKey = (prefix: Uint8Array): Uint8Array => concatBytes(prefix, random.randomBytes(5));
    for (let count = 0; count < 10; count++) {
      const blocks = new MemoryBlocks(crypto);
      const prefix = random.randomBytes(shared);
      let champ = Champ.empty(blocks, context);
      champ.mirrorBat = mirror;
      for (let i = 0; i < count; i++) await champ.put(newKey(prefix), undefined, link(random.randomBytes(8)));
      const root = champ.flush(blocks);
      for (let i = 0; i < 10; i++) {
        champ = Champ.open(root, blocks, context);
        champ.mirrorBat = mirror;
        const key = newKey(prefix);
        await champ.put(key, undefined, link(key));
        expect(decodeCbor(await blocks.getBlock(champ.flush(blocks))) instanceof Map).toBe(mirror !== undefined);
        await champ.remove(key, link(key));
        expect(champ.flush(blocks).toString()).toBe(root.toString());
      }
    }
  });
});

test('deleting the middle one of three neighbours', async () => {
  const blocks = new MemoryBlocks(crypto);
  const champ = Champ.empty(blocks, context);
  const keys = [0, 1, 2].map((i) => Uint8Array.of(0, i, 0));
  for (const key of keys) await champ.put(key, undefined, link(key));
  await champ.remove(keys[1]!, link(keys[1]!));
  expect(await champ.size()).toBe(2);
  expect((await champ.get(keys[0]!))?.toString()).toBe(link(keys[0]!).toString());
  expect((await champ.get(keys[2]!))?.toString()).toBe(link(keys[2]!).toString());
});

describe('one difference', () => {
  const key = (i: number): Uint8Array => crypto.sha256(Uint8Array.of(i));
  const longer = Uint8Array.of(...key(3), 1);

  async function tree(blocks: MemoryBlocks): Promise<Cid> {
    const champ = Champ.empty(blocks, context);
    for (let i = 0; i < 100; i++) await champ.put(key(i), undefined, i);
    return champ.flush(blocks);
  }

  async function all(left: Cid, right: Cid, blocks: MemoryBlocks): Promise<ChampDifference[]> {
    const out: ChampDifference[] = [];
    for await (const difference of diffChamps(left, right, blocks, context)) out.push(difference);
    return out;
  }

  test.each([
    { name: 'updated', key: key(3), left: 3, right: 1000 },
    { name: 'added', key: key(200), left: undefined, right: 200 },
    { name: 'removed', key: key(3), left: 3, right: undefined },
    { name: 'added, extending another key by one byte', key: longer, left: undefined, right: 7 },
  ])('$name', async ({ key, left, right }) => {
    const blocks = new MemoryBlocks(crypto);
    const before = await tree(blocks);
    const champ = Champ.open(before, blocks, context);
    if (right === undefined) await champ.remove(key, left);
    else await champ.put(key, left, right);
    const after = champ.flush(blocks);
    const values = { ...(left === undefined ? {} : { left }), ...(right === undefined ? {} : { right }) };
    expect(await all(before, after, blocks)).toEqual([{ key, ...values }]);
  });

  test('set to null by an older writer: one difference, a removal; against absence none', async () => {
    const blocks = new MemoryBlocks(crypto);
    const build = async (value: CborValue | undefined): Promise<Cid> => {
      const element = [Uint8Array.of(0), 1, ...(value === undefined ? [] : [Uint8Array.of(8), value])];
      return blocks.putCbor(encodeCbor([Uint8Array.of(1), new Uint8Array(), [element]]));
    };
    const [present, nulled, absent] = [await build(5), await build(null), await build(undefined)];
    expect(await all(present, nulled, blocks)).toEqual([{ key: Uint8Array.of(8), left: 5 }]);
    expect(await all(nulled, present, blocks)).toEqual([{ key: Uint8Array.of(8), right: 5 }]);
    expect(await all(nulled, absent, blocks)).toEqual([]);
    const merged = await mergeChamps({ base: present, ours: present, remote: nulled }, blocks, context);
    expect(merged.flush(blocks).equals(absent)).toBe(true);
  });
});
