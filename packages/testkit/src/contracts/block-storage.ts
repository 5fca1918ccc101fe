import { Cid, CidCodec, Multihash, MultihashCode } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { ArgumentError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import type { BlockStorage, StoredBlock } from '@pyrgos/server/blocks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A fresh storage for one test. */
export interface BlockStorageHarness {
  readonly hasher: Hasher;
  readonly storage: BlockStorage;
  /** The same contents after a restart, where that makes a difference. */
  readonly reopen?: () => Promise<BlockStorage>;
  readonly close?: () => Promise<void>;
}

/** The rules that every {@link BlockStorage} keeps (chapter 08 sections 4.1 to 4.3). `create` makes a fresh one for each test. */
export function blockStorageContract(name: string, create: () => Promise<BlockStorageHarness>): void {
  describe(`block storage contract: ${name}`, () => {
    let harness: BlockStorageHarness;
    let storage: BlockStorage;
    beforeEach(async () => {
      harness = await create();
      storage = harness.storage;
    });
    afterEach(async () => {
      await harness.close?.();
    });

    const blockOf = (bytes: Uint8Array, codec: typeof CidCodec.raw | typeof CidCodec.dagCbor = CidCodec.raw): StoredBlock => ({
      cid: Cid.ofSha256(harness.hasher.sha256(bytes), codec),
      bytes,
    });
    const block = (text: string): StoredBlock => blockOf(new TextEncoder().encode(text));
    const listed = async (username: string): Promise<string[]> => {
      const names: string[] = [];
      for await (const cid of storage.list(username)) names.push(cid.toString());
      return names.sort();
    };
    const names = (blocks: readonly StoredBlock[]): string[] => blocks.map(({ cid }) => cid.toString()).sort();

    test('what was put comes back, with and without its size', async () => {
      const blocks = [block('a'), block('b'), blockOf(Uint8Array.of(0x80), CidCodec.dagCbor), blockOf(new Uint8Array(0))];
      await storage.putMany('alice', blocks);
      for (const { cid, bytes } of blocks) {
        expect(await storage.get('alice', cid)).toEqual(bytes);
        expect(await storage.get('alice', cid, { size: bytes.length })).toEqual(bytes);
        expect(await storage.has('alice', cid)).toBe(true);
        expect((await storage.stat('alice', cid))?.size).toBe(bytes.length);
      }
      expect(await listed('alice')).toEqual(names(blocks));
    });

    test('and still does after a restart', async () => {
      if (harness.reopen === undefined) return;
      const a = block('a');
      await storage.putMany('alice', [a]);
      storage = await harness.reopen();
      expect(await storage.get('alice', a.cid)).toEqual(a.bytes);
      await storage.putMany('alice', [a, block('b')]);
      expect(await listed('alice')).toEqual(names([a, block('b')]));
    });

    test('nothing is there at first, and nothing may be put', async () => {
      expect(await storage.get('alice', block('a').cid)).toBeUndefined();
      expect(await storage.has('alice', block('a').cid)).toBe(false);
      expect(await storage.stat('alice', block('a').cid)).toBeUndefined();
      expect(await listed('alice')).toEqual([]);
      await storage.putMany('alice', []);
      await storage.deleteMany('alice', [block('a').cid]);
      expect(await listed('alice')).toEqual([]);
    });

    test('users are apart', async () => {
      const [a, b] = [block('a'), block('b')];
      await storage.putMany('alice', [a, b]);
      await storage.putMany('bob', [b]);
      await storage.deleteMany('alice', [b.cid]);
      expect(await storage.has('bob', a.cid)).toBe(false);
      expect(await storage.get('bob', b.cid)).toEqual(b.bytes);
      expect(await listed('alice')).toEqual(names([a]));
      expect(await listed('bob')).toEqual(names([b]));
    });

    test('the codec is part of the name', async () => {
      const raw = blockOf(Uint8Array.of(0x80));
      await storage.putMany('alice', [raw]);
      expect(await storage.has('alice', Cid.v1(CidCodec.dagCbor, raw.cid.multihash))).toBe(false);
    });

    test('putting again, twice in one call, and at the same time is fine', async () => {
      const a = block('a');
      await storage.putMany('alice', [a, a]);
      await storage.putMany('alice', [a]);
      await Promise.all(Array.from({ length: 20 }, (_, i) => storage.putMany('alice', [a, block(`own ${i}`), block('shared')])));
      expect(await storage.get('alice', block('shared').cid)).toEqual(block('shared').bytes);
      expect((await listed('alice')).length).toBe(22);
    });

    test('deleted blocks are gone and can be put again', async () => {
      const blocks = Array.from({ length: 50 }, (_, i) => block(`block ${i}`));
      await storage.putMany('alice', blocks);
      await storage.deleteMany(
        'alice',
        blocks.slice(10).map(({ cid }) => cid),
      );
      expect(await listed('alice')).toEqual(names(blocks.slice(0, 10)));
      expect(await storage.get('alice', blocks[20]!.cid)).toBeUndefined();
      await storage.putMany('alice', blocks);
      expect(await listed('alice')).toEqual(names(blocks));
    });

    test('arrays are not shared', async () => {
      const bytes = Uint8Array.of(1, 2, 3);
      const { cid } = blockOf(bytes);
      await storage.putMany('alice', [{ cid, bytes }]);
      bytes.fill(0);
      const first = await storage.get('alice', cid);
      expect(first).toEqual(Uint8Array.of(1, 2, 3));
      first?.fill(9);
      expect(await storage.get('alice', cid)).toEqual(Uint8Array.of(1, 2, 3));
    });

    test('the largest block', async () => {
      const largest = blockOf(new Uint8Array(MAX_BLOCK_SIZE).fill(7));
      await storage.putMany('alice', [largest]);
      expect((await storage.get('alice', largest.cid))?.length).toBe(MAX_BLOCK_SIZE);
    });

    test('only what can be verified is stored; the rest is an error to put and absent', async () => {
      const { multihash } = block('a').cid;
      const others = [
        Cid.v0(multihash),
        Cid.v1(CidCodec.libp2pKey, multihash),
        Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.identity, Uint8Array.of(1))),
        Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.blake3, new Uint8Array(32))),
      ];
      for (const cid of others) {
        await expect(storage.putMany('alice', [block('b'), { cid, bytes: Uint8Array.of(1) }])).rejects.toBeInstanceOf(ArgumentError);
        expect(await storage.get('alice', cid)).toBeUndefined();
        expect(await storage.has('alice', cid)).toBe(false);
        await storage.deleteMany('alice', [cid]);
      }
      expect(await listed('alice')).toEqual([]);
    });

    test('a user name that is no safe folder name is refused everywhere', async () => {
      const { cid } = block('a');
      for (const username of ['', '.', '..', '../alice', 'a/b', 'a\\b', '.tmp', 'Alice', 'ä', 'a b', 'a\0', 'a'.repeat(65)]) {
        await expect(storage.putMany(username, [block('a')])).rejects.toBeInstanceOf(ArgumentError);
        await expect(storage.get(username, cid)).rejects.toBeInstanceOf(ArgumentError);
        await expect(storage.has(username, cid)).rejects.toBeInstanceOf(ArgumentError);
        await expect(storage.stat(username, cid)).rejects.toBeInstanceOf(ArgumentError);
        await expect(storage.deleteMany(username, [cid])).rejects.toBeInstanceOf(ArgumentError);
        await expect(listed(username)).rejects.toBeInstanceOf(ArgumentError);
      }
      await storage.putMany('a'.repeat(64), [block('a')]);
      await storage.putMany('__proto__', [block('a')]);
      expect(await listed('__proto__')).toEqual(names([block('a')]));
      expect(await listed('constructor')).toEqual([]);
    });
  });
}
