import { concatBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { Bat, type BatWithId, blockBatList, encodeRawPrefix, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { Champ, lookUpChamp, MemoryBlocks, WriterData } from '@pyrgos/core/model';
import type { SignedBlock } from '@pyrgos/core/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signBlock } from '../stores/memory-block-store.js';
import { addChild, commit, type StoreHarness, upload } from './store-harness.js';

export type { StoreHarness } from './store-harness.js';

const text = (value: string): Uint8Array => encodeCbor(value);

/** The rules that every {@link BlockStore} keeps (chapter 03 sections 1.4, 9 and 10). `create` makes a fresh server for each test. */
export function blockStoreContract(name: string, create: () => Promise<StoreHarness>): void {
  describe(`block store contract: ${name}`, () => {
    let harness: StoreHarness;
    beforeEach(async () => {
      harness = await create();
    });
    afterEach(async () => {
      await harness.close?.();
    });

    const owner = () => harness.owner.publicKey.hash;
    const signer = () => harness.owner.signer;
    const context = (bat?: BatWithId) => (bat === undefined ? { owner: owner() } : { owner: owner(), bat });
    const put = async (blocks: readonly SignedBlock[], writer = signer().publicKeyHash, transaction = 'any text'): Promise<void> =>
      harness.blocks.putBlocks(owner(), writer, blocks, transaction);
    const isStored = async (cid: Cid): Promise<boolean> => {
      try {
        await harness.blocks.getBlock(cid, context());
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'not-found.block' });
        return false;
      }
    };
    const refuses = async (blocks: readonly SignedBlock[], writer?: ReturnType<typeof owner>): Promise<void> => {
      await expect(put(blocks, writer)).rejects.toBeInstanceOf(PyrgosError);
      for (const { cid } of blocks) expect(await isStored(cid)).toBe(false);
    };

    describe('blocks', () => {
      test('what was put comes back, byte for byte', async () => {
        const cbor = signBlock(harness.crypto, signer(), text('a block'));
        const raw = signBlock(harness.crypto, signer(), Uint8Array.of(1, 2, 3), CidCodec.raw);
        await put([cbor]);
        await put([raw]);
        await put([raw]);
        expect(await harness.blocks.getBlock(cbor.cid, context())).toEqual(text('a block'));
        expect(await harness.blocks.getBlock(raw.cid, context())).toEqual(Uint8Array.of(1, 2, 3));
      });

      test('many at once, and none', async () => {
        const blocks = Array.from({ length: 20 }, (_, i) => signBlock(harness.crypto, signer(), text(`block ${i}`)));
        await put(blocks);
        for (const { cid, bytes } of blocks) expect(await harness.blocks.getBlock(cid, context())).toEqual(bytes);
        await put([]);
      });

      test('an unknown block is not found', async () => {
        expect(await isStored(signBlock(harness.crypto, signer(), text('never put')).cid)).toBe(false);
      });

      test('the same digest under the other codec is another block', async () => {
        const block = signBlock(harness.crypto, signer(), text('a block'));
        await put([block]);
        expect(await isStored(Cid.v1(CidCodec.raw, block.cid.multihash))).toBe(false);
      });

      test('a changed result does not change the store', async () => {
        const block = signBlock(harness.crypto, signer(), text('a block'));
        await put([block]);
        (await harness.blocks.getBlock(block.cid, context())).fill(0);
        expect(await harness.blocks.getBlock(block.cid, context())).toEqual(text('a block'));
      });
    });

    describe('checks of an upload', () => {
      test('a wrong CID is refused', async () => {
        const block = signBlock(harness.crypto, signer(), text('a block'));
        const other = signBlock(harness.crypto, signer(), text('another'));
        await refuses([{ ...block, cid: other.cid }]);
      });

      test('a signature by another key, over another block, damaged or cut is refused', async () => {
        const stranger = SigningKeyPair.generate(harness.crypto);
        const block = signBlock(harness.crypto, signer(), text('a block'));
        const { signature } = block;
        await refuses([signBlock(harness.crypto, stranger.signer, text('a block'))]);
        await refuses([{ ...block, signature: signBlock(harness.crypto, signer(), text('another')).signature }]);
        await refuses([{ ...block, signature: signature.with(0, (signature[0] ?? 0) ^ 1) }]);
        await refuses([{ ...block, signature: signature.slice(0, 64) }]);
        await refuses([{ ...block, signature: new Uint8Array(0) }]);
      });

      test('one bad block refuses the whole upload', async () => {
        const good = signBlock(harness.crypto, signer(), text('good'));
        const bad = signBlock(harness.crypto, signer(), text('bad'));
        await refuses([good, { ...bad, signature: good.signature }]);
      });

      test('raw and dag-cbor blocks do not mix', async () => {
        await refuses([
          signBlock(harness.crypto, signer(), text('cbor')),
          signBlock(harness.crypto, signer(), Uint8Array.of(1), CidCodec.raw),
        ]);
      });

      test('what is not canonical dag-cbor is refused as dag-cbor and fine as raw', async () => {
        for (const bytes of [new Uint8Array(0), Uint8Array.of(0x18, 0x01), Uint8Array.of(0xf6, 0xf6)]) {
          await refuses([signBlock(harness.crypto, signer(), bytes)]);
          await put([signBlock(harness.crypto, signer(), bytes, CidCodec.raw)]);
        }
      });

      test('a block of the largest size is accepted, one byte more is not', async () => {
        const largest = signBlock(harness.crypto, signer(), new Uint8Array(MAX_BLOCK_SIZE), CidCodec.raw);
        await put([largest]);
        expect((await harness.blocks.getBlock(largest.cid, context())).length).toBe(MAX_BLOCK_SIZE);
        await refuses([signBlock(harness.crypto, signer(), new Uint8Array(MAX_BLOCK_SIZE + 1), CidCodec.raw)]);
      });
    });

    describe('writers', () => {
      test('an unknown writer is refused', async () => {
        const stranger = SigningKeyPair.generate(harness.crypto);
        const block = signBlock(harness.crypto, stranger.signer, text('a block'));
        await expect(put([block], stranger.publicKey.hash)).rejects.toMatchObject({
          code: 'denied.block',
          message: expect.stringMatching(/Unknown writer on this server!|Writer not present on this server/) as unknown,
        });
        expect(await isStored(block.cid)).toBe(false);
      });

      test('a writer of one identity is unknown in the name of another', async () => {
        const block = signBlock(harness.crypto, signer(), text('a block'));
        const others = [SigningKeyPair.generate(harness.crypto), await harness.addIdentity?.()].filter((other) => other !== undefined);
        for (const other of others) {
          const { hash } = other.publicKey;
          await expect(harness.blocks.putBlocks(hash, owner(), [block], 'any text')).rejects.toMatchObject({ code: 'denied.block' });
          const child = (await addChild(harness, signer())).signer;
          const ofChild = signBlock(harness.crypto, child, text('a block'));
          await expect(harness.blocks.putBlocks(hash, child.publicKeyHash, [ofChild], 'any text')).rejects.toMatchObject({
            code: 'denied.block',
          });
          await expect(harness.blocks.getBlock(block.cid, { owner: hash })).rejects.toBeInstanceOf(PyrgosError);
        }
        expect(await isStored(block.cid)).toBe(false);
      });

      test('a child may upload once its parent has listed it, and still after it was de-listed', async () => {
        const child = await addChild(harness, signer());
        const first = signBlock(harness.crypto, child.signer, text('first'));
        await put([first], child.publicKey.hash);
        expect(await isStored(first.cid)).toBe(true);
        await commit(harness, signer(), WriterData.of(owner()));
        const second = signBlock(harness.crypto, child.signer, text('second'));
        await put([second], child.publicKey.hash);
        expect(await isStored(second.cid)).toBe(true);
      });

      test('a grandchild may upload too', async () => {
        const child = await addChild(harness, signer());
        const grandchild = await addChild(harness, child.signer);
        await put([signBlock(harness.crypto, grandchild.signer, text('a block'))], grandchild.publicKey.hash);
      });
    });

    describe('transactions', () => {
      test('each start gives a new id; closing twice or an unknown one is fine', async () => {
        const [a, b] = [await harness.blocks.startTransaction(owner()), await harness.blocks.startTransaction(owner())];
        expect(a).not.toBe('');
        expect(a).not.toBe(b);
        await harness.blocks.closeTransaction(owner(), a);
        await harness.blocks.closeTransaction(owner(), a);
        await harness.blocks.closeTransaction(owner(), 'never started');
      });

      test('its blocks are open until it is closed', async () => {
        if (harness.openBlocks === undefined) return;
        const transaction = await harness.blocks.startTransaction(owner());
        expect(await harness.openBlocks(owner())).toEqual([]);
        const [a, b, c] = ['a', 'b', 'c'].map((value) => signBlock(harness.crypto, signer(), text(value)));
        await put([a!], signer().publicKeyHash, transaction);
        await put([b!, c!], signer().publicKeyHash, transaction);
        const open = (await harness.openBlocks(owner())).map(String);
        expect(open.toSorted()).toEqual([a!, b!, c!].map(({ cid }) => String(cid)).toSorted());
        await harness.blocks.closeTransaction(owner(), transaction);
        expect(await harness.openBlocks(owner())).toEqual([]);
      });

      test('a collector keeps open and reachable blocks and takes the rest', async () => {
        if (harness.collectGarbage === undefined) return;
        const linked = signBlock(harness.crypto, signer(), text('linked from a tree'));
        const loose = signBlock(harness.crypto, signer(), text('loose'));
        const transaction = await harness.blocks.startTransaction(owner());
        await put([linked, loose], signer().publicKeyHash, transaction);
        await harness.collectGarbage(owner());
        expect(await isStored(loose.cid)).toBe(true);
        const root = await commit(harness, signer(), WriterData.of(owner(), { public: linked.cid }));
        await harness.blocks.closeTransaction(owner(), transaction);
        await harness.collectGarbage(owner());
        expect([await isStored(root), await isStored(linked.cid), await isStored(loose.cid)]).toEqual([true, true, false]);
      });
    });

    describe('gated blocks', () => {
      test('open with their own BAT or the mirror BAT only', async () => {
        if (!harness.checksBats) return;
        const [own, mirror, other] = [1, 2, 3].map((byte) => Bat.of(new Uint8Array(32).fill(byte)));
        const ids = blockBatList(own!, mirror!.mirrorId(harness.crypto));
        const raw = signBlock(harness.crypto, signer(), concatBytes(encodeRawPrefix(ids), Uint8Array.of(1, 2, 3)), CidCodec.raw);
        const cbor = signBlock(harness.crypto, signer(), encodeCbor(new Map([['bats', ids.map((id) => id.toCbor())]])));
        await put([raw]);
        await put([cbor]);
        for (const { cid, bytes } of [raw, cbor]) {
          const denied = { code: 'denied.block' };
          await expect(harness.blocks.getBlock(cid, context())).rejects.toMatchObject(denied);
          await expect(harness.blocks.getBlock(cid, context(other!.withCalculatedId(harness.crypto)))).rejects.toMatchObject(denied);
          await expect(harness.blocks.getBlock(cid, context(other!.withMirrorId(harness.crypto)))).rejects.toMatchObject(denied);
          expect(await harness.blocks.getBlock(cid, context(own!.withCalculatedId(harness.crypto)))).toEqual(bytes);
          expect(await harness.blocks.getBlock(cid, context(mirror!.withMirrorId(harness.crypto)))).toEqual(bytes);
        }
      });
    });

    describe('champ lookups', () => {
      const key = (i: number): Uint8Array => harness.crypto.sha256(text(`key ${i}`));
      const value = (i: number): Uint8Array => text(`value ${i}`);

      const storeTree = async (size: number): Promise<Cid> => {
        const nodes = new MemoryBlocks(harness.crypto);
        const champ = Champ.empty(nodes, context());
        for (let i = 0; i < size; i++) await champ.put(key(i), undefined, signBlock(harness.crypto, signer(), value(i)).cid);
        const written: Uint8Array[] = [];
        const root = champ.flush({
          putCbor: (bytes) => {
            written.push(bytes);
            return nodes.putCbor(bytes);
          },
        });
        await upload(harness, signer(), ...written, ...Array.from({ length: size }, (_, i) => value(i)));
        return root;
      };

      test('the answer holds path and values, and only real blocks of the tree', async () => {
        if (harness.blocks.lookUpChamp === undefined) return;
        const root = await storeTree(30);
        const lookups = [0, 7, 29].map((i) => ({ key: key(i) }));
        const answer = await harness.blocks.lookUpChamp(root, lookups, context());
        const texts = answer.map((block) => String(block));
        for (const i of [0, 7, 29]) expect(texts).toContain(String(value(i)));
        expect(new Set(texts).size).toBe(texts.length);
        expect(texts).not.toContain(String(value(1)));
      });

      test('a client finds present keys and absence', async () => {
        const root = await storeTree(30);
        const found = await lookUpChamp(harness.crypto, root, [{ key: key(3) }, { key: key(99) }], harness.blocks, context());
        expect(found[0]?.bytes).toEqual(value(3));
        expect(found[1]).toBeUndefined();
      });

      test('more keys than allowed are refused', async () => {
        if (harness.blocks.lookUpChamp === undefined) return;
        const root = await storeTree(1);
        const lookups = Array.from({ length: MAX_CHAMP_LOOKUPS + 1 }, (_, i) => ({ key: key(i) }));
        await harness.blocks.lookUpChamp(root, lookups.slice(1), context());
        await expect(harness.blocks.lookUpChamp(root, lookups, context())).rejects.toBeInstanceOf(PyrgosError);
      });
    });
  });
}
