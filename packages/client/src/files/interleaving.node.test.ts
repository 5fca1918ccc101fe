import { utf8Encode } from '@pyrgos/core/bytes';
import { withRandomSource } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { PointerUpdate } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import type { ServerState } from '@pyrgos/testkit/stores';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  DIRECTORY,
  type Fate,
  type FileOperation,
  type Model,
  moved,
  onlyIf,
  OPERATIONS,
  Picker,
  possibleStates,
  removed,
  renamed,
  rotated,
  writeTo,
} from '../../test/file-operations.js';
import { type CallFault, type CallPlan, GatedStores } from '../../test/gated-stores.js';
import { StructureWorld } from '../../test/structure-world.js';
import { FileSystem } from './file-system.js';
import { FileTree } from './file-tree.js';
import { CommittedView, FileReader, type Item, listChildren, openItem, type Sessions } from './view/index.js';

/** One of two devices that are logged in to the account. */
interface Device {
  readonly gate: GatedStores;
  readonly sessions: Sessions;
  readonly files: FileSystem;
  readonly tree: FileTree;
}

/** With a number of one's own there are other places, names and moments, and several times as many of them. */
const chosenSeed = process.env['PYRGOS_SCHEDULE_SEED'];
const SEED = Number(chosenSeed ?? 1);
/** Of each pair of operations every so many storage calls are looked at; which ones differs from pair to pair. */
const STRIDE = chosenSeed === undefined ? 4 : 1;
/** Faults for each pair of operations. */
const FAULTS = chosenSeed === undefined ? 1 : 4;

let world: StructureWorld;
let state: ServerState;
let start: Model;
let time = 0;

/** A tree with directories in directories, lists of several chunks, and a writing space in a writing space. */
beforeAll(async () => {
  world = await StructureWorld.create();
  const { files } = world;
  files.entriesPerChunk = 2;
  const add = async (parent: Parameters<typeof files.addFile>[0], ...names: string[]): Promise<unknown> =>
    files.addFiles(
      parent,
      names.map((name) => ({ name, content: utf8Encode(`first ${name}`) })),
    );
  const p = await files.addDirectory(files.home, 'p');
  await add(p, 'a', 'b', 'c');
  const d1 = await files.addDirectory(p, 'd1');
  await add(await files.addDirectory(d1, 'd2'), 'x');
  const q = await files.addDirectory(files.home, 'q');
  const e1 = await files.addDirectory(q, 'e1');
  await add(await files.addDirectory(e1, 'e2'), 'y');
  const space = await files.addLinkedDirectory(q, 'space', 150);
  await add(space, 's');
  await add(await files.addLinkedDirectory(space, 'inner', 151), 't');
  await add(q, 'z');
  state = files.base.server.saveState();
  time = files.base.clock.time;
  start = await contents(newDevice(1));
});

/** A device that has just logged in. */
function newDevice(seed: number): Device {
  const { files } = world;
  const { server, clock } = files.base;
  const gate = new GatedStores({ blocks: server.blocks, pointers: server.pointers });
  const sessions = files.newSessions({ stores: gate, crypto: withRandomSource(files.base.crypto, seededRandom(seed)) });
  const account = { sessions, username: 'ada', home: files.home.capability, clock };
  return { gate, sessions, files: new FileSystem({ ...account, blocks: gate.blocks }), tree: new FileTree(account) };
}

/** Everything in the account, as a device sees it. */
async function contents({ sessions }: Device): Promise<Model> {
  const view = new CommittedView(sessions);
  const found = new Map<string, string>();
  const visit = async (directory: Item, path: string): Promise<void> => {
    for await (const child of listChildren(view, directory)) {
      if (child.isDangling) throw child.error;
      const place = `${path}/${child.name}`;
      if (found.has(place)) throw new Error(`${place} is listed twice`);
      const reader = child.isDirectory ? undefined : new FileReader(view, child);
      found.set(place, reader === undefined ? DIRECTORY : new TextDecoder().decode(await reader.read(0, reader.size)));
      if (child.isDirectory) await visit(child, place);
    }
  };
  await visit(await openItem(view, world.files.home.capability), '/ada');
  return found;
}

