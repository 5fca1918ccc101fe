import { type AbsoluteCapability, CHUNK_SIZE, type ChildEntry, RelativeCapability } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { content, entryOf, FileWorld, type MadeDirectory, type MadeFile, newLocation } from '../../test/file-world.js';
import type { FileEntry } from './file-entry.js';
import { FileSystem } from './file-system.js';

let world: FileWorld;
let files: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  files = filesOf(world.home.capability);
});

/** The files of an account whose home directory is behind this capability. */
function filesOf(home: AbsoluteCapability): FileSystem {
  const { server, clock } = world.base;
  return new FileSystem({
    sessions: world.newSessions({ pointerCacheMilliseconds: 0 }),
    username: 'ada',
    home,
    blocks: server.blocks,
    clock,
  });
}

/** Calls by what they are, with what came of each. */
async function outcomes(calls: Readonly<Record<string, () => Promise<unknown>>>): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const [name, call] of Object.entries(calls)) told[name] = await outcome(call());
  return told;
}

/** What all of these calls come to. */
function all(calls: Readonly<Record<string, unknown>>, code: string): Record<string, string> {
  return Object.fromEntries(Object.keys(calls).map((name) => [name, code]));
}

async function names(system: FileSystem, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name = '?' } of system.names(path)) found.push(name);
  return found.sort();
}

describe('the time of modification when nobody gives one (chapter 04 sections 14 and 15.1)', () => {
  const day = 86_400_000;

  test('is now, for every change of the content; the creation stays, and so does all when the content does', async () => {
    const { clock } = world.base;
    const started = clock.now();
    const bytes = content(CHUNK_SIZE + 100);
    const written = (await files.write('/ada/file', bytes)).entry;
    expect([written.modified, written.created]).toEqual([new Date(started), new Date(started)]);
    const changes: readonly (() => Promise<FileEntry>)[] = [
      async () => (await files.write('/ada/file', content(CHUNK_SIZE + 200, 2))).entry,
      async () => (await files.write('/ada/file', content(10, 3))).entry,
      async () => (await files.write('/ada/file', content(CHUNK_SIZE + 5, 4))).entry,
      async () => files.writeAt('/ada/file', 3, content(3)),
      // Chunk 0 keeps its bytes.
      async () => files.writeAt('/ada/file', CHUNK_SIZE + 1, content(2)),
      async () => files.append('/ada/file', content(3)),
      async () => files.truncate('/ada/file', CHUNK_SIZE + 2),
      async () => files.truncate('/ada/file', 7),
    ];
    for (const [i, change] of changes.entries()) {
      clock.time += day;
      const now = new Date(clock.now());
      const changed = await change();
      expect([changed.modified, changed.created], `${i}`).toEqual([now, new Date(started)]);
      const seen = await filesOf(world.home.capability).stat('/ada/file');
      expect([seen.modified, seen.created], `${i}`).toEqual([now, new Date(started)]);
    }
    const before = (await files.stat('/ada/file')).modified;
    clock.time += day;
    expect((await files.write('/ada/file', await files.read('/ada/file'))).outcome).toBe('unchanged');
    expect((await files.stat('/ada/file')).modified).toEqual(before);
  });

  test('is the given one when there is one', async () => {
    await files.write('/ada/file', content(10));
    const modified = new Date(1_234_567_890_123);
    expect((await files.write('/ada/file', content(20), { modified })).entry.modified).toEqual(modified);
    expect((await files.stat('/ada/file')).modified).toEqual(modified);
  });
});

