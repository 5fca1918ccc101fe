/**
 * A hostile server, as a proxy in front of an honest one: generated cases in which what it says to a client that logs in and reads is damaged,
 * swapped, old or forged. With those of hostile-writes.node.test.ts they are more than 1,000. A case is made of the seed and its number alone:
 * `PYRGOS_HOSTILE_SEED=7 PYRGOS_HOSTILE_CASE=123 npx vitest run --project node packages/client/src/hostile-reads.node.test.ts`.
 */
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blindStrikes, damagedBlocks, type Scene, spaceLies, strikeAt, type Strike } from '../test/hostile/attacks.js';
import {
  checkedCode,
  describeObservations,
  type Model,
  modelOf,
  namesIn,
  type Observation,
  type Outcome,
  Tally,
} from '../test/hostile/judge.js';
import { type Cast, forgedChain, imposter, isPointerOf, otherSubject, rollback, wrongPointer } from '../test/hostile/lies.js';
import { type Operation, readingOperations, siblings } from '../test/hostile/operations.js';
import type { Attack, Exchange } from '../test/hostile/proxy.js';
import { Choices } from '../test/hostile/random.js';
import { type Device, HostileWorld, content, type Person } from '../test/hostile/world.js';
import { itemAt } from '../test/item-at.js';

import type { UserSession } from './index.js';
import { MemoryLocalStore } from './session/local-store.js';

const seed = Number(process.env['PYRGOS_HOSTILE_SEED'] ?? 1);
const only = process.env['PYRGOS_HOSTILE_CASE'];
const CASES = Number(process.env['PYRGOS_HOSTILE_CASES'] ?? 860);

const oldPassword = 'violet anchor sleeps beneath copper';
const password = 'marble otters juggle distant lanterns';
const home = '/alice';
const operations = readingOperations(home);

let world: HostileWorld;
let alice: Person;
let bob: Person;
let cast: Cast;
const secrets: string[] = [password, oldPassword];
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);
/** Requests of an operation that nobody disturbs. */
const traces = new Map<string, readonly Exchange[]>();

beforeAll(async () => {
  process.on('unhandledRejection', onRejection);
  world = await HostileWorld.start();
  await prepare();
}, 120_000);
afterAll(async () => {
  process.off('unhandledRejection', onRejection);
  await world.close();
});

/** Two accounts, the first one with a history. */
async function prepare(): Promise<void> {
  const made = await world.person('alice', oldPassword);
  alice = made.person;
  let { session } = made;
  const model = new Map<string, Buffer | 'directory'>([[home, 'directory']]);
  const step = async (change: (files: UserSession['files']) => Promise<unknown>, effect: () => void): Promise<void> => {
    await change(session.files);
    effect();
    // What the client keeps for itself.
    for await (const { name, isDirectory } of session.files.names(home)) {
      if (!model.has(`${home}/${name ?? ''}`) && isDirectory) model.set(`${home}/${name ?? ''}`, 'directory');
    }
    await world.remember(alice, model);
  };
  const put = async (name: string, bytes: Buffer): Promise<void> =>
    step(
      async (files) => files.write(`${home}/${name}`, bytes),
      () => model.set(`${home}/${name}`, bytes),
    );
  await world.remember(alice, model);
  await step(
    async (files) => files.makeDirectory(`${home}/dir`),
    () => model.set(`${home}/dir`, 'directory'),
  );
  await put('log.txt', content(1, 300));
  await put('dir/first.txt', content(2, 50));
  const many = Array.from({ length: 25 }, (_, i) => ({ path: [`${i}.txt`], source: content(100 + i, 10 + 150 * i) }));
  await step(
    async (files) => {
      await files.makeDirectory(`${home}/many`);
      for await (const { outcome } of files.writeTree(`${home}/many`, many)) expect(outcome).not.toBe('failed');
    },
    () => {
      model.set(`${home}/many`, 'directory');
      for (const { path, source } of many) model.set(`${home}/many/${path[0] ?? ''}`, source);
    },
  );
  await put('large.bin', content(3, 11 * 2 ** 20));
  await put('middle.bin', content(4, 300_000));
  await put('pair.bin', content(5, 5_300_000));
  await put('log.txt', content(6, 310));
  await step(
    async () => void (session = await session.changePassword({ oldPassword, newPassword: password })),
    () => undefined,
  );
  // One file in two chunks of which both change.
  await put('pair.bin', content(7, 5_300_000));
  await put('middle.bin', content(8, 290_000));
  await step(
    async (files) => files.rename(`${home}/dir/first.txt`, 'inner.txt'),
    () => {
      model.set(`${home}/dir/inner.txt`, model.get(`${home}/dir/first.txt`) as Buffer);
      model.delete(`${home}/dir/first.txt`);
    },
  );
  await step(
    async (files) => files.remove(`${home}/many/3.txt`),
    () => model.delete(`${home}/many/3.txt`),
  );
  await put('log.txt', content(9, 320));
  alice = { ...alice, password };
  const second = await world.person('bob', 'the password of somebody else');
  bob = second.person;
  await second.session.files.write('/bob/log.txt', content(10, 305));
  await second.session.files.makeDirectory('/bob/dir');
  const third = await (await world.device()).server.logIn({ username: 'bob', password: bob.password });
  for (const [path, bytes] of current()) {
    if (bytes === 'directory' || bytes.length > 1_000_000) continue;
    const { cid, node } = await itemAt(session, path);
    blocksOf.set(path, [cid.toString(), ...node.data.fragments.map((fragment) => fragment.cid.toString())]);
  }
  await third.space.quota();
  await third.space.usage();
  cast = { crypto: world.honest.crypto, now: () => world.clock.now(), victim: alice, other: bob, moments: world.moments };
}

