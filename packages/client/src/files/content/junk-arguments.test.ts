import { PyrgosError } from '@pyrgos/core/errors';
import { beforeAll, expect, it } from 'vitest';
import { ContentWorld } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import type { Item, OperationView } from '../view/index.js';
import { appendContent, cleanFile, overwriteSection, truncateFile } from './edit-content.js';
import { setContent } from './set-content.js';
import { uploadFile } from './upload-file.js';
import { uploadSmallFiles } from './upload-small-files.js';
import { UploadTransactions } from './upload-transactions.js';
import { uploadTree } from './upload-tree.js';

let world: ContentWorld;
let file: Item;
beforeAll(async () => {
  world = await ContentWorld.create();
  file = (await world.upload('f', content(10))).item;
});

const junk: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  NaN,
  'text',
  true,
  {},
  [],
  [1],
  () => 1,
  Symbol('s'),
  new Date(0),
  new Uint8Array(3),
];

type Call = (...args: readonly never[]) => unknown;

/** Calls with each argument in turn replaced by junk; what comes out is a result or an error of the family. */
async function sweep(call: Call, good: (operation: OperationView, home: Item) => readonly unknown[]): Promise<string[]> {
  const unexpected: string[] = [];
  const count = await world.run(async (operation, home) => good(operation, home).length);
  for (let at = 0; at < count; at++) {
    for (const value of junk) {
      try {
        await world.run(async (operation, home) => {
          const args = good(operation, home).map((argument, i) => (i === at ? value : argument));
          const answer: unknown = await call(...(args as never[]));
          if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer) {
            for await (const _ of answer as AsyncIterable<unknown>) void _;
          }
        });
      } catch (error) {
        if (!(error instanceof PyrgosError) || error.code === 'internal')
          unexpected.push(`argument ${at} ${String(value)}: ${String(error)}`);
      }
    }
  }
  return unexpected;
}

const optionNames = [
  'modified',
  'created',
  'isHidden',
  'onExisting',
  'mimeType',
  'thumbnail',
  'hashTree',
  'onProgress',
  'transactions',
  'resume',
  'expectedSize',
  'changedChunksOnly',
  'home',
  'onError',
  'signal',
];

it('every function refuses junk with an error of the family', async () => {
  const bytes = content(3);
  expect(await sweep(uploadFile as Call, (operation, home) => [operation, world.ports, home, 'f', bytes, {}])).toEqual([]);
  expect(
    await sweep(uploadSmallFiles as Call, (operation, home) => [operation, world.ports, home, [{ name: 'f', source: bytes }], {}]),
  ).toEqual([]);
  expect(await sweep(setContent as Call, (operation) => [operation, world.ports, file, bytes, {}])).toEqual([]);
  expect(await sweep(overwriteSection as Call, (operation) => [operation, world.ports, file, 0, bytes, {}])).toEqual([]);
  expect(await sweep(appendContent as Call, (operation) => [operation, world.ports, file, bytes, {}])).toEqual([]);
  expect(await sweep(truncateFile as Call, (operation) => [operation, world.ports, file, 3, {}])).toEqual([]);
  expect(await sweep(cleanFile as Call, (operation) => [operation, world.ports, file, {}])).toEqual([]);
  expect(
    await sweep(
      (home: Item) => new UploadTransactions(home),
      (_, home) => [home],
    ),
  ).toEqual([]);
}, 120_000);

it('so do the options, the ports and the entries of a tree', async () => {
  const bytes = content(3);
  const unexpected: string[] = [];
  const attempt = async (name: string, value: unknown, call: () => Promise<unknown>): Promise<void> => {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof PyrgosError)) unexpected.push(`${name} ${String(value)}: ${String(error)}`);
    }
  };
  for (const value of junk) {
    for (const name of optionNames) {
      const options = { onExisting: 'replace', [name]: value } as never;
      await attempt(name, value, () => world.run((operation, home) => uploadFile(operation, world.ports, home, 'f', bytes, options)));
      await attempt(name, value, () => world.run((operation) => appendContent(operation, world.ports, file, bytes, options)));
      await attempt(name, value, () => world.run((operation) => setContent(operation, world.ports, file, bytes, options)));
      if (name === 'onProgress' && typeof value === 'function') continue;
      await attempt(name, value, async () => {
        const home = await world.home();
        const entries = [{ path: ['f'], source: bytes, [name]: value }] as never;
        for await (const _ of uploadTree(world.files.sessions, world.ports, home, entries, { [name]: value })) void _;
      });
    }
    for (const name of ['blocks', 'clock', 'thumbnailer', 'mirrorBatId', 'chunksInFlight', 'chunksPerCommit']) {
      const ports = { ...world.ports, [name]: value } as never;
      await attempt(name, value, () => world.run((operation) => setContent(operation, ports, file, bytes)));
    }
    for (const entry of [
      value,
      { path: value, source: bytes },
      { path: [value], source: bytes },
      { path: ['x'], source: value },
      { path: value, isDirectory: true },
    ]) {
      await attempt('entry', value, async () => {
        for await (const _ of uploadTree(world.files.sessions, world.ports, await world.home(), [entry] as never)) void _;
      });
    }
  }
  expect(unexpected).toEqual([]);
}, 120_000);
