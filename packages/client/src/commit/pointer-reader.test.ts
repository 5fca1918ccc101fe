import { encodeCbor } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import { type CommittedWriterData, PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { signBlock } from '@pyrgos/testkit/stores';
import { describe, expect, test } from 'vitest';
import { CommitWorld, outcome } from '../../test/commit-world.js';
import { PointerReader } from './pointer-reader.js';
import { VerifiedBlocks } from './verified-store.js';

/** A reader of a server that answers `reply` when it is set, and counts. */
class Hostile {
  reply: (() => Promise<Uint8Array | undefined>) | undefined;
  asked = 0;
  readonly reader: PointerReader;

  private constructor(
    readonly world: CommitWorld,
    readonly writer: Signer,
  ) {
    const { pointers } = world.server;
    const store: PointerStore = {
      getPointer: async (owner, writer, signal) => {
        this.asked++;
        return this.reply === undefined ? pointers.getPointer(owner, writer, signal) : this.reply();
      },
      setPointer: pointers.setPointer.bind(pointers),
      setPointers: pointers.setPointers.bind(pointers),
    };
    const blocks = new VerifiedBlocks(world.server.blocks, world.crypto, 0);
    this.reader = new PointerReader({ owner: world.owner, pointers: store, blocks, crypto: world.crypto, clock: world.clock });
  }

  static async create(): Promise<Hostile> {
    const world = await CommitWorld.create();
    const [writer] = await world.populate(1);
    return new Hostile(world, writer!);
  }

  read(fresh = true): Promise<CommittedWriterData | undefined> {
    return this.reader.readVersion(this.writer.publicKeyHash, { fresh });
  }

  async signed(): Promise<Uint8Array> {
    return (await this.world.view().pointers.getPointer(this.world.owner, this.writer.publicKeyHash))!;
  }

  /** Stores a block as the writer and returns a signed pointer to it. */
  async pointTo(bytes: Uint8Array, sequence: number, signer: Signer = this.writer): Promise<Uint8Array> {
    const { world } = this;
    const block = signBlock(world.crypto, this.writer, bytes);
    const transaction = await world.server.blocks.startTransaction(world.owner);
    await world.server.blocks.putBlocks(world.owner, this.writer.publicKeyHash, [block], transaction);
    return PointerUpdate.of(undefined, block.cid, sequence).sign(world.crypto, signer);
  }
}

describe('PointerReader', () => {
  test('reads the version behind a verified pointer', async () => {
    const hostile = await Hostile.create();
    const version = await hostile.read();
    expect(version?.hash).toEqual(await hostile.world.target(hostile.writer.publicKeyHash));
    expect(version?.sequence).toBe(2);
    expect(version?.writerData?.controller).toEqual(hostile.writer.publicKeyHash);
    expect(await hostile.reader.readVersion(hostile.world.signer(77).publicKeyHash)).toBe(undefined);
  });

  test('reuses an answer for 7 seconds, no longer, and not when asked for a fresh one', async () => {
    const hostile = await Hostile.create();
    for (const [wait, fresh, asked] of [
      [0, false, 1],
      [6999, false, 1],
      [1, false, 2],
      [0, true, 3],
      [-5, false, 4],
    ] as const) {
      hostile.world.clock.time += wait;
      await hostile.read(fresh);
      expect(hostile.asked).toBe(asked);
    }
    hostile.reader.invalidate(hostile.writer.publicKeyHash);
    await hostile.read(false);
    expect(hostile.asked).toBe(5);
  });

  test('refuses forged, truncated and foreign signatures', async () => {
    const hostile = await Hostile.create();
    const signed = await hostile.signed();
    const tampered = signed.slice();
    tampered[tampered.length - 1]! ^= 1;
    const foreign = PointerUpdate.decodeVerifiedBefore(signed).sign(hostile.world.crypto, hostile.world.signer(50));
    for (const reply of [tampered, signed.subarray(0, 70), signed.subarray(0, 10), foreign]) {
      hostile.reply = () => Promise.resolve(reply);
      expect(await outcome(hostile.read())).toBe('crypto.signature');
    }
  });

  test('refuses answers that are no bytes', async () => {
    const hostile = await Hostile.create();
    const lost = new Uint8Array(10);
    structuredClone(lost.buffer, { transfer: [lost.buffer] });
    for (const reply of [null, {}, 'text', 5, [1, 2], { length: 100 }, lost]) {
      hostile.reply = () => Promise.resolve(reply as Uint8Array);
      expect(await outcome(hostile.read())).toBe('format.pointer');
    }
  });

  test("refuses another writer's signed pointer", async () => {
    const hostile = await Hostile.create();
    const { world } = hostile;
    const other = (await world.view().pointers.getPointer(world.owner, world.owner))!;
    hostile.reply = () => Promise.resolve(other);
    expect(await outcome(hostile.read())).toBe('crypto.signature');
  });

  test('refuses what is older than the highest version seen or committed, and a vanished pointer', async () => {
    const hostile = await Hostile.create();
    const { world, writer, reader } = hostile;
    const old = await hostile.signed();
    await world.session().editTree(writer, async (tree) => tree.removeAll([new Uint8Array(32)]));
    await hostile.read();
    const target = world.crypto.sha256(new Uint8Array());
    expect(target.length).toBe(32);
    await world.session().updateWriterData(writer, (data) => data.with({ links: data.owned }));
    await hostile.read();
    hostile.reply = () => Promise.resolve(old);
    expect(await outcome(hostile.read())).toBe('denied.stale');
    for (const nothing of [undefined, new Uint8Array()]) {
      hostile.reply = () => Promise.resolve(nothing);
      expect(await outcome(hostile.read())).toBe('denied.stale');
    }
    hostile.reply = undefined;
    expect((await hostile.read())?.sequence).toBe(3);
    reader.committed(writer.publicKeyHash, { target: undefined, sequence: 4 });
    expect(await outcome(hostile.read())).toBe('denied.stale');
    reader.committed(writer.publicKeyHash, { target: undefined, sequence: 3 });
    expect(await outcome(hostile.read())).toBe('denied.stale');
  });

  test('refuses another target under a sequence it knows', async () => {
    const hostile = await Hostile.create();
    await hostile.read();
    const fork = await hostile.pointTo(WriterData.of(hostile.writer.publicKeyHash).encode(), 2);
    hostile.reply = () => Promise.resolve(fork);
    expect(await outcome(hostile.read())).toBe('denied.stale');
    const later = await hostile.pointTo(WriterData.of(hostile.writer.publicKeyHash).encode(), 9);
    hostile.reply = () => Promise.resolve(later);
    expect((await hostile.read())?.sequence).toBe(9);
  });

  test('does not take an answer for a lie that a commit has overtaken', async () => {
    const hostile = await Hostile.create();
    const { writer, reader } = hostile;
    const old = await hostile.signed();
    const next = await hostile.pointTo(WriterData.of(writer.publicKeyHash).encode(), 3);
    let isFirst = true;
    hostile.reply = async () => {
      if (!isFirst) return next;
      isFirst = false;
      const { updated } = PointerUpdate.decodeVerifiedBefore(next);
      reader.committed(writer.publicKeyHash, { target: updated, sequence: 3 });
      return old;
    };
    expect((await hostile.read())?.sequence).toBe(3);
  });

  test("refuses another writer's WriterData and blocks that are none", async () => {
    const hostile = await Hostile.create();
    const foreign = await hostile.pointTo(WriterData.of(hostile.world.owner).encode(), 9);
    hostile.reply = () => Promise.resolve(foreign);
    expect(await outcome(hostile.read())).toBe('denied.pointer');
    const nonsense = await hostile.pointTo(encodeCbor(['x']), 10);
    hostile.reply = () => Promise.resolve(nonsense);
    expect(await outcome(hostile.read())).toBe('format.writer-data');
    const inline = PointerUpdate.of(undefined, hostile.world.owner.cid, 11).sign(hostile.world.crypto, hostile.writer);
    hostile.reply = () => Promise.resolve(inline);
    expect(await outcome(hostile.read())).toBe('format.pointer');
  });

  test('reads on when the target was collected because the pointer moved, and says so when it did not', async () => {
    const hostile = await Hostile.create();
    const { world, writer } = hostile;
    const old = await hostile.signed();
    await world.session().updateWriterData(writer, (data) => data.with({ links: data.owned }));
    await world.server.collectGarbage(world.owner);
    let answers = [old];
    hostile.reply = async () => answers.shift() ?? hostile.signed();
    expect((await hostile.read())?.sequence).toBe(3);
    const gone = await hostile.pointTo(encodeCbor(['gone']), 9);
    await world.server.blocks.closeTransaction(world.owner, 'transaction-1');
    world.clock.time += 48 * 60 * 60 * 1000;
    await world.server.collectGarbage(world.owner);
    answers = [];
    hostile.reply = () => Promise.resolve(gone);
    expect(await outcome(hostile.read())).toBe('not-found.block');
  });

  test('a deleted writer has a version without content', async () => {
    const hostile = await Hostile.create();
    const { world, writer } = hostile;
    await world.session().update([writer.publicKeyHash], (snapshot, committer) => committer.delete(snapshot, writer));
    const version = await hostile.read();
    expect([version?.hash, version?.sequence, version?.writerData]).toEqual([undefined, 3, undefined]);
  });
});
