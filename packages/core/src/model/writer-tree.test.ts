import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { Cid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { Champ } from './champ/index.js';
import { MemoryBlocks } from './memory-blocks.js';
import { WriterData } from './writer-data.js';
import { WriterTree } from './writer-tree.js';

const crypto = await loadCrypto();
const owner = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const blocks = new MemoryBlocks(crypto);
const tree = new WriterTree(blocks, blocks, { owner });
const key = (i: number): Uint8Array => crypto.sha256(encodeCbor(i));
const chunk = (text: string): Cid => blocks.putCbor(encodeCbor(text));
const empty = Champ.empty(blocks, { owner }).flush(blocks);

describe('WriterTree', () => {
  test('the first chunk makes the tree, the last one leaves it empty', async () => {
    const base = WriterData.of(owner);
    const one = await tree.put(base, key(1), undefined, chunk('a'));
    expect(base.tree).toBeUndefined();
    expect((await tree.get(one, key(1)))?.equals(chunk('a'))).toBe(true);
    expect(await tree.get(one, key(2))).toBeUndefined();
    const none = await tree.remove(one, key(1), chunk('a'));
    expect(none.tree?.equals(empty)).toBe(true);
  });

  test('an update needs the value that is there', async () => {
    const one = await tree.put(WriterData.of(owner), key(1), undefined, chunk('a'));
    const two = await tree.put(one, key(1), chunk('a'), chunk('b'));
    expect((await tree.get(two, key(1)))?.equals(chunk('b'))).toBe(true);
    await expect(tree.put(two, key(1), chunk('a'), chunk('c'))).rejects.toMatchObject({ code: 'conflict.champ' });
    await expect(tree.put(two, key(1), undefined, chunk('c'))).rejects.toMatchObject({ code: 'conflict.champ' });
    await expect(tree.remove(two, key(1), chunk('a'))).rejects.toMatchObject({ code: 'conflict.champ' });
    expect((await tree.get(one, key(1)))?.equals(chunk('a'))).toBe(true);
  });

  test('many keys go in one step, and other fields stay', async () => {
    let base = WriterData.of(owner, { owned: empty });
    for (let i = 0; i < 50; i++) base = await tree.put(base, key(i), undefined, chunk(`${i}`));
    const odd = await tree.removeAll(base, [...Array.from({ length: 25 }, (_, i) => key(2 * i)), key(1000)]);
    let one: WriterData = base;
    for (let i = 0; i < 50; i += 2) one = await tree.remove(one, key(i), chunk(`${i}`));
    expect(odd.equals(one)).toBe(true);
    expect(odd.owned?.equals(empty)).toBe(true);
    expect((await tree.get(odd, key(7)))?.equals(chunk('7'))).toBe(true);
    expect(await tree.get(odd, key(8))).toBeUndefined();
  });

  test('a writer without tree has nothing to look at', async () => {
    const base = WriterData.of(owner);
    await expect(tree.get(base, key(1))).rejects.toThrow('WriterData.tree: is missing');
    await expect(tree.remove(base, key(1), chunk('a'))).rejects.toBeInstanceOf(FormatError);
    await expect(tree.removeAll(base, [key(1)])).rejects.toBeInstanceOf(FormatError);
  });

  test('a value that is no link is refused', async () => {
    const champ = Champ.empty(blocks, { owner });
    await champ.put(key(1), undefined, 'inline');
    await expect(tree.get(WriterData.of(owner, { tree: champ.flush(blocks) }), key(1))).rejects.toBeInstanceOf(FormatError);
  });

  test('arguments are checked', async () => {
    const base = WriterData.of(owner, { tree: empty });
    await expect(tree.get(base, new Uint8Array(31))).rejects.toBeInstanceOf(ArgumentError);
    await expect(tree.put(base, key(1), 'x' as never, chunk('a'))).rejects.toBeInstanceOf(ArgumentError);
    await expect(tree.put(base, key(1), undefined, 'x' as never)).rejects.toBeInstanceOf(ArgumentError);
    await expect(tree.remove(base, key(1), undefined as never)).rejects.toBeInstanceOf(ArgumentError);
    await expect(tree.removeAll(base, [new Uint8Array(33)])).rejects.toBeInstanceOf(ArgumentError);
    await expect(tree.get('x' as never, key(1))).rejects.toBeInstanceOf(ArgumentError);
  });
});
