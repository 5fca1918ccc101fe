import { expect, test } from 'vitest';
import { encodeCbor } from '../codec/index.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, LimitError, NotFoundError } from '../errors.js';
import { MAX_BLOCK_SIZE } from '../limits.js';
import { MemoryBlocks } from './memory-blocks.js';

const crypto = await loadCrypto();

test('gives back what was put, under the CID of its bytes and kind', async () => {
  const blocks = new MemoryBlocks(crypto);
  const bytes = encodeCbor(['a']);
  const cid = blocks.putCbor(bytes);
  const raw = blocks.putRaw(bytes);
  expect(cid.equals(raw)).toBe(false);
  expect(await blocks.getBlock(cid)).toEqual(bytes);
  expect(blocks.find(raw)).toEqual(bytes);
  expect(blocks.has(cid)).toBe(true);
  expect(blocks.putCbor(bytes).equals(cid)).toBe(true);
  expect(blocks.size).toBe(2);
});

test('missing, wrong and oversized blocks', async () => {
  const blocks = new MemoryBlocks(crypto);
  const elsewhere = new MemoryBlocks(crypto).putCbor(encodeCbor(1));
  expect(blocks.find(elsewhere)).toBeUndefined();
  await expect(blocks.getBlock(elsewhere)).rejects.toBeInstanceOf(NotFoundError);
  expect(() => blocks.putCbor('text' as unknown as Uint8Array)).toThrow(ArgumentError);
  blocks.putRaw(new Uint8Array(MAX_BLOCK_SIZE));
  expect(() => blocks.putRaw(new Uint8Array(MAX_BLOCK_SIZE + 1))).toThrow(LimitError);
  expect(blocks.size).toBe(1);
});