const current = (): Model => (world.moments.at(-1) as { readonly model: Model }).model;
const logIn = async ({ server }: Device, more: object = {}): Promise<UserSession> => server.logIn({ username: 'alice', password, ...more });

/** Calls that answer with a list. */
const LISTS: ReadonlySet<string> = new Set(['champ/get/bulk', 'getChain', 'getUserBats']);
/** Those that cost little. */
const cheap = operations.slice(0, 8);

/** How a case goes: what the attack meets, and what the client may have seen before. */
const scripts = ['read', 'read', 'read', 'read again', 'log in', 'log in', 'log in where known', 'restore'] as const;
type Script = (typeof scripts)[number];

interface Run {
  readonly observations: readonly Observation[];
  readonly codes: readonly string[];
}

/** Does something, and takes down what is told and what fails. */
async function observe(work: (witness: Parameters<Operation['run']>[1]) => Promise<void>): Promise<Run> {
  const observations: Observation[] = [];
  const codes: string[] = [];
  const damage = (error: unknown): void => void codes.push(checkedCode(error, world.proxy.exchanges, secrets));
  let timer: NodeJS.Timeout | undefined;
  // Not a measurement: a call that never comes back must name its case.
  const stuck = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('a call that does not return')), 40_000)));
  try {
    await Promise.race([work({ tell: (observation) => void observations.push(observation), damage }), stuck]);
  } catch (error) {
    damage(error);
  } finally {
    clearTimeout(timer);
  }
  return { observations, codes };
}

/** The directory and files of the current state, exactly. */
async function requireHonest(session: UserSession, operation: Operation): Promise<void> {
  const { observations, codes } = await observe(async (witness) => operation.run(session, witness));
  expect(codes, 'works again after the attack').toEqual([]);
  if (modelOf(observations, [current()]) === undefined) throw new Error(`after the attack: ${describeObservations(observations)}`);
}

/** Time in which everything that is only believed for a while is forgotten. */
const pause = (): void => world.clock.leap(15_000);

/** The start of a case, before the attack. */
async function before(script: Script, operation: Operation): Promise<{ readonly device: Device; readonly session?: UserSession }> {
  const isKnown = script === 'log in where known' || script === 'restore';
  const store = isKnown ? new MemoryLocalStore() : undefined;
  if (store !== undefined) {
    const earlier = await world.device(store);
    (await logIn(earlier, { deviceKey: world.deviceKey })).close();
    earlier.close();
  }
  const device = await world.device(store);
  if (script !== 'read' && script !== 'read again') return { device };
  const session = await logIn(device);
  if (script === 'read again') await requireHonest(session, operation);
  pause();
  return { device, session };
}

/** What the attack meets. */
async function meet(
  script: Script,
  device: Device,
  session: UserSession | undefined,
  operation: Operation,
  witness: Parameters<Operation['run']>[1],
): Promise<UserSession> {
  const opened =
    session ??
    (script === 'restore' ? await device.server.restore({ deviceKey: world.deviceKey, username: 'alice' }) : await logIn(device));
  if (!opened.account.identity.equals(alice.identity)) throw new Error('the identity of somebody else');
  await operation.run(opened, witness);
  return opened;
}