/** A model as text, for comparing and for people. */
function print(model: Model): string {
  return [...model]
    .map(([path, content]) => `${path}${content === DIRECTORY ? '/' : ` ${content.slice(0, 60)} (${content.length})`}`)
    .sort()
    .join('\n');
}

/** A schedule: who does what, and when. */
interface Schedule {
  readonly seed: number;
  readonly a: FileOperation;
  readonly b: FileOperation;
  /** B runs before this storage call of A. */
  readonly at: number;
  readonly faultOfA?: { readonly at: number; readonly kind: CallFault } | undefined;
  readonly faultOfB?: { readonly at: number; readonly kind: CallFault } | undefined;
}

function describeSchedule({ seed, a, b, at, faultOfA, faultOfB }: Schedule): string {
  const fault = (name: string, of: CallPlan['fault']): string => (of === undefined ? '' : `; call ${of.at} of ${name} ${of.kind}`);
  return `seed ${seed}: A: ${a.label}; B: ${b.label}; B runs at call ${at} of A${fault('A', faultOfA)}${fault('B', faultOfB)}`;
}

/** Conflicts after which an operation has given up, although another attempt may succeed. */
const PASSING = new Set(['conflict.champ', 'conflict.merge', 'conflict.pointer', 'conflict.snapshot', 'conflict.file']);
/** How often operations that were not cut off have given up because of such a conflict, by code. */
const givenUp = new Map<string, number>();

/** Runs an operation, and tells what became of it. */
async function fateOf(device: Device, operation: FileOperation, where: string): Promise<Fate> {
  try {
    await operation.run(device);
    return 'done';
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw new Error(`${where}: ${operation.label} failed with an untyped error`, { cause: error });
    if (error.code === 'internal' || error.code.startsWith('format')) throw new Error(where, { cause: error });
    if (device.gate.wasCut) return 'given up';
    // A file or directory in the way is there to stay.
    const isInTheWay = error.code === 'conflict.file' && error.data['isDirectory'] !== undefined;
    if (!PASSING.has(error.code) || isInTheWay) return 'refused';
    givenUp.set(error.code, (givenUp.get(error.code) ?? 0) + 1);
    return 'given up';
  }
}

/** Runs a schedule and judges what it leaves. Resolves to whether B had its turn in the middle of A. */
async function play(schedule: Schedule): Promise<boolean> {
  const where = describeSchedule(schedule);
  const { seed, a, b, at, faultOfA, faultOfB } = schedule;
  const { base } = world.files;
  base.server.restoreState(state);
  base.clock.time = time;
  const [deviceA, deviceB] = [newDevice(seed * 2 + 1), newDevice(seed * 2 + 2)];
  // Both have seen everything just now, as a running program has.
  if (seed % 2 === 0) for (const device of [deviceA, deviceB]) await contents(device);
  let fateB: Fate | undefined;
  const runB = async (): Promise<void> => {
    deviceB.gate.follow({ fault: faultOfB });
    fateB = await fateOf(deviceB, b, where);
  };
  deviceA.gate.follow({ interlude: { at, run: runB }, fault: faultOfA });
  const fateA = await fateOf(deviceA, a, where);
  const wasInterrupted = deviceA.gate.wasInterrupted;
  if (wasInterrupted) await deviceA.gate.interludeEnded();
  else await runB();
  const devices = [deviceA, deviceB].filter(({ gate }) => !gate.wasCut);
  const left = await judge(
    start,
    [
      { operation: a, fate: fateA },
      { operation: b, fate: fateB as Fate },
    ],
    devices,
    where,
  );
  // Who was cut off logs in again and repeats it.
  for (const [device, operation, fate] of [
    [deviceA, a, fateA],
    [deviceB, b, fateB],
  ] as const) {
    if (!device.gate.wasCut || fate === 'done') continue;
    const again = newDevice(seed * 2 + 3);
    const second = await fateOf(again, operation, where);
    await judge(left, [{ operation, fate: second }], [again], `${where}; repeated`);
    break;
  }
  return wasInterrupted;
}