describe('what is opened with a parent key, as parent links carry it (chapter 04 sections 5.4 and 27)', () => {
  let docs: MadeDirectory;

  beforeEach(async () => {
    docs = await world.addDirectory(world.home, 'docs');
    await world.addFile(docs, 'secret', content(10));
  });

  /** The capability in the parent link of a child. */
  const upward = (directory: MadeDirectory): AbsoluteCapability =>
    RelativeCapability.toParent(directory.capability, directory.parentKey, directory.signer.publicKeyHash).toAbsolute(
      world.crypto,
      directory.capability,
    );

  test('shows its name and times, and nothing of what is in it, nor can it be changed', async () => {
    const seen = filesOf(upward(world.home));
    const home = await seen.stat('/ada');
    expect([home.name, home.isDirectory, home.isWritable]).toEqual(['ada', true, false]);
    const calls = {
      find: async () => seen.find('/ada/docs'),
      stat: async () => seen.stat('/ada/docs'),
      list: async () => seen.list('/ada').next(),
      names: async () => seen.names('/ada').next(),
      read: async () => seen.read('/ada/docs/secret'),
      write: async () => seen.write('/ada/new', content(1)),
      writeDeep: async () => seen.write('/ada/a/b/new', content(1), { parents: true }),
      writeTree: async () => seen.writeTree('/ada', [{ path: ['new'], source: content(1) }]).next(),
      makeDirectory: async () => seen.makeDirectory('/ada/new'),
      makeDirectories: async () => seen.makeDirectory('/ada/new/er', { parents: true }),
      rename: async () => seen.rename('/ada/docs', 'other'),
      move: async () => seen.move('/ada/docs', '/ada'),
      copy: async () => seen.copy('/ada', '/ada'),
      remove: async () => seen.remove('/ada/docs'),
      setProperties: async () => seen.setProperties('/ada', { isHidden: true }),
      clearUnfinishedUploads: async () => seen.clearUnfinishedUploads(),
    };
    world.requests();
    expect(await outcomes(calls)).toEqual(all(calls, 'denied.file'));
    expect(world.requests().filter((name) => /^set|^put/u.test(name))).toEqual([]);
    const found: string[] = [];
    for await (const { path, part, error } of seen.verify('/ada')) found.push(`${path} ${part} ${error.code}`);
    expect(found).toEqual(['/ada metadata format.cryptree']);
  });

  test('in a list counts for no more', async () => {
    // Whoever may write in a directory can list what he knows the parent key of.
    const inside = await world.addDirectory(docs, 'inside');
    await world.addFile(inside, 'hidden', content(10));
    const other = await world.addDirectory(world.home, 'other');
    await world.list(other, [entryOf(world.crypto, other, { name: 'up', capability: upward(inside), properties: inside.properties })]);
    const up = await files.stat('/ada/other/up');
    expect([up.name, up.isDirectory, up.isWritable]).toEqual(['up', true, false]);
    const calls = {
      list: async () => files.list('/ada/other/up').next(),
      read: async () => files.read('/ada/other/up/hidden'),
      write: async () => files.write('/ada/other/up/new', content(1)),
      writeTree: async () => files.writeTree('/ada/other/up', [{ path: ['new'], source: content(1) }]).next(),
      makeDirectory: async () => files.makeDirectory('/ada/other/up/new'),
      moveInto: async () => files.move('/ada/docs/secret', '/ada/other/up'),
      copyInto: async () => files.copy('/ada/docs/secret', '/ada/other/up'),
      copy: async () => files.copy('/ada/other/up', '/ada'),
      copyAll: async () => files.copy('/ada/other', '/ada/docs'),
      setProperties: async () => files.setProperties('/ada/other/up', { isHidden: true }),
    };
    expect(await outcomes(calls)).toEqual(all(calls, 'denied.file'));
    expect(await names(files, '/ada')).toEqual(['docs', 'other']);
    expect(await names(files, '/ada/docs')).toEqual(['inside', 'secret']);
    // The element goes, what it leads to stays.
    await files.remove('/ada/other/up');
    expect(await names(files, '/ada/other')).toEqual([]);
    expect((await files.read('/ada/docs/inside/hidden')).length).toBe(10);
  });
});

describe('copying what leads back to itself ends (chapter 04 sections 9.2 and 20.1)', () => {
  let before: number;
  /** Copies, and looks that nothing of a copy is there afterwards. */
  const copied = async (path: string): Promise<string> => {
    await world.addDirectory(world.home, 'target');
    before = world.base.log.length;
    const result = await outcome(files.copy(path, '/ada/target'));
    expect(world.base.log.slice(before).filter(({ name }) => name.startsWith('setPointer'))).toEqual([]);
    expect(await names(files, '/ada/target')).toEqual([]);
    return result;
  };

  test('a directory that lists itself, and one that lists one above it', async () => {
    const docs = await world.addDirectory(world.home, 'docs');
    const a = await world.addDirectory(docs, 'a');
    const b = await world.addDirectory(a, 'b');
    const loop = async (directory: MadeDirectory, to: MadeDirectory): Promise<readonly ChildEntry[]> => {
      const entry = entryOf(world.crypto, directory, to);
      await world.list(directory, [entry]);
      return [entry];
    };
    await loop(b, a);
    expect(await copied('/ada/docs')).toBe('format.cryptree');
    b.chunks[0]!.splice(0);
    await loop(b, b);
    expect(await outcome(files.copy('/ada/docs', '/ada/target'))).toBe('format.cryptree');
  });

  test('a chain of chunks that returns to one of them', async () => {
    world.entriesPerChunk = 2;
    const docs = await world.addDirectory(world.home, 'docs');
    await world.addFiles(
      docs,
      Array.from({ length: 6 }, (_, i) => ({ name: String(i), content: content(10) })),
    );
    for (const target of [0, 1, 2]) {
      // The last chunk names an earlier one, or itself, as the next.
      docs.locations[3] = docs.locations[target]!;
      await world.put(docs.signer, [world.sealDirectory(docs, 2)]);
      if (target === 0) expect(await copied('/ada/docs'), `${target}`).toBe('format.cryptree');
      else expect(await outcome(files.copy('/ada/docs', '/ada/target')), `${target}`).toBe('format.cryptree');
    }
    docs.locations[3] = newLocation(world.crypto, {});
    await world.put(docs.signer, [world.sealDirectory(docs, 2)]);
    await files.copy('/ada/docs', '/ada/target');
    expect((await names(files, '/ada/target/docs')).length).toBe(6);
  });

  test('a legacy file whose chunks name an earlier one', async () => {
    const { file, chunks } = world.sealFile(world.home, 'old', content(2 * CHUNK_SIZE), {
      isLegacy: true,
      properties: { size: 100 * CHUNK_SIZE },
    });
    const bent: MadeFile = file;
    await world.put(world.signer, [chunks[0]!, { ...chunks[0]!, location: bent.locations[1]! }]);
    await world.list(world.home, [file.entry]);
    expect(await copied('/ada/old')).toBe('format.cryptree');
  });
});
