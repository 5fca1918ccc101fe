import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { DroppedBlocks, linksOrNone } from './dropped-blocks.js';

let crypto: CryptoProvider;
beforeAll(async () => {
  crypto = await loadCrypto();
});

interface Block {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** A block that links to others. */
function node(name: string, ...below: readonly Block[]): Block {
  const bytes = encodeCbor([name, ...below.map(({ cid }) => cid)]);
  return { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.dagCbor), bytes };
}

/** Some blocks, all dropped together. */
function dropAll(dropped: DroppedBlocks, ...blocks: readonly Block[]): void {
  const keys = new Set(blocks.map(({ cid }) => cid.key));
  for (const { cid, bytes } of blocks) dropped.add(cid, linksOrNone(cid, bytes), (link) => keys.has(link));
}

describe('DroppedBlocks', () => {
  test('a stored block takes along what is below it', () => {
    const dropped = new DroppedBlocks();
    const leaf = node('leaf');
    const [left, right] = [node('left', leaf), node('right', leaf)];
    const root = node('root', left);
    dropAll(dropped, leaf, left, right, root);
    dropped.stored([root.cid.key]);
    expect([leaf, left, right, root].map(({ cid }) => dropped.has(cid))).toEqual([false, false, true, false]);
    expect(dropped.count).toBe(1);
  });

  test('a block of the server vouches for what it links to, unless it was dropped itself', () => {
    const dropped = new DroppedBlocks();
    const leaf = node('leaf');
    const middle = node('middle', leaf);
    dropAll(dropped, leaf, middle);
    // The rest of a failed upload.
    dropped.served(middle.cid, middle.bytes);
    expect(dropped.has(leaf.cid)).toBe(true);
    const theirs = node('theirs', middle);
    dropped.served(theirs.cid, theirs.bytes);
    expect(dropped.count).toBe(0);
    // The same array again, after they were dropped once more.
    dropAll(dropped, leaf, middle);
    dropped.served(theirs.cid, theirs.bytes);
    expect(dropped.count).toBe(0);
  });

  test('what is malformed or raw vouches for nothing', () => {
    const dropped = new DroppedBlocks();
    const leaf = node('leaf');
    dropAll(dropped, leaf);
    const { bytes } = node('theirs', leaf);
    const digest = crypto.sha256(bytes);
    dropped.served(Cid.ofSha256(digest, CidCodec.raw), bytes);
    dropped.served(Cid.ofSha256(digest, CidCodec.dagCbor), Uint8Array.of(0xff));
    expect(dropped.has(leaf.cid)).toBe(true);
  });

  test('names the first lost link, asking for what is stored only when there may be one', () => {
    const dropped = new DroppedBlocks();
    const [leaf, other] = [node('leaf'), node('other')];
    const root = node('root', leaf);
    dropAll(dropped, leaf, other, root);
    const links = [node('elsewhere').cid.key, leaf.cid.key, other.cid.key];
    expect(dropped.firstLost(links, () => [])).toBe(leaf.cid.key);
    expect(dropped.firstLost(links, () => [root.cid.key])).toBe(other.cid.key);
    expect(dropped.firstLost(links, () => [root.cid.key, other.cid.key])).toBe(undefined);
    // Nothing was taken out by asking.
    expect(dropped.count).toBe(3);
    expect(
      dropped.firstLost(links.slice(0, 1), () => {
        throw new Error('not needed');
      }),
    ).toBe(undefined);
  });

  test('forgets the oldest beyond its capacity; the roots, which come last, stay longest', () => {
    const dropped = new DroppedBlocks(3);
    const blocks = [node('a'), node('b'), node('c')];
    const root = node('root', ...blocks);
    dropAll(dropped, ...blocks, root);
    expect([...blocks, root].map(({ cid }) => dropped.has(cid))).toEqual([false, true, true, true]);
    dropAll(dropped, blocks[1]!, node('d'));
    expect([...blocks, root].map(({ cid }) => dropped.has(cid))).toEqual([false, true, false, true]);
    expect(dropped.count).toBe(3);
    expect(() => new DroppedBlocks(0)).toThrow('capacity');
  });
});