/** Requires one of the states that may be, for those who are there and for who logs in now, and that nothing is left behind. */
async function judge(
  before: Model,
  outcomes: readonly { readonly operation: FileOperation; readonly fate: Fate }[],
  devices: readonly Device[],
  where: string,
): Promise<Model> {
  const text = `${where}; ${outcomes.map(({ fate }) => fate).join(', ')}`;
  const { base, owner } = world.files;
  for (const { gate } of devices) gate.follow({});
  // Pointers that somebody has read go out of date, and the collector of garbage takes what nothing leads to.
  base.clock.time += 48 * 3_600_000;
  await base.server.collectGarbage(owner);
  const found = await contents(newDevice(0)).catch((error: unknown) => {
    throw new Error(text, { cause: error });
  });
  const possible = possibleStates(before, outcomes).map(print);
  const now = print(found);
  if (!possible.includes(now)) {
    throw new Error(`${text}\nleaves\n${now}\nPossible are\n${[...new Set(possible)].join('\nor\n')}`);
  }
  for (const device of devices) expect(print(await contents(device)), text).toBe(now);
  const inspection = await world.inspect();
  expect(inspection.problems, text).toEqual([]);
  expect(inspection.tree.size, text).toBe(found.size + 1);
  // No writer is left that nobody owns: what it has would count against the quota for ever.
  const known = new Set(inspection.owned.map(({ writer }) => writer.key));
  const live = [...base.server.saveState().pointers].filter(
    ([, signed]) => PointerUpdate.decodeVerifiedBefore(signed).updated !== undefined,
  );
  expect(
    live.filter(([key]) => !known.has(key)),
    `${text}: writers`,
  ).toEqual([]);
  return found;
}

/** Changes that touch nothing in common, and yet cannot both be. */
const HARD: Readonly<Record<string, readonly [FileOperation, FileOperation]>> = {
  'two directories, each moved into the other': [moved('/ada/p/d1', '/ada/q/e1/e2', true), moved('/ada/q/e1', '/ada/p/d1/d2', true)],
  'one name for two elements in different chunks of a list': [renamed('/ada/p/a', 'n0'), renamed('/ada/p/c', 'n0')],
  'a new file with the name that something in another chunk gets': [writeTo('/ada/p/n0', 'new'), renamed('/ada/p/d1', 'n0')],
  'something with the name of a new file that is in another chunk': [renamed('/ada/p/d1', 'n0'), writeTo('/ada/p/n0', 'new')],
  'a name for something that arrives and for something in another chunk': [moved('/ada/q/z', '/ada/p', true), renamed('/ada/p/d1', 'z')],
};

describe('changes that exclude each other without a chunk in common', () => {
  test.each(Object.entries(HARD))('%s', async (_, [a, b]) => {
    for (let at = 0; await play({ seed: at, a, b, at }); at++);
  });
});

describe('a long upload into a writing space', () => {
  /** A file that is uploaded ahead of its commit. */
  const large = new Uint8Array(11_000_000).fill(7);
  const path = '/ada/q/space/inner/large';

  const during = async (change: (other: Device) => Promise<unknown>): Promise<Promise<unknown>> => {
    world.files.base.server.restoreState(state);
    const [device, other] = [newDevice(1), newDevice(2)];
    const counted = newDevice(3);
    await counted.files.write(path, large);
    const at = counted.gate.calls.indexOf('putBlocks');
    world.files.base.server.restoreState(state);
    device.gate.follow({ interlude: { at, run: async () => void (await change(other)) } });
    return device.files.write(path, large);
  };

  test('that is deleted meanwhile: there is no such directory any more', async () => {
    await expect(during(async ({ files }) => files.remove('/ada/q/space'))).rejects.toMatchObject({ code: 'not-found.file' });
    expect((await world.inspect()).problems).toEqual([]);
  });

  test('that is replaced by another one meanwhile: the file is in the new one', async () => {
    await during(async (other) => rotated('/ada/q/space', true).run(other));
    world.wait();
    const { problems, tree } = await world.inspect();
    expect(problems).toEqual([]);
    expect([...tree.keys()]).toContain(path);
  });
});

