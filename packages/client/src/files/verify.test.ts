import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import type { Cid } from '@pyrgos/core/codec';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { networkError, outcome } from '../../test/commit-world.js';
import { content, FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';
import type { VerifyTreeOptions } from './file-system-options.js';
import { MemoryBlockCache, openItem, type Sessions } from './view/index.js';

let world: FileWorld;
let cache: MemoryBlockCache;
let sessions: Sessions;
let files: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  // Everything that was read once is kept, contents included.
  cache = new MemoryBlockCache(100_000_000, MAX_BLOCK_SIZE);
  sessions = world.newSessions({ blockCache: cache });
  files = world.device(sessions);
});

async function findings(options?: VerifyTreeOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, part, chunk = '', error } of files.verify('/ada', options)) found.push(`${path} ${part} ${chunk} ${error.code}`);
  return found;
}

/** What a file is made of: its node and its fragments. */
async function blocksOf(name: string): Promise<readonly Cid[]> {
  const view = world.view(world.newSessions());
  const made = world.home.chunks[0]!.find((entry) => entry.name === name);
  const item = await openItem(view, made!.link!.toAbsolute(world.crypto, world.home.capability));
  return [item.cid, ...item.node.data.fragments.map(({ cid }) => cid)];
}

/** Puts other bytes in the place of a block. */
function damage(cid: Cid): void {
  const { server } = world.base;
  const state = server.saveState();
  const blocks = state.blocks.get(world.owner.key)!;
  const block = blocks.get(cid.key)!;
  blocks.set(cid.key, { ...block, bytes: block.bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)) });
  server.restoreState(state);
}

