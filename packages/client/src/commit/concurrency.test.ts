import { PyrgosError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import type { PointerStore } from '@pyrgos/core/store';
import { seededRandom } from '@pyrgos/testkit/random';
import type { ServerState } from '@pyrgos/testkit/stores';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, networkError } from '../../test/commit-world.js';
import { isConflict } from './retry.js';
import type { WriteSession } from './write-session.js';

type Random = ReturnType<typeof seededRandom>;

/** One change of one key: what the operation saw, and what it wrote (undefined: nothing there). */
interface Edge {
  readonly place: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What a client did and what it was told. Unacknowledged operations may have happened or not. */
interface Attempt {
  readonly edges: readonly Edge[];
  readonly isAcknowledged: boolean;
}

/**
 * Whether `last` can be the result of all acknowledged changes and some of the others, in some order in which each change finds what it
 * saw when it was made.
 */
function isExplained(first: string | undefined, last: string | undefined, certain: readonly Edge[], possible: readonly Edge[]): boolean {
  if (certain.length === 0 && first === last) return true;
  const rest = (list: readonly Edge[], i: number): Edge[] => list.filter((_, j) => j !== i);
  return (
    certain.some((edge, i) => edge.from === first && isExplained(edge.to, last, rest(certain, i), possible)) ||
    possible.some((edge, i) => edge.from === first && isExplained(edge.to, last, certain, rest(possible, i)))
  );
}

interface Faults {
  /** Chances in 1000 that a request fails before or after it takes effect. */
  readonly lostRequest: number;
  readonly lostReply: number;
  /** Chance that the outcome of a request that took effect stays unknown: the reply is lost, and nobody asks again. */
  readonly givenUp: number;
  /** Chance that the client dies at a request. */
  readonly crash: number;
  /** Chance that a pointer update arrives twice, and the client sees the second answer. */
  readonly duplicate: number;
}

class Run {
  readonly attempts: Attempt[] = [];
  readonly problems: string[] = [];
  conflicts = 0;
  private counter = 0;

  constructor(
    readonly world: CommitWorld,
    readonly writers: readonly Signer[],
    readonly random: Random,
    readonly faults: Faults,
  ) {}

  chance(perMille: number): boolean {
    return this.random.nextInteger(1000) < perMille;
  }

  install(): void {
    const { hooks } = this.world.server;
    hooks.before = async ({ name, owner }) => {
      this.world.clock.time += this.random.nextInteger(3000);
      for (let i = this.random.nextInteger(6); i > 0; i--) await Promise.resolve();
      if (name === 'commitPointers') return;
      if (this.chance(20)) await this.world.server.collectGarbage(owner);
      if (this.chance(this.faults.lostRequest)) throw networkError();
      if (this.chance(this.faults.crash)) throw new PyrgosError('internal', 'the client died');
    };
    hooks.after = async ({ name, writers }) => {
      // Nothing may ever be half-written: what a pointer names is complete from the first moment.
      if (name === 'commitPointers') {
        const view = this.world.view();
        for (const writer of writers ?? []) {
          await this.world.reachable(writer, view).catch((error: unknown) => this.problems.push(`incomplete: ${String(error)}`));
        }
        return;
      }
      for (let i = this.random.nextInteger(6); i > 0; i--) await Promise.resolve();
      if (this.chance(this.faults.lostReply)) throw networkError();
      if (this.chance(this.faults.givenUp)) throw new PyrgosError('network', 'the connection was lost');
      if (this.chance(this.faults.crash)) throw new PyrgosError('internal', 'the client died');
    };
  }

  session(): WriteSession {
    const { pointers } = this.world.server;
    const duplicating: PointerStore = {
      getPointer: (owner, writer, signal) => pointers.getPointer(owner, writer, signal),
      setPointer: (owner, writer, signed, signal) => pointers.setPointer(owner, writer, signed, signal),
      setPointers: async (owner, updates, signal) => {
        if (this.chance(this.faults.duplicate)) await pointers.setPointers(owner, updates, signal);
        return pointers.setPointers(owner, updates, signal);
      },
    };
    return this.world.session({ pointers: duplicating, random: this.random, ...(this.chance(300) ? { flushSize: 1 } : {}) });
  }

  async client(operations: number): Promise<void> {
    let session = this.session();
    for (let i = 0; i < operations; i++) {
      const isDead = await this.operation(session);
      // Another device, or this one after a restart: it remembers nothing.
      if (isDead || this.chance(100)) session = this.session();
    }
  }

