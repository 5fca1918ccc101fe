import { Cid, CidCodec } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { LimitError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { MAX_NOTED_MISSING_BLOCKS } from '../limits.js';
import type { BlockMetadata, LocalBlocks } from '../ports/local-blocks.js';
import { FairTurns } from './fair-turns.js';
import { type CountedBefore, MAX_BYTES, UsageCounter, type UsageCounterLimits } from './usage-counter.js';

const crypto = await loadCrypto();
const unused = async (): Promise<never> => Promise.reject(new Error('counting reads metadata only'));

/** Metadata without blocks: graphs far larger and stranger than a test could store. */
class Graph {
  readonly blocks = new Map<string, BlockMetadata>();
  reads = 0;
  private made = 0;

  readonly local: LocalBlocks = {
    get: unused,
    put: unused,
    startTransaction: unused,
    closeTransaction: unused,
    holderOf: unused,
    metadata: async (_username, cid) => {
      this.reads++;
      return this.blocks.get(cid.key);
    },
  };

  name(codec: typeof CidCodec.raw | typeof CidCodec.dagCbor = CidCodec.dagCbor): Cid {
    return Cid.ofSha256(crypto.sha256(new TextEncoder().encode(`block ${this.made++}`)), codec);
  }

  add(size: number, links: readonly Cid[] = [], cid: Cid = this.name()): Cid {
    this.blocks.set(cid.key, { size, links, batIds: [] });
    return cid;
  }

  raw(size: number): Cid {
    return this.add(size, [], this.name(CidCodec.raw));
  }

  counter(limits: Partial<UsageCounterLimits> = {}): UsageCounter {
    return new UsageCounter({ local: this.local, turns: new FairTurns(), limits });
  }

  /** The definition: every path to a block counts it. */
  size(root: Cid): bigint {
    const known = new Map<string, bigint>();
    const visit = (cid: Cid): bigint => {
      const done = known.get(cid.key);
      if (done !== undefined) return done;
      const block = this.blocks.get(cid.key);
      const size = block === undefined ? 0n : block.links.reduce((sum, link) => sum + visit(link), BigInt(block.size));
      known.set(cid.key, size);
      return size;
    };
    return visit(root);
  }
}

describe('counting a tree', () => {
  test('nothing, one block, shared blocks', async () => {
    const graph = new Graph();
    const counter = graph.counter();
    const leaf = graph.raw(1000);
    const node = graph.add(50, [leaf, leaf]);
    const root = graph.add(7, [node, leaf, node]);
    expect(await counter.count('alice', undefined)).toEqual({ bytes: 0, missing: [] });
    expect(await counter.count('alice', leaf)).toEqual({ bytes: 1000, missing: [] });
    expect(await counter.count('alice', root)).toEqual({ bytes: 7 + 2 * 2050 + 1000, missing: [] });
    expect(await counter.countNext('alice', { target: undefined, bytes: 0, missing: [] }, root)).toEqual({ bytes: 5107, missing: [] });
  });

  test('missing blocks count nothing and are named', async () => {
    const graph = new Graph();
    const [gone, goneRaw] = [graph.name(), graph.name(CidCodec.raw)];
    const root = graph.add(7, [gone, goneRaw, gone, graph.raw(1)]);
    expect(await graph.counter().count('alice', root)).toEqual({ bytes: 8, missing: expect.arrayContaining([gone, goneRaw]) as unknown });
    expect(await graph.counter().count('alice', gone)).toEqual({ bytes: 0, missing: [gone] });
  });

  test('exponentially many paths take linear work and end at the maximum', async () => {
    const graph = new Graph();
    let root = graph.add(100);
    for (let depth = 0; depth < 2000; depth++) root = graph.add(100, [root, root]);
    expect(await graph.counter().count('mallory', root)).toEqual({ bytes: MAX_BYTES, missing: [] });
    expect(graph.reads).toBe(2001);
    graph.reads = 0;
    const all = await graph.counter().countNext('mallory', { target: undefined, bytes: 0, missing: [] }, root);
    expect(all).toEqual({ bytes: MAX_BYTES, missing: [] });
    expect(graph.reads).toBeLessThan(2 * 2001);
    // From the maximum a difference would be meaningless: what is left is counted from nothing.
    const small = graph.add(5);
    expect(await graph.counter().countNext('mallory', { target: root, bytes: all.bytes, missing: [] }, small)).toEqual({
      bytes: 5,
      missing: [],
    });
  });

  test('the last doubling that fits is exact', async () => {
    const graph = new Graph();
    let root = graph.add(1);
    for (let depth = 0; depth < 51; depth++) root = graph.add(1, [root, root]);
    expect(BigInt((await graph.counter().count('alice', root)).bytes)).toBe(2n ** 52n - 1n);
    const most = graph.add(1, [root, root]);
    expect(await graph.counter().count('alice', most)).toEqual({ bytes: MAX_BYTES, missing: [] });
    expect(BigInt(MAX_BYTES)).toBe(graph.size(most));
    const next = await graph.counter().countNext('alice', { target: root, bytes: 2 ** 52 - 1, missing: [] }, most);
    expect(next.bytes).toBe(MAX_BYTES);
  });

  test('a chain of any depth needs no stack', async () => {
    const graph = new Graph();
    let root = graph.add(3);
    for (let depth = 0; depth < 100_000; depth++) root = graph.add(3, [root]);
    expect((await graph.counter().count('mallory', root)).bytes).toBe(300_003);
    expect((await graph.counter().countNext('mallory', { target: undefined, bytes: 0, missing: [] }, root)).bytes).toBe(300_003);
  });

  test('a ladder in which every block is on every level takes bounded work', async () => {
    const graph = new Graph();
    const steps: Cid[] = [graph.add(1), graph.add(1)];
    for (let depth = 2; depth < 60; depth++) steps.push(graph.add(1, [steps[depth - 1]!, steps[depth - 2]!]));
    const root = steps.at(-1)!;
    const counter = graph.counter({ maxChangeSteps: 200 });
    graph.reads = 0;
    const counted = await counter.countNext('mallory', { target: undefined, bytes: 0, missing: [] }, root);
    expect(BigInt(counted.bytes)).toBe(graph.size(root));
    expect(graph.reads).toBeLessThan(201 + 61);
  });

  test('more blocks or links than the server can count are refused, at the limit they are not', async () => {
    const graph = new Graph();
    const leaves = Array.from({ length: 9 }, () => graph.add(1));
    const root = graph.add(1, leaves);
    expect((await graph.counter({ maxBlocks: 10, maxLinks: 9 }).count('alice', root)).bytes).toBe(10);
    await expect(graph.counter({ maxBlocks: 9 }).count('alice', root)).rejects.toBeInstanceOf(LimitError);
    await expect(graph.counter({ maxLinks: 8 }).count('alice', root)).rejects.toBeInstanceOf(LimitError);
  });

  test('too many missing blocks are not noted down', async () => {
    const graph = new Graph();
    const missing = Array.from({ length: MAX_NOTED_MISSING_BLOCKS + 1 }, () => graph.name());
    const many = graph.add(1, missing);
    const few = graph.add(1, missing.slice(1));
    expect((await graph.counter().count('alice', few)).missing).toHaveLength(MAX_NOTED_MISSING_BLOCKS);
    expect((await graph.counter().count('alice', many)).missing).toBeUndefined();
  });
});

describe('counting a change', () => {
  /** A balanced tree with `size` leaves of eight blocks each and a way to replace one leaf. */
  function tree(graph: Graph, leaves: readonly Cid[]): Cid {
    if (leaves.length === 1) return leaves[0]!;
    const groups: Cid[] = [];
    for (let i = 0; i < leaves.length; i += 8) groups.push(graph.add(300, leaves.slice(i, i + 8)));
    return tree(graph, groups);
  }

  test('visits only what differs', async () => {
    const graph = new Graph();
    const leaves = Array.from({ length: 4096 }, () => graph.add(100, [graph.raw(1000), graph.raw(2000)]));
    const before = tree(graph, leaves);
    const after = tree(graph, leaves.with(77, graph.add(120, [graph.raw(1)])));
    const bytes = Number(graph.size(before));
    graph.reads = 0;
    const counted = await graph.counter().countNext('alice', { target: before, bytes, missing: [] }, after);
    expect(BigInt(counted.bytes)).toBe(graph.size(after));
    // The trees share no nodes here but the leaves: all 585 nodes of both sides, two leaves and their raw blocks.
    expect(graph.reads).toBe(2 * 585 + 2 + 3);
  });

  test('blocks that move to another depth cancel out all the same', async () => {
    const graph = new Graph();
    const big = graph.add(100, [graph.raw(1_000_000)]);
    const before = graph.add(10, [big]);
    const after = graph.add(10, [graph.add(10, [graph.add(10, [big, big])])]);
    const counted = await graph.counter().countNext('alice', { target: before, bytes: 1_000_110, missing: [] }, after);
    expect(counted).toEqual({ bytes: 30 + 2 * 1_000_100, missing: [] });
  });

  test('a block that arrives late is counted with the next version', async () => {
    const graph = new Graph();
    const late = graph.name();
    const before = graph.add(10, [late]);
    const counter = graph.counter();
    const counted = await counter.count('mallory', before);
    expect(counted).toEqual({ bytes: 10, missing: [late] });
    // Still missing: the difference is enough.
    const second = await counter.countNext('mallory', { target: before, ...counted }, graph.add(11, [late]));
    expect(second).toEqual({ bytes: 11, missing: [late] });
    graph.add(5000, [graph.raw(1)], late);
    const third = await counter.countNext('mallory', { target: before, ...counted }, graph.add(12, [late]));
    expect(third).toEqual({ bytes: 5013, missing: [] });
    // Taking it away gives nothing back that was never charged.
    const gone = await counter.countNext('mallory', { target: before, ...counted }, graph.add(13));
    expect(gone).toEqual({ bytes: 13, missing: [] });
  });

  test('a lost block of the old version leads to a count from nothing', async () => {
    const graph = new Graph();
    const lost = graph.add(5000);
    const before: CountedBefore = { target: graph.add(10, [lost]), bytes: 5010, missing: [] };
    graph.blocks.delete(lost.key);
    expect(await graph.counter().countNext('alice', before, graph.add(20))).toEqual({ bytes: 20, missing: [] });
  });

  test('random graphs: every way of counting agrees with the definition', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const graph = new Graph();
      const known: Cid[] = [graph.name(), graph.name(CidCodec.raw)];
      const absent = [...known];
      const grow = (): Cid => {
        const links = Array.from(
          { length: random.nextInteger(5) },
          () => known[known.length - 1 - random.nextInteger(Math.min(12, known.length))]!,
        );
        const cid =
          links.length === 0 && random.nextInteger(2) === 0
            ? graph.raw(random.nextInteger(50))
            : graph.add(1 + random.nextInteger(50), links);
        known.push(cid);
        return cid;
      };
      const limits = seed % 3 === 0 ? { maxChangeSteps: 1 + random.nextInteger(20) } : seed % 3 === 1 ? { maxChangeFrontier: 4 } : {};
      const counter = graph.counter(limits);
      let before: CountedBefore = { target: undefined, bytes: 0, missing: [] };
      for (let step = 0; step < 25; step++) {
        let root = grow();
        for (let more = random.nextInteger(4); more > 0; more--) root = grow();
        const counted = await counter.countNext('alice', before, root);
        expect(BigInt(counted.bytes)).toBe(graph.size(root));
        expect(await counter.count('alice', root)).toMatchObject({ bytes: counted.bytes });
        before = { target: root, ...counted };
        // Now and then something arrives that was missing so far.
        if (random.nextInteger(6) === 0) {
          const late = absent.pop();
          if (late !== undefined) graph.add(7, [], late);
          const next = graph.name();
          absent.push(next);
          known.push(next);
        }
      }
    }
  });

  test('long counts of several users take turns, and many at once all end', async () => {
    const graph = new Graph();
    const chain = (length: number): Cid => {
      let root = graph.add(1);
      for (let i = 1; i < length; i++) root = graph.add(1, [root]);
      return root;
    };
    const counter = graph.counter({ smallCount: 100 });
    const [long, short] = [chain(50_000), chain(400)];
    const order: string[] = [];
    const empty = { target: undefined, bytes: 0, missing: [] };
    await Promise.all([
      counter.countNext('mallory', empty, long).then(() => order.push('mallory')),
      ...Array.from({ length: 3 }, async () => counter.countNext('alice', empty, short).then(() => order.push('alice'))),
    ]);
    expect(order).toEqual(['alice', 'alice', 'alice', 'mallory']);
  });
});