async function traceOf(script: Script, operation: Operation): Promise<readonly Exchange[]> {
  const key = `${script} ${operation.name}`;
  const known = traces.get(key);
  if (known !== undefined) return known;
  const { device, session } = await before(script, operation);
  world.proxy.begin(async () => undefined);
  const { codes } = await observe(async (witness) => void (await meet(script, device, session, operation, witness)));
  expect(codes).toEqual([]);
  const trace = [...world.proxy.exchanges];
  world.proxy.end();
  device.close();
  traces.set(key, trace);
  return trace;
}

/** An attack of a case, and which moments an honest answer may show meanwhile. */
interface Chosen {
  readonly attack: Attack;
  readonly allowed: readonly Model[];
  /** Instead of the one that was drawn. */
  readonly operation?: Operation;
  /** What must be so beside the rules for all cases. */
  readonly check?: (run: Run) => void;
}

/** The CIDs of the blocks of each file: the node, and the fragments. */
const blocksOf = new Map<string, readonly string[]>();

/** One file of a directory is damaged: its siblings are not, and it is the one that is reported. */
const oneDamaged: Recipe = (choices, script) => {
  if (script !== 'read') return undefined;
  const directory = choices.pick([home, `${home}/many`, `${home}/many`]);
  const names = namesIn(current(), directory).filter((name) => blocksOf.has(`${directory}/${name}`));
  const victim = `${directory}/${choices.pick(names)}`;
  const cidOf = (block: Uint8Array): string => Cid.ofSha256(cast.crypto.sha256(block), CidCodec.dagCbor).toString();
  const targets = new Set([choices.pick(blocksOf.get(victim) ?? [])]);
  const reported = new Set<string>();
  return {
    attack: damagedBlocks(cidOf, targets, choices),
    allowed: [current()],
    operation: siblings(directory, (path) => reported.add(path)),
    check: ({ observations, codes }) => {
      expect([...reported], 'damaged').toEqual(world.proxy.applied > 0 && codes.length > 0 ? [victim] : []);
      expect(observations.at(-1)?.kind, 'the last thing that is told').toBe('listing');
      const read = new Set(observations.flatMap(({ kind, path }) => (kind === 'content' ? [path] : [])));
      for (const name of namesIn(current(), directory)) {
        const path = `${directory}/${name}`;
        const bytes = current().get(path);
        if (bytes instanceof Buffer && bytes.length <= 1_000_000 && path !== victim) expect(read).toContain(path);
      }
    },
  };
};

type Recipe = (choices: Choices, script: Script, trace: readonly Exchange[], scene: Scene) => Chosen | undefined;

/** An attack on single requests, at any place of those that it may meet. */
const striking =
  (strike: Strike, filter?: (exchange: Exchange) => boolean): Recipe =>
  (choices, _, trace, scene) => {
    const count = filter === undefined ? trace.length : trace.filter(filter).length;
    if (count === 0) return undefined;
    const times = choices.pick([1, 1, 2, 1000]);
    return { attack: strikeAt(strike, scene, { only: filter, skip: choices.below(count), times }), allowed: [current()] };
  };

const recipes: Readonly<Record<string, Recipe>> = {
  ...Object.fromEntries(Object.entries(blindStrikes).map(([name, strike]) => [name, striking(strike)])),
  'lies about space': striking(spaceLies, ({ endpoint }) => endpoint === 'usage' || endpoint === 'quota'),
  'pointers of others': (...call) => striking(wrongPointer(cast), (exchange) => isPointerOf(exchange, alice))(...call),
  'other owners, writers and names': (...call) => striking(otherSubject(cast))(...call),
  'forged chains': (...call) => striking(forgedChain(cast), ({ endpoint }) => endpoint === 'getChain')(...call),
  'another identity': (choices, script) =>
    script === 'log in' || script === 'log in where known' || script === 'restore'
      ? { attack: imposter(cast, choices), allowed: [current()] }
      : undefined,
  'one damaged file': oneDamaged,
  'reordered lists': (...call) => striking(blindStrikes['reordered lists'] as Strike, ({ endpoint }) => LISTS.has(endpoint))(...call),
  'old pointers': (choices, script, trace) => {
    if (!trace.some((exchange) => isPointerOf(exchange, alice))) return undefined;
    // More of the devices that can be deceived.
    if (script !== 'log in' && choices.chance(0.5)) return undefined;
    const last = world.moments.length - 1;
    // A device that has seen nothing cannot know better; any other may see nothing older than what it has seen.
    const allowed = script === 'log in' ? world.moments.map(({ model }) => model) : [current()];
    return { attack: rollback(cast, choices, { from: choices.chance(0.3) ? 0 : last - 5, to: last - 1 }), allowed };
  },
};