  /** One random operation on one or all writers; true when the client died in it. */
  private async operation(session: WriteSession): Promise<boolean> {
    const isMulti = this.chance(250);
    const signers = isMulti ? this.writers : [this.writers[this.random.nextInteger(this.writers.length)]!];
    const edges: Edge[] = [];
    const record = (isAcknowledged: boolean): void => void this.attempts.push({ edges, isAcknowledged });
    try {
      await session.editTrees(signers, async (trees) => {
        for (const [w, tree] of trees.entries()) {
          const count = isMulti ? 1 : 1 + this.random.nextInteger(3);
          for (let k = 0; k < count; k++) {
            // Keys of atomic operations are their own, and never removed.
            const key = mapKey(isMulti ? 100 + this.random.nextInteger(2) : this.random.nextInteger(12));
            const place = `${signers[w]!.publicKeyHash.toString()} ${hex(key)}`;
            if (edges.some((edge) => edge.place === place)) continue;
            const before = await tree.get(key);
            if (!isMulti && before !== undefined && this.chance(300)) {
              await tree.remove(key, before);
              edges.push({ place, from: before.toString(), to: undefined });
            } else {
              const cid = await tree.putBlock(key, before, block(`value ${this.counter++}`));
              edges.push({ place, from: before?.toString(), to: cid.toString() });
            }
          }
        }
      });
      record(true);
    } catch (error) {
      record(false);
      // Operations take everything from the server's state, so nothing of them may be taken for dropped.
      if (isConflict(error) && error.code !== 'conflict.snapshot') this.conflicts++;
      else if (!(error instanceof PyrgosError)) this.problems.push(`unexpected ${String(error)}`);
      else if (error.code === 'internal') return true;
      else if (error.code !== 'network' && error.code !== 'not-found.block')
        this.problems.push(`unexpected ${error.code}: ${error.message}`);
    }
    return false;
  }

  /** Clients that remove the same keys from one version make the same version, and both have made it (chapter 03 section 12.2 step 1). */
  private isSameRemoval({ edges }: Attempt, earlier: readonly Attempt[]): boolean {
    const text = JSON.stringify(edges);
    return (
      edges.every(({ to }) => to === undefined) && earlier.some((other) => other.isAcknowledged && JSON.stringify(other.edges) === text)
    );
  }

  async check(start: ReadonlyMap<string, string>): Promise<void> {
    this.world.server.hooks.before = undefined;
    this.world.server.hooks.after = undefined;
    const final = new Map<string, string>();
    for (const { publicKeyHash } of this.writers) {
      for (const [key, value] of await this.world.tree(publicKeyHash)) final.set(`${publicKeyHash.toString()} ${key}`, value);
    }
    const places = new Set([...final.keys(), ...this.attempts.flatMap(({ edges }) => edges.map(({ place }) => place))]);
    const certain = new Set(
      this.attempts.filter((attempt, i) => attempt.isAcknowledged && !this.isSameRemoval(attempt, this.attempts.slice(0, i))),
    );
    for (const place of places) {
      const at = (isCertain: boolean): Edge[] =>
        this.attempts.filter((a) => certain.has(a) === isCertain).flatMap(({ edges }) => edges.filter((e) => e.place === place));
      if (!isExplained(start.get(place), final.get(place), at(true), at(false))) this.problems.push(`lost write at ${place}`);
    }
    // Every acknowledged value is readable by a stranger who starts from nothing.
    const reader = this.world.session();
    for (const { publicKeyHash } of this.writers) {
      const snapshot = await reader.read(publicKeyHash);
      const keys = Array.from({ length: 12 }, (_, n) => ({ key: mapKey(n) }));
      const found = await reader.lookUp(snapshot, publicKeyHash, keys);
      for (const [i, { key }] of keys.entries()) {
        const expected = final.get(`${publicKeyHash.toString()} ${hex(key)}`);
        if (found[i]?.cid?.toString() !== expected) this.problems.push(`read another value than stored at ${hex(key)}`);
      }
    }
    expect(this.problems).toEqual([]);
  }
}

let template: { readonly writers: readonly Signer[]; readonly state: ServerState } | undefined;

async function simulate(seed: number, clients: number, operations: number, faults: Faults): Promise<Run> {
  const world = await CommitWorld.create();
  // Populated once; every run starts from a copy.
  template ??= await (async () => {
    const first = await CommitWorld.create();
    return { writers: await first.populate(2), state: first.server.saveState() };
  })();
  const { writers, state } = template;
  world.server.restoreState(state);
  const start = new Map<string, string>();
  for (const { publicKeyHash } of writers) {
    for (const [key, value] of await world.tree(publicKeyHash)) start.set(`${publicKeyHash.toString()} ${key}`, value);
  }
  const run = new Run(world, writers, seededRandom(seed), faults);
  run.install();
  await Promise.all(Array.from({ length: clients }, () => run.client(operations)));
  await run.check(start);
  return run;
}

describe('several sessions on one server', () => {
  test('without faults: no acknowledged write is lost, conflicts are reported', async () => {
    let conflicts = 0;
    let acknowledged = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const run = await simulate(seed, 2 + (seed % 2), 4, { lostRequest: 0, lostReply: 0, givenUp: 0, crash: 0, duplicate: 0 });
      conflicts += run.conflicts;
      acknowledged += run.attempts.filter(({ isAcknowledged }) => isAcknowledged).length;
    }
    expect(conflicts).toBeGreaterThan(20);
    expect(acknowledged).toBeGreaterThan(200);
  });

  test('with lost requests, lost and duplicated replies, crashes and garbage collection', async () => {
    let acknowledged = 0;
    for (let seed = 1001; seed <= 1060; seed++) {
      const run = await simulate(seed, 3, 4, { lostRequest: 40, lostReply: 40, givenUp: 30, crash: 15, duplicate: 100 });
      acknowledged += run.attempts.filter(({ isAcknowledged }) => isAcknowledged).length;
    }
    expect(acknowledged).toBeGreaterThan(200);
  });
});
