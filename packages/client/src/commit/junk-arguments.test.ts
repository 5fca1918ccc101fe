import { PyrgosError } from '@pyrgos/core/errors';
import { Snapshot } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { block, CommitWorld, mapKey } from '../../test/commit-world.js';
import * as entry from './index.js';

/**
 * Whatever a caller without types passes to the entry point of the package, and to the objects that it hands out, the answer is a value or
 * a PyrgosError: a raw TypeError says nothing about what was wrong.
 */

type Callable = (...args: readonly unknown[]) => unknown;

const MIXTURES = 600;

const junk: readonly unknown[] = [
  undefined,
  null,
  -1,
  Number.NaN,
  1n << 80n,
  '',
  'x',
  {},
  [],
  [undefined],
  Array(3),
  { length: 5 },
  Object.create(null),
  new Map([[1, 2]]),
  new Uint16Array(3),
  Symbol('s'),
  () => 1,
  async () => ({ snapshot: 1 }),
  Date,
  new Proxy({}, {}),
  { signal: 'x' },
  { signal: null, fresh: 1 },
];

/** What only the commit pipeline calls, and what TypeScript hides. */
const hidden: Readonly<Record<string, string>> = {
  BlockBuffer: 'clear close drop dropReplaced mark put remove stored',
  Committer: 'close inTurn rebase record send sendIfFull',
  TreeEdit: 'expect',
  WriteSession: 'contextOf',
};

/** The methods of an object. */
function methodsOf(name: string, object: object): [string, Callable][] {
  const prototype = Object.getPrototypeOf(object) as object;
  const owner = prototype === Object.prototype ? object : prototype;
  const left = new Set(['constructor', ...(hidden[name] ?? '').split(' ')]);
  return Object.getOwnPropertyNames(owner).flatMap((key): [string, Callable][] => {
    const member = Object.getOwnPropertyDescriptor(owner, key)?.value as unknown;
    return left.has(key) || typeof member !== 'function' ? [] : [[`${name}#${key}`, (member as Callable).bind(object)]];
  });
}

/** Calls a function with junk and with mixtures of junk and good values; what it throws besides PyrgosErrors. */
async function rawErrors(name: string, target: Callable, goods: readonly unknown[]): Promise<string[]> {
  const random = seededRandom(name.length);
  const pick = (list: readonly unknown[]): unknown => list[random.nextInteger(list.length)];
  const tuples: unknown[][] = [[], ...junk.flatMap((bad) => [[bad], [bad, bad], [bad, bad, bad, bad]])];
  for (let i = 0; i < MIXTURES; i++) {
    tuples.push(Array.from({ length: 1 + random.nextInteger(5) }, () => pick(random.nextInteger(3) === 0 ? junk : goods)));
  }
  const raw = new Set<string>();
  for (const args of tuples) {
    try {
      await target(...args);
    } catch (error) {
      if (!(error instanceof PyrgosError)) raw.add(`${name}: ${String(error)} <- ${args.map((arg) => typeof arg).join(', ')}`);
    }
  }
  return [...raw];
}

test('junk gives an answer or a PyrgosError', async () => {
  const world = await CommitWorld.create();
  const session = world.session();
  const [child] = await world.populate(1, session);
  const writer = child!.publicKeyHash;
  const problems: string[] = [];
  const options = { owner: world.owner, blocks: world.server.blocks, pointers: world.server.pointers, crypto: world.crypto };
  const snapshot = await session.read(writer);
  const goods: unknown[] = [
    snapshot,
    Snapshot.empty(),
    snapshot.get(writer)!.writerData,
    writer,
    [writer],
    world.identity,
    child,
    [child],
    mapKey(255),
    [mapKey(1)],
    [{ key: mapKey(255) }],
    await session.get(snapshot, writer, mapKey(255)),
    block('good'),
    async (value: unknown) => value,
    async () => undefined,
    options,
    { owner: world.owner },
    { fresh: true },
    { signal: AbortSignal.abort() },
    1,
  ];
  let called = 0;
  const sweep = async (targets: readonly [string, Callable][]): Promise<void> => {
    called += targets.length;
    for (const [name, target] of targets) problems.push(...(await rawErrors(name, target, goods)));
  };

  // Inside an operation, with its committer; whether it can commit in the end does not matter.
  await session
    .update([writer], async (start, committer) => {
      const tree = entry.TreeEdit.open(committer, start, child!);
      goods.push(committer, start);
      const functions = Object.entries(entry).filter(([, value]) => typeof value === 'function' && value.prototype === undefined);
      await sweep([
        ...functions.map(([name, value]): [string, Callable] => [name, value as Callable]),
        ['TreeEdit.open', entry.TreeEdit.open as Callable],
        ...methodsOf('TreeEdit', tree),
        ...methodsOf('BlockBuffer', committer.blocks),
        ...methodsOf('Committer', committer),
        ...methodsOf('systemClock', entry.systemClock),
      ]);
      return start;
    })
    .catch((error: unknown) => {
      if (!(error instanceof PyrgosError)) throw error;
    });

  await sweep([['new WriteSession', (...args) => new entry.WriteSession(...(args as [entry.WriteSessionOptions]))]]);
  await sweep(methodsOf('WriteSession', session));
  expect(problems).toEqual([]);
  expect(called).toBeGreaterThan(30);
});
