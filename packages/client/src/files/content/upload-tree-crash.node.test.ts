import { equalBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import type { ServerState } from '@pyrgos/testkit/stores';
import { expect, it } from 'vitest';
import { ContentWorld } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { FileReader, listChildren } from '../view/index.js';
import { uploadTree } from './upload-tree.js';

/** Two of them are too much for one commit: a folder of three is sent in three. */
const half = content(5_000_000, 1);
const files = new Map<string, Uint8Array>([
  ['a/1', content(3000, 2)],
  ['a/2', new Uint8Array()],
  ['big/1', half],
  ['big/2', half],
  ['big/3', half.subarray(1)],
  ['c/1', content(100_000, 3)],
]);

/** Uploads on a device that starts now, until the server is gone; gives what it was told is stored. */
async function upload(world: ContentWorld): Promise<ReadonlySet<string>> {
  const sessions = world.files.newSessions();
  const entries = [...files].map(([path, source]) => ({ path: path.split('/'), source }));
  const stored = new Set<string>();
  try {
    const home = await world.home(sessions);
    for await (const { file, outcome } of uploadTree(sessions, world.ports, home, entries, { home })) {
      expect(['created', 'unchanged']).toContain(outcome);
      stored.add(file.path.join('/'));
    }
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code !== 'storage') throw error;
  }
  return stored;
}

/** All files below home, read by another device that starts now. Fails when anything is listed that cannot be read. */
async function readAll(world: ContentWorld): Promise<ReadonlyMap<string, Uint8Array>> {
  const view = world.files.view(world.files.newSessions());
  const found = new Map<string, Uint8Array>();
  for await (const folder of listChildren(view, await world.files.openHome(view))) {
    if (folder.isDangling) throw folder.error;
    if (folder.name === '.transactions') continue;
    for await (const file of listChildren(view, folder)) {
      if (file.isDangling) throw file.error;
      const reader = new FileReader(view, file);
      found.set(`${folder.name}/${file.name}`, await reader.read(0, reader.size));
    }
  }
  return found;
}

it(
  'the tree is readable wherever an upload ends, with all that it was told is stored; another one does the rest',
  { timeout: 300_000 },
  async () => {
    const world = await ContentWorld.create();
    const { server } = world.files.base;
    const { hooks } = server;
    const start: ServerState = server.saveState();
    const partly = new Set<number>();
    let isComplete = false;
    for (let at = 1; !isComplete; at++) {
      server.restoreState(start);
      // The process ends before its request is sent, or before it has the answer.
      const when = at % 2 === 0 ? 'before' : 'after';
      let seen = 0;
      let isDead = false;
      hooks[when] = () => {
        isDead ||= ++seen >= at;
        if (isDead) throw new PyrgosError('storage', 'the process has ended');
      };
      const stored = await upload(world);
      hooks.before = undefined;
      hooks.after = undefined;
      isComplete = !isDead;
      await server.collectGarbage(world.files.owner);
      const found = await readAll(world);
      for (const [path, bytes] of found) expect([at, path, equalBytes(bytes, files.get(path) ?? content(1, 9))]).toEqual([at, path, true]);
      expect([at, [...stored].filter((path) => !found.has(path))]).toEqual([at, []]);
      partly.add([...found.keys()].filter((path) => path.startsWith('big/')).length);
      if (at % 8 === 0) expect([at, (await upload(world)).size, (await readAll(world)).size]).toEqual([at, files.size, files.size]);
    }
    // The folder that takes three commits was seen between them.
    expect(partly).toEqual(new Set([0, 1, 2, 3]));
  },
);