describe('verifying asks the server', () => {
  test('for what is in the caches of this device as well', async () => {
    await world.addFile(world.home, 'sound', content(CHUNK_SIZE + 5));
    for (const name of ['no node', 'no bytes', 'other node', 'other bytes']) await world.addFile(world.home, name, content(20_000));
    const [noNode] = await blocksOf('no node');
    const [, noBytes] = await blocksOf('no bytes');
    const [otherNode] = await blocksOf('other node');
    const [, otherBytes] = await blocksOf('other bytes');
    expect(await findings({ content: true, source: 'caches' })).toEqual([]);
    for (const cid of [noNode!, noBytes!]) world.loseBlock(cid);
    for (const cid of [otherNode!, otherBytes!]) damage(cid);
    // This device can still read everything.
    for (const name of ['no node', 'no bytes', 'other node', 'other bytes']) expect((await files.read(`/ada/${name}`)).length).toBe(20_000);
    expect(await findings({ content: true, source: 'caches' })).toEqual([]);
    expect(await findings({ content: true })).toEqual([
      '/ada/no node entry  not-found.block',
      '/ada/other node entry  format.block',
      '/ada/no bytes content 0 not-found.block',
      '/ada/other bytes content 0 format.block',
    ]);
    expect(await findings()).toEqual(['/ada/no node entry  not-found.block', '/ada/other node entry  format.block']);
  });

  test('for the lists of directories, and for the version itself', async () => {
    const docs = await world.addDirectory(world.home, 'docs');
    await world.addFiles(
      docs,
      Array.from({ length: 30 }, (_, i) => ({ name: String(i), content: content(10) })),
    );
    expect(await findings({ source: 'caches' })).toEqual([]);
    const view = world.view(world.newSessions());
    const { node } = await openItem(view, docs.capability);
    world.loseBlock(node.data.fragments[0]!.cid);
    expect(await findings({ source: 'caches' })).toEqual([]);
    expect(await findings()).toEqual(['/ada/docs list 0 not-found.block']);
    const writer = world.signer.publicKeyHash;
    const snapshot = view.snapshotOf(world.owner);
    world.loseBlock(snapshot.get(writer)!.hash!);
    expect(await findings({ source: 'caches' })).toEqual([]);
    expect(await outcome(findings())).toBe('not-found.block');
  });

  test('each time, and leaves the caches of this device as they are', async () => {
    await world.addFile(world.home, 'a', content(2 * CHUNK_SIZE));
    const kept: Cid[] = [];
    const put = cache.put.bind(cache);
    cache.put = (cid, bytes) => {
      kept.push(cid);
      put(cid, bytes);
    };
    world.requests();
    expect(await findings({ content: true })).toEqual([]);
    const first = world.requests();
    expect(await findings({ content: true })).toEqual([]);
    expect(world.requests()).toEqual(first);
    expect(first.filter((name) => name === 'getBlock').length).toBeGreaterThanOrEqual(10);
    expect(kept).toEqual([]);
    expect(sessions.nodes.size).toBe(0);
  });

  test('and notices when that goes back to a version of before', async () => {
    const before = world.base.server.saveState();
    await world.addFile(world.home, 'a', content(10));
    expect((await files.read('/ada/a')).length).toBe(10);
    const after = world.base.server.saveState();
    world.base.server.restoreState(before);
    expect(await outcome(findings())).toBe('denied.stale');
    // What a verification has seen counts as well, for everybody.
    world.base.server.restoreState(after);
    await world.addFile(world.home, 'b', content(10));
    await world.addFile(world.home, 'c', content(10));
    expect(await findings()).toEqual([]);
    world.base.server.restoreState(before);
    files.refresh();
    expect(await outcome(files.find('/ada/c'))).toBe('denied.stale');
  });

  test('which must be there; without it the caches can be asked', async () => {
    await world.addFile(world.home, 'a', content(10));
    expect(await findings({ content: true, source: 'caches' })).toEqual([]);
    world.base.server.hooks.before = () => {
      throw networkError();
    };
    expect(await findings({ content: true, source: 'caches' })).toEqual([]);
    expect(await outcome(findings({ content: true }))).toBe('network');
  });

  test('sees what was changed here a moment ago', async () => {
    await files.write('/ada/new', content(10));
    const paths: string[] = [];
    await files.remove('/ada/new');
    for await (const { path } of files.verify('/ada')) paths.push(path);
    expect(paths).toEqual([]);
    expect(await outcome(files.verify('/ada/new').next())).toBe('not-found.file');
  });

  test('and names what it finds as the other calls do', async () => {
    const docs = await world.addDirectory(world.home, 'docs');
    await world.addFile(docs, 'sound', content(10));
    const bad = await world.addFile(docs, 'bad', content(10));
    world.loseBlock((await openItem(world.view(world.newSessions()), bad.capability)).cid);
    const told = async (path: string): Promise<string[]> => {
      const paths: string[] = [];
      for await (const finding of files.verify(path)) paths.push(finding.path);
      return paths;
    };
    for (const path of ['/', '/ada', 'ada/', '/ada/docs', '//ada//docs/']) expect(await told(path), path).toEqual(['/ada/docs/bad']);
    const [place] = await told('/ada/docs');
    expect(await outcome(files.read(place!))).toBe('not-found.block');
    await files.remove(place!);
    expect(await told('/ada')).toEqual([]);
    // Of the item itself as well.
    const lost = await world.addFile(docs, 'lost', content(20_000));
    world.loseBlock((await openItem(world.view(world.newSessions()), lost.capability)).node.data.fragments[0]!.cid);
    const itself: string[] = [];
    for await (const finding of files.verify('/ada/docs/lost', { content: true })) itself.push(finding.path);
    expect(itself).toEqual(['/ada/docs/lost']);
  });

  test('or what else it is told', async () => {
    expect(await outcome(findings({ source: 'cache' as 'caches' }))).toBe('argument');
    expect(await outcome(findings({ content: 'yes' as never }))).toBe('argument');
    expect(await outcome(findings({ signal: AbortSignal.abort() }))).toBe('aborted');
  });
});
