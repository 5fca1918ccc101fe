import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';
import type { TreeFile, WriteTreeOptions } from './file-system-options.js';

const CONTENT = 'the same';
const EARLY = new Date('2001-02-03T04:05:06.789Z');
let world: FileWorld;
let files: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  files = world.device();
  await files.write('/ada/f', CONTENT);
});

async function writeTree(entries: readonly TreeFile[], options: WriteTreeOptions = {}): Promise<string[]> {
  const outcomes: string[] = [];
  for await (const { outcome } of files.writeTree('/ada', entries, options)) outcomes.push(outcome);
  return outcomes;
}

/** What another device sees of the file, in the file itself and in the list. */
async function seen(): Promise<readonly unknown[]> {
  const other = world.device();
  const { mimeType, modified } = await other.stat('/ada/f');
  const listed: string[] = [];
  for await (const { name, mimeType: type } of other.names('/ada')) if (name === 'f') listed.push(type);
  return [mimeType, listed[0], modified];
}

describe('content that is there already', () => {
  test('gets the type and time that the call names', async () => {
    const { entry, outcome } = await files.write('/ada/f', CONTENT, { mimeType: 'text/x-own', modified: EARLY });
    expect([outcome, entry.mimeType, entry.modified]).toEqual(['unchanged', 'text/x-own', EARLY]);
    expect(await seen()).toEqual(['text/x-own', 'text/x-own', EARLY]);
    expect(new TextDecoder().decode(await world.device().read('/ada/f'))).toBe(CONTENT);
  });

  test('... and stays as it is, without any request to change it, when it has them, or none are named', async () => {
    await files.write('/ada/f', CONTENT, { mimeType: 'text/x-own', modified: EARLY });
    const { version } = await files.stat('/ada/f');
    world.requests();
    for (const options of [{ mimeType: 'text/x-own', modified: EARLY }, {}]) {
      const { entry, outcome } = await files.write('/ada/f', CONTENT, options);
      expect([outcome, entry.version]).toEqual(['unchanged', version]);
    }
    expect(world.requests().filter((name) => name.startsWith('set') || name === 'putBlocks')).toEqual([]);
  });

  test('in a tree gets them only when what is there may be replaced', async () => {
    const entries = [{ path: ['f'], source: CONTENT, mimeType: 'text/x-own', modified: EARLY }];
    const before = await seen();
    expect(await writeTree(entries)).toEqual(['unchanged']);
    expect(await seen()).toEqual(before);
    expect(await writeTree(entries, { onExisting: () => 'replace' })).toEqual(['unchanged']);
    expect(await seen()).toEqual(['text/x-own', 'text/x-own', EARLY]);
  });

  test('of more than a chunk gets them as well', async () => {
    const source = new Uint8Array(6_000_000).fill(5);
    const entries = [{ path: ['f'], source, modified: EARLY }];
    await files.write('/ada/f', source);
    const [, , modified] = await seen();
    expect(await writeTree(entries)).toEqual(['unchanged']);
    expect((await seen())[2]).toEqual(modified);
    expect(await writeTree(entries, { onExisting: () => 'replace' })).toEqual(['unchanged']);
    expect((await seen())[2]).toEqual(EARLY);
  });
});
