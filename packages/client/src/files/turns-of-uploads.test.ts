import { equalBytes } from '@pyrgos/core/bytes';
import { CidCodec } from '@pyrgos/core/codec';
import { seededRandom } from '@pyrgos/testkit/random';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { ByteSource } from './content/index.js';
import type { FileSystem } from './file-system.js';

// A long upload must not keep other changes of the session waiting until it is done: here they are made while its first blocks are on their way.

let world: FileWorld;
let files: FileSystem;
let others = 0;

beforeEach(async () => {
  world = await FileWorld.create();
  files = world.device();
  await files.makeDirectory('/ada/d');
  others = 0;
});

const large = seededRandom(5).randomBytes(16_000_000);

/** Has another change of the same session made while a fragment of content is being sent, `times` times; it waits for that. */
function meanwhile(change: () => Promise<unknown>, times = 2): void {
  const { hooks } = world.base.server;
  let isBusy = false;
  hooks.before = async ({ name, cids = [] }) => {
    if (name !== 'putBlocks' || isBusy || others >= times || !cids.some(({ codec }) => codec === CidCodec.raw)) return;
    isBusy = true;
    others++;
    await change();
    isBusy = false;
  };
}

async function isSound(path: string, content: Uint8Array): Promise<void> {
  world.base.server.hooks.before = undefined;
  expect(others).toBeGreaterThan(0);
  expect(equalBytes(await world.device().read(path), content)).toBe(true);
  const found: string[] = [];
  for await (const { path: place, error } of world.device().verify('/ada', { content: true })) found.push(`${place} ${error.message}`);
  expect(found).toEqual([]);
  for (let i = 1; i <= others; i++) expect(await files.find(`/ada/d/other${i}`)).toBeDefined();
}

const sibling = async (): Promise<unknown> => files.write(`/ada/d/other${others}`, 'other');

describe.each<[string, () => ByteSource]>([
  ['bytes', () => large],
  ['a blob', () => new Blob([large as Uint8Array<ArrayBuffer>])],
])('while %s are uploaded, others have their turn:', (_, source) => {
  test('a new file', async () => {
    meanwhile(sibling);
    expect((await files.write('/ada/d/f', source())).outcome).toBe('created');
    await isSound('/ada/d/f', large);
    expect(await files.clearUnfinishedUploads()).toBe(0);
  });

  test('a file that is replaced', async () => {
    await files.write('/ada/d/f', new Uint8Array(6_000_000));
    meanwhile(sibling);
    expect((await files.write('/ada/d/f', source())).outcome).toBe('replaced');
    await isSound('/ada/d/f', large);
  });

  test('a file that grows', async () => {
    await files.write('/ada/d/f', 'old');
    meanwhile(sibling);
    await files.append('/ada/d/f', source());
    await isSound('/ada/d/f', new Uint8Array(await new Blob(['old', large as Uint8Array<ArrayBuffer>]).arrayBuffer()));
  });

  test('a file of a tree', async () => {
    meanwhile(sibling);
    for await (const { outcome } of files.writeTree('/ada/d', [{ path: ['f'], source: source() }])) expect(outcome).toBe('created');
    await isSound('/ada/d/f', large);
  });
});

test('while a file is copied, others have their turn', async () => {
  await files.write('/ada/f', large);
  // What waits in the write buffer is sent with the commit.
  meanwhile(sibling, 1);
  await files.copy('/ada/f', '/ada/d');
  await isSound('/ada/d/f', large);
});

test('a copy gets another name when somebody takes its name meanwhile', async () => {
  await files.write('/ada/f', large);
  meanwhile(async () => files.write('/ada/d/f', 'theirs'), 1);
  expect((await files.copy('/ada/f', '/ada/d')).name).toBe('f (copy)');
  others = 0;
  expect(new TextDecoder().decode(await files.read('/ada/d/f'))).toBe('theirs');
});

test('two large uploads at a time both end', async () => {
  const other = seededRandom(6).randomBytes(11_000_000);
  await Promise.all([files.write('/ada/d/f', large), files.write('/ada/d/g', new Blob([other as Uint8Array<ArrayBuffer>]))]);
  others = 0;
  expect(equalBytes(await files.read('/ada/d/f'), large)).toBe(true);
  expect(equalBytes(await files.read('/ada/d/g'), other)).toBe(true);
});