async function runCase(id: number, tally: Tally): Promise<void> {
  const choices = new Choices(seed, id);
  const names = Object.keys(recipes);
  const name = names[id % names.length] as string;
  const weighted = operations.flatMap((operation) => Array.from({ length: operation.weight }, () => operation));
  let chosen: Chosen | undefined;
  let script: Script = 'read';
  let operation = weighted[0] as Operation;
  let trace: readonly Exchange[] = [];
  while (chosen === undefined) {
    script = choices.pick(scripts);
    operation = choices.pick(weighted);
    trace = await traceOf(script, operation);
    chosen = recipes[name]?.(choices, script, trace, { proxy: world.proxy, choices, trap: world.trap.url });
  }
  operation = chosen.operation ?? operation;
  try {
    const { device, session } = await before(script, operation);
    world.proxy.begin(chosen.attack);
    let opened = session;
    const run = await observe(async (witness) => {
      opened = await meet(script, device, session, operation, witness);
    });
    const requests = world.proxy.exchanges.length;
    const { applied } = world.proxy;
    world.proxy.end();
    // What was answered during the attack must not be joined by what is asked after it.
    await world.timers.settled();
    const { observations, codes } = run;
    const model = modelOf(observations, chosen.allowed);
    if (model === undefined) throw new Error(`told what is not so: ${describeObservations(observations)}`);
    // Nothing of what there is may be denied, unless the client cannot know better.
    if (script !== 'log in' && operation.name !== 'find what is not there') expect(codes).not.toContain('not-found.file');
    chosen.check?.(run);
    expect(requests, 'requests').toBeLessThan(150 + 10 * trace.length);
    expect(world.proxy.failures).toEqual([]);
    expect(world.trap.visits()).toBe(0);
    if (applied === 0) expect(codes, 'fails without an attack').toEqual([]);
    pause();
    // The same program goes on, as if nothing had been.
    opened ??= await logIn(device);
    if (id % 3 === 0) await requireHonest(opened, choices.pick(cheap));
    await requireHonest(opened, operation);
    if (id % 7 === 0) {
      const next = await world.device(device.store);
      await requireHonest(await logIn(next), operation);
      next.close();
    }
    device.close();
    expect(rejections).toEqual([]);
    const outcome: Outcome =
      applied === 0
        ? 'not applied'
        : codes.length > 0
          ? 'error'
          : model === current() || modelOf(observations, [current()])
            ? 'harmless'
            : 'old state';
    tally.add(name, outcome, requests, codes[0]);
  } catch (error) {
    world.proxy.end();
    rejections.length = 0;
    const what = `${name}; ${script}; ${operation.name}; PYRGOS_HOSTILE_SEED=${seed} PYRGOS_HOSTILE_CASE=${id}`;
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

test(`${CASES} generated attacks on reading`, { timeout: 600_000 }, async () => {
  const tally = new Tally();
  const failures: unknown[] = [];
  const ids = only === undefined ? Array.from({ length: CASES }, (_, id) => id) : [Number(only)];
  for (const id of ids) {
    try {
      await runCase(id, tally);
    } catch (error) {
      failures.push(error);
      if (failures.length >= 20) break;
    }
  }
  process.stdout.write(`${tally.toString()}\n`);
  if (failures.length > 0) throw new AggregateError(failures, failures.map((error) => (error as Error).message).join('\n'));
  // Bombs are not unpacked, and what is announced is not believed. The server of this process is in the figure, and every file twice.
  const peak = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`at most ${Math.round(peak)} MiB of memory\n`);
  expect(peak).toBeLessThan(1500);
  if (only !== undefined) return;
  // An attack that never bites proves nothing.
  for (const { name, applied, idle } of tally.applied) expect(applied, `${name} was hardly applied`).toBeGreaterThan(idle);
});
