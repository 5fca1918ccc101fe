import { equalBytes } from '@pyrgos/core/bytes';
import { CidCodec } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { ByteSource } from './content/index.js';
import type { FileSystem } from './file-system.js';

// A laptop is closed in the middle of a large upload and opened after three days. Meanwhile the server has collected what was uploaded ahead of the
// commit: a call that resolves would have replaced a file by one that nobody can read.

const large = seededRandom(5).randomBytes(16_000_000);
const old = seededRandom(6).randomBytes(6_000_000);

let world: FileWorld;
let files: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  files = world.device();
});

/** The machine sleeps when some fragments are stored, once. */
function sleepAfter(puts: number, setBack = 0, time = { missed: 0 }): void {
  const { server, clock, owner } = world.base;
  let count = 0;
  server.hooks.after = async ({ name, cids = [] }) => {
    if (name !== 'putBlocks' || !cids.some(({ codec }) => codec === CidCodec.raw) || ++count !== puts) return;
    clock.time += 3 * 86_400_000;
    expect(await server.collectGarbage(owner)).toBeGreaterThan(0);
    clock.time -= setBack;
    time.missed += setBack;
  };
}

const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'done';
  } catch (error) {
    return error instanceof PyrgosError ? error.code : String(error);
  }
};

/** What a device that has nothing in its caches reads, after the server has collected once more. */
async function isAt(path: string, content: Uint8Array): Promise<void> {
  const { server, owner } = world.base;
  server.hooks.after = undefined;
  await server.collectGarbage(owner);
  expect(equalBytes(await world.device().read(path), content)).toBe(true);
}

async function isSound(): Promise<void> {
  const found: string[] = [];
  for await (const { path, error } of world.device().verify('/ada', { content: true })) found.push(`${path} ${error.message}`);
  expect(found).toEqual([]);
  expect(await files.clearUnfinishedUploads()).toBe(0);
}

const pieces = async function* (offset = 0): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < large.length; at += 1_000_000) yield large.subarray(at, at + 1_000_000);
};
const repeatable: readonly [string, () => ByteSource][] = [
  ['bytes', () => large],
  ['a source', () => ({ size: large.length, open: pieces })],
];

describe.each(repeatable)('%s: uploaded again by itself', (_, source) => {
  test('as a new file', async () => {
    sleepAfter(4);
    await files.write('/ada/f', source());
    await isAt('/ada/f', large);
    await isSound();
  });

  test('in place of a file', async () => {
    await files.write('/ada/f', old);
    sleepAfter(4);
    await files.write('/ada/f', source());
    await isAt('/ada/f', large);
    await isSound();
  });

  test('behind a file', async () => {
    await files.write('/ada/f', 'old');
    sleepAfter(4);
    await files.append('/ada/f', source());
    await isAt('/ada/f', new Uint8Array(await new Blob(['old', large as Uint8Array<ArrayBuffer>]).arrayBuffer()));
  });

  test('in a tree', async () => {
    sleepAfter(4);
    for await (const { outcome: said } of files.writeTree('/ada', [{ path: ['d', 'f'], source: source() }])) expect(said).toBe('created');
    await isAt('/ada/d/f', large);
    await isSound();
  });
});

test('the clock was set back meanwhile', async () => {
  await files.write('/ada/f', old);
  sleepAfter(4, 4 * 86_400_000);
  await files.write('/ada/f', large);
  await isAt('/ada/f', large);
});

describe('a stream, which cannot be read again: a conflict, and nothing has changed', () => {
  test('a new file', async () => {
    sleepAfter(4);
    expect(await outcome(files.write('/ada/f', pieces()))).toBe('conflict.snapshot');
    world.base.server.hooks.after = undefined;
    expect(await world.device().find('/ada/f')).toBeUndefined();
    await isSound();
  });

  test('in place of a file', async () => {
    await files.write('/ada/f', old);
    sleepAfter(4);
    expect(await outcome(files.write('/ada/f', pieces()))).toBe('conflict.snapshot');
    await isAt('/ada/f', old);
  });

  test('behind a file', async () => {
    await files.write('/ada/f', old);
    sleepAfter(4);
    expect(await outcome(files.append('/ada/f', pieces()))).toBe('conflict.snapshot');
    await isAt('/ada/f', old);
  });
});

test('of an upload that is recorded, what was committed before is not uploaded again', async () => {
  const long = seededRandom(7).randomBytes(6 * CHUNK_SIZE);
  const { server, clock, owner } = world.base;
  let commits = 0;
  server.hooks.after = async ({ name }) => {
    if (name === 'setPointers') commits++;
    // The first one is that of the record, the second one that of four chunks.
    if (commits !== 2 || name !== 'putBlocks') return;
    commits++;
    clock.time += 3 * 86_400_000;
    expect(await server.collectGarbage(owner)).toBeGreaterThan(0);
  };
  const offsets: number[] = [];
  await files.write('/ada/f', {
    size: long.length,
    open: (offset) => (offsets.push(offset), new Blob([long.slice(offset)]).stream()),
  });
  expect(commits).toBeGreaterThan(3);
  expect(offsets).toContain(4 * CHUNK_SIZE);
  await isAt('/ada/f', long);
  await isSound();
});

describe('what is copied', () => {
  beforeEach(async () => {
    await world.addLinkedDirectory(world.home, 's', 150);
    await files.write('/ada/f', large);
    files = world.device();
  });

  test('a copy is whole', async () => {
    await files.makeDirectory('/ada/d');
    sleepAfter(1);
    await files.copy('/ada/f', '/ada/d');
    await isAt('/ada/d/f', large);
    await isAt('/ada/f', large);
  });

  test('a move to another writing space loses nothing', async () => {
    sleepAfter(1);
    await files.move('/ada/f', '/ada/s');
    await isAt('/ada/s/f', large);
    expect(await world.device().find('/ada/f')).toBeUndefined();
  });
});

// The clock of a virtual machine goes on from where it was. Only the answers of the server tell.
test.each<[string, () => Parameters<FileSystem['write']>[1], string, Uint8Array]>([
  ['bytes are uploaded again', () => large, 'done', large],
  ['a stream is a conflict, and nothing has changed', () => pieces(), 'conflict.snapshot', old],
])('paused for three days: %s', async (_, source, said, content) => {
  const time = { missed: 0 };
  const { server } = world.base;
  files = world.device(world.newSessions({ stores: { blocks: server.blocks, pointers: server.pointers, time } }));
  await files.write('/ada/f', old);
  sleepAfter(4, 3 * 86_400_000, time);
  expect(await outcome(files.write('/ada/f', source()))).toBe(said);
  await isAt('/ada/f', content);
});