/** One device moves what the other has just found to another place: it is looked for once more, under its path. */
const RELOCATING: Readonly<Record<string, readonly [FileOperation, FileOperation]>> = {
  'new keys for a file, and a new writing space for its directory': [rotated('/ada/q/space/s', false), rotated('/ada/q/space', true)],
  'a file in a directory that gets new keys': [writeTo('/ada/p/d1/d2/x', 'new'), rotated('/ada/p', false)],
  'a new name in a directory that gets a writing space': [renamed('/ada/p/d1/d2', 'n0'), rotated('/ada/p', true)],
  'moving out of a directory that gets new keys': [moved('/ada/q/space/s', '/ada/p', false), rotated('/ada/q', true)],
};

describe('new keys for what somebody else is changing', () => {
  test.each(Object.entries(RELOCATING))('%s', async (_, [a, b]) => {
    for (let at = 0; await play({ seed: at, a, b, at }); at++);
  });
});

describe('changes that two devices make only on what they have seen', () => {
  test('one of them wins, and the other one is told', async () => {
    const path = '/ada/p/a';
    world.files.base.server.restoreState(state);
    const { version } = await newDevice(1).files.stat(path);
    const changes = onlyIf(path, { content: start.get(path) ?? '', version });
    const plain = [writeTo(path, 'by somebody who has not looked'), removed(path), renamed(path, 'elsewhere'), moved(path, '/ada/q', true)];
    for (const a of changes) {
      for (const b of [...changes, ...plain]) for (let at = 0; await play({ seed: 2 * at, a, b, at }); at++);
    }
  });

  test('in a writing space', async () => {
    const path = '/ada/q/space/s';
    world.files.base.server.restoreState(state);
    const { version } = await newDevice(1).files.stat(path);
    const [write, ...others] = onlyIf(path, { content: start.get(path) ?? '', version });
    for (const b of others) for (let at = 0; await play({ seed: 2 * at + 1, a: write as FileOperation, b, at }); at++);
  });
});

const kinds = [...OPERATIONS.keys()];

function make(kind: string, seed: number, mark: string): FileOperation {
  const maker = OPERATIONS.get(kind);
  if (maker === undefined) throw new Error(`no operation is called ${kind}`);
  return maker(new Picker(seededRandom(seed * 2 + (mark === 'A' ? 0 : 1)), start, mark));
}

const FAULT_KINDS: readonly CallFault[] = ['lost before', 'lost after', 'cut before', 'cut after'];

/** Each of these plays dozens of schedules. */
const timeout = 300_000;

describe(`two devices, storage call by storage call, seed ${SEED}`, { timeout }, () => {
  test.each(kinds)('%s, with anything else in the middle of it', async (kind) => {
    for (const [i, other] of kinds.entries()) {
      const seed = 10_000 * SEED + 100 * kinds.indexOf(kind) + i;
      const [a, b] = [make(kind, seed, 'A'), make(other, seed, 'B')];
      for (let at = seed % STRIDE; await play({ seed, a, b, at }); at += STRIDE);
    }
  });

  test.each(kinds)('%s, with anything else in the middle of it, and faults of either', async (kind) => {
    for (const [i, other] of kinds.entries()) {
      for (let round = 0; round < FAULTS; round++) {
        const seed = 10_000_000 + 100_000 * SEED + 10_000 * round + 100 * kinds.indexOf(kind) + i;
        const [a, b] = [make(kind, seed, 'A'), make(other, seed, 'B')];
        const random = seededRandom(seed);
        const at = random.nextInteger(15);
        const fault = (first: number): CallPlan['fault'] => ({
          at: first + random.nextInteger(10),
          kind: FAULT_KINDS[random.nextInteger(4)] as CallFault,
        });
        const who = random.nextInteger(3);
        await play({ seed, a, b, at, faultOfA: who === 0 ? undefined : fault(at), faultOfB: who === 1 ? undefined : fault(0) });
      }
    }
  });

  test('hardly any operation gives up without need', () => {
    // An operation tries several times; what is left are those that lose every time.
    expect([...givenUp.values()].reduce((sum, count) => sum + count, 0)).toBeLessThan(5);
  });
});
