import { concatBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { signAttached, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_POINTER_SEQUENCE, MAX_SIGNED_POINTER_SIZE } from '@pyrgos/core/limits';
import { maybeMultihashToCbor, PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { WriterPointer } from '@pyrgos/core/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addChild, commit, currentPointer, type StoreHarness, upload } from './store-harness.js';

export type { StoreHarness } from './store-harness.js';

/** The rules that every {@link PointerStore} keeps (chapter 03 sections 2.6 and 2.7). `create` makes a fresh server for each test. */
export function pointerStoreContract(name: string, create: () => Promise<StoreHarness>): void {
  describe(`pointer store contract: ${name}`, () => {
    let harness: StoreHarness;
    beforeEach(async () => {
      harness = await create();
    });
    afterEach(async () => {
      await harness.close?.();
    });

    const owner = () => harness.owner.publicKey.hash;
    const signer = () => harness.owner.signer;
    const get = async (of: Signer = signer()): Promise<Uint8Array | undefined> => harness.pointers.getPointer(owner(), of.publicKeyHash);
    const set = async (signed: Uint8Array, by: Signer = signer()): Promise<boolean> =>
      harness.pointers.setPointer(owner(), by.publicKeyHash, signed);
    const signed = (from: Cid | undefined, to: Cid | undefined, sequence: number, by: Signer = signer()): Uint8Array =>
      PointerUpdate.of(from, to, sequence).sign(harness.crypto, by);
    /** Different WriterData blocks of one writer, uploaded. */
    const targets = async (count: number, by: Signer = signer()): Promise<Cid[]> => {
      const blocks = Array.from({ length: count }, (_, i) => {
        const label = new TextEncoder().encode(`target ${i}`);
        return WriterData.of(by.publicKeyHash, { public: Cid.ofSha256(harness.crypto.sha256(label), CidCodec.dagCbor) }).encode();
      });
      return upload(harness, by, ...blocks);
    };

    describe('one writer', () => {
      test('a writer without pointer has none', async () => {
        expect(await get()).toBeUndefined();
        expect(await get(SigningKeyPair.generate(harness.crypto).signer)).toBeUndefined();
      });

      test('accepted updates come back byte for byte', async () => {
        const [a, b] = await targets(2);
        const first = signed(undefined, a, 1);
        expect(await set(first)).toBe(true);
        expect(await get()).toEqual(first);
        const second = signed(a, b, 2);
        expect(await set(second)).toBe(true);
        expect(await get()).toEqual(second);
      });

      test('a stale original is a conflict with all facts, and the right one is accepted afterwards', async () => {
        const [a, b, c] = await targets(3);
        await set(signed(undefined, a, 1));
        await set(signed(a, b, 7));
        const conflict = { code: 'conflict.pointer', data: { existing: String(b), sequence: 7, claimed: String(a) } };
        await expect(set(signed(a, c, 8))).rejects.toMatchObject(conflict);
        await expect(set(signed(undefined, c, 8))).rejects.toMatchObject({ code: 'conflict.pointer', data: { claimed: null } });
        expect(await get()).toEqual(signed(a, b, 7));
        expect(await set(signed(b, c, 8))).toBe(true);
      });

      test('a claimed original where nothing is stored is a conflict with EMPTY', async () => {
        const [a, b] = await targets(2);
        await expect(set(signed(a, b, 2))).rejects.toMatchObject({
          code: 'conflict.pointer',
          message: `PointerCAS:EMPTY,,${String(a)}`,
          data: { existing: null, sequence: null, claimed: String(a) },
        });
        expect(await get()).toBeUndefined();
      });

      test('the sequence must grow; gaps are fine; the conflict is reported first', async () => {
        const [a, b] = await targets(2);
        await set(signed(undefined, a, 5));
        for (const sequence of [0, 4, 5]) {
          await expect(set(signed(a, b, sequence))).rejects.toMatchObject({
            message: expect.stringContaining('Invalid sequence number update in mutable pointer: ') as unknown,
          });
          await expect(set(signed(undefined, b, sequence))).rejects.toMatchObject({ code: 'conflict.pointer' });
        }
        expect(await set(signed(a, b, 100))).toBe(true);
      });

      test('a missing sequence is accepted until there is one', async () => {
        const [a, b] = await targets(2);
        const bare = (from: Cid | undefined, to: Cid | undefined): Uint8Array =>
          signAttached(harness.crypto, signer().secretKey, encodeCbor([maybeMultihashToCbor(from), maybeMultihashToCbor(to)]));
        expect(await set(bare(undefined, a))).toBe(true);
        expect(await set(bare(a, b))).toBe(true);
        expect(await set(signed(b, a, 1))).toBe(true);
        await expect(set(bare(a, b))).rejects.toMatchObject({
          message: expect.stringContaining('Invalid sequence number update in mutable pointer: ') as unknown,
        });
      });

      test('the largest sequence fits, a longer update does not', async () => {
        const [a, b] = await targets(2);
        await set(signed(undefined, a, 1));
        const last = signed(a, b, MAX_POINTER_SEQUENCE);
        expect(last.length).toBeLessThanOrEqual(MAX_SIGNED_POINTER_SIZE);
        const tooLong = signAttached(
          harness.crypto,
          signer().secretKey,
          encodeCbor([maybeMultihashToCbor(a), maybeMultihashToCbor(b), MAX_POINTER_SEQUENCE + 1]),
        );
        await expect(set(tooLong)).rejects.toMatchObject({ message: expect.stringContaining('Pointer update too big! 150') as unknown });
        expect(await set(last)).toBe(true);
      });

      test('a signature by another key or a damaged one is rejected', async () => {
        const [a] = await targets(1);
        const stranger = SigningKeyPair.generate(harness.crypto);
        const good = signed(undefined, a, 1);
        expect(await set(signed(undefined, a, 1, stranger.signer))).toBe(false);
        expect(await set(good.with(0, (good[0] ?? 0) ^ 1))).toBe(false);
        expect(await get()).toBeUndefined();
      });

      test('malformed updates are errors', async () => {
        const [a] = await targets(1);
        const target = maybeMultihashToCbor(a);
        const contents = [[target, target, 1], [null, null, 1], [null], [null, a!, 1], [null, target, -1], [null, target, null], 'no list'];
        for (const content of [...contents.map((value) => encodeCbor(value)), Uint8Array.of(0xff)]) {
          await expect(set(signAttached(harness.crypto, signer().secretKey, content))).rejects.toBeInstanceOf(PyrgosError);
        }
        expect(await get()).toBeUndefined();
      });

      test('extra elements of an update are ignored', async () => {
        const [a] = await targets(1);
        const content = encodeCbor([null, maybeMultihashToCbor(a), 1, 'new']);
        expect(await set(signAttached(harness.crypto, signer().secretKey, content))).toBe(true);
      });

      test('a target that is not stored, or no WriterData, is an error', async () => {
        const text = expect.stringContaining(`Couldn't retrieve WriterData from dht! `) as unknown;
        const unknown = WriterData.of(owner()).cid(harness.crypto);
        await expect(set(signed(undefined, unknown, 1))).rejects.toMatchObject({ message: text });
        const [other] = await upload(harness, signer(), encodeCbor('no writer data'));
        await expect(set(signed(undefined, other, 1))).rejects.toMatchObject({ message: text });
        expect(await get()).toBeUndefined();
      });

      test('a WriterData of another controller is rejected', async () => {
        const [foreign] = await upload(harness, signer(), WriterData.of(SigningKeyPair.generate(harness.crypto).publicKey.hash).encode());
        expect(await set(signed(undefined, foreign, 1))).toBe(false);
        expect(await get()).toBeUndefined();
      });

      test('a deleted subspace keeps its record and may be revived', async () => {
        const [a, b] = await targets(2);
        await set(signed(undefined, a, 1));
        expect(await set(signed(a, undefined, 2))).toBe(true);
        expect(await get()).toEqual(signed(a, undefined, 2));
        await expect(set(signed(a, b, 3))).rejects.toMatchObject({ code: 'conflict.pointer' });
        expect(await set(signed(undefined, b, 3))).toBe(true);
      });

      test('an update that loses the race after its validation changes nothing', async () => {
        if (harness.duringNextCommit === undefined) return;
        const [a, b, c] = await targets(3);
        await set(signed(undefined, a, 1));
        harness.duringNextCommit(async () => {
          expect(await set(signed(a, b, 2))).toBe(true);
        });
        expect(await set(signed(a, c, 2))).toBe(false);
        expect((await currentPointer(harness, owner()))?.updated?.equals(b)).toBe(true);
      });

      test('a banned writer is refused, for reads as well', async () => {
        if (harness.ban === undefined) return;
        const [a] = await targets(1);
        await harness.ban(owner());
        const banned = { message: 'This Peergos subspace has been banned from this server' };
        await expect(set(signed(undefined, a, 1))).rejects.toMatchObject(banned);
        await expect(get()).rejects.toMatchObject(banned);
      });
    });

    describe('many writers', () => {
      interface Two {
        readonly child: Signer;
        readonly parentAt: Cid;
        readonly parentTo: Cid;
        readonly childTo: readonly Cid[];
      }
      const two = async (): Promise<Two> => {
        const child = (await addChild(harness, signer())).signer;
        const parentAt = (await currentPointer(harness, owner()))?.updated;
        const [parentTo] = await targets(1);
        return { child, parentAt: parentAt!, parentTo: parentTo!, childTo: await targets(2, child) };
      };
      const setAll = async (...updates: readonly WriterPointer[]): Promise<boolean> => harness.pointers.setPointers(owner(), updates);
      const row = (by: Signer, from: Cid | undefined, to: Cid | undefined, sequence: number): WriterPointer => ({
        writer: by.publicKeyHash,
        signed: signed(from, to, sequence, by),
      });

      test('no update at all succeeds', async () => {
        expect(await setAll()).toBe(true);
      });

      test('all are set together', async () => {
        const { child, parentAt, parentTo, childTo } = await two();
        expect(await setAll(row(signer(), parentAt, parentTo, 2), row(child, undefined, childTo[0], 1))).toBe(true);
        expect((await currentPointer(harness, owner()))?.updated?.equals(parentTo)).toBe(true);
        expect((await currentPointer(harness, child.publicKeyHash))?.updated?.equals(childTo[0])).toBe(true);
        expect(await setAll(row(child, childTo[0], childTo[1], 2))).toBe(true);
      });

      test('one bad update refuses all, whatever is wrong with it', async () => {
        const { child, parentAt, parentTo, childTo } = await two();
        const good = row(signer(), parentAt, parentTo, 2);
        const bad: readonly WriterPointer[] = [
          row(child, childTo[0], childTo[1], 2),
          { writer: child.publicKeyHash, signed: signed(undefined, childTo[0], 1, signer()) },
          row(child, undefined, parentTo, 1),
          row(child, undefined, WriterData.of(child.publicKeyHash, { tree: parentTo }).cid(harness.crypto), 1),
          { writer: child.publicKeyHash, signed: concatBytes(new Uint8Array(64), Uint8Array.of(0x80)) },
        ];
        for (const update of bad) {
          await expect(setAll(good, update)).rejects.toBeInstanceOf(PyrgosError);
          await expect(setAll(update, good)).rejects.toBeInstanceOf(PyrgosError);
        }
        expect((await currentPointer(harness, owner()))?.updated?.equals(parentAt)).toBe(true);
        expect(await get(child)).toBeUndefined();
      });

      test('a controller mismatch is an error, not a rejection', async () => {
        const { child, parentTo } = await two();
        await expect(setAll(row(child, undefined, parentTo, 1))).rejects.toMatchObject({
          message: `WriterData controller mismatch for ${child.publicKeyHash.toString()}`,
        });
      });

      test('a writer occurs once', async () => {
        const { parentAt, parentTo } = await two();
        const good = row(signer(), parentAt, parentTo, 2);
        await expect(setAll(good, good)).rejects.toBeInstanceOf(PyrgosError);
        await expect(setAll(good, row(signer(), parentTo, undefined, 3))).rejects.toBeInstanceOf(PyrgosError);
        expect((await currentPointer(harness, owner()))?.updated?.equals(parentAt)).toBe(true);
      });

      test('a conflict names the row that is behind', async () => {
        const { child, parentAt, parentTo, childTo } = await two();
        await expect(setAll(row(child, undefined, childTo[0], 1), row(signer(), parentTo, parentAt, 2))).rejects.toMatchObject({
          code: 'conflict.pointer',
          data: { existing: String(parentAt), sequence: 1, claimed: String(parentTo) },
        });
      });

      test('a concurrent change of one row lets the whole batch fail', async () => {
        if (harness.duringNextCommit === undefined) return;
        const { child, parentAt, parentTo, childTo } = await two();
        harness.duringNextCommit(async () => {
          expect(await set(signed(undefined, childTo[1], 1, child), child)).toBe(true);
        });
        expect(await setAll(row(signer(), parentAt, parentTo, 2), row(child, undefined, childTo[0], 1))).toBe(false);
        expect((await currentPointer(harness, owner()))?.updated?.equals(parentAt)).toBe(true);
        expect((await currentPointer(harness, child.publicKeyHash))?.updated?.equals(childTo[1])).toBe(true);
      });

      test('a de-listed child may still be deleted, in one batch with its parent or later', async () => {
        const { child, parentAt, parentTo, childTo } = await two();
        await set(signed(undefined, childTo[0], 1, child), child);
        expect(await setAll(row(signer(), parentAt, parentTo, 2), row(child, childTo[0], undefined, 2))).toBe(true);
        await commit(harness, signer(), WriterData.of(owner(), { tree: parentAt }));
        expect(await set(signed(undefined, childTo[1], 3, child), child)).toBe(true);
        expect(await set(signed(childTo[1], undefined, 4, child), child)).toBe(true);
      });
    });
  });
}
