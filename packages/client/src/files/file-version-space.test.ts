import { expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { rotated } from '../../test/file-operations.js';
import { StructureWorld } from '../../test/structure-world.js';
import { FileSystem } from './file-system.js';
import { FileTree } from './file-tree.js';

// A file in a writing space of its own: what changes its name or place is committed in the space of its directory, too.

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const CHANGES: Readonly<Record<string, readonly [(files: FileSystem, ifVersion: string) => Promise<unknown>, string]>> = {
  'a move': [async (files, ifVersion) => files.move('/ada/f', '/ada/e', { ifVersion }), '/ada/e/f'],
  'a move to another name': [async (files, ifVersion) => files.move('/ada/f', '/ada/e', { name: 'g', ifVersion }), '/ada/e/g'],
  'another name': [async (files, ifVersion) => files.rename('/ada/f', 'g', { ifVersion }), '/ada/g'],
};

test.each(Object.entries(CHANGES))(
  '%s of a file with its own writing space is made only on the version that was seen',
  async (_, [change, to]) => {
    const { files } = await StructureWorld.create();
    const { server, clock } = files.base;
    const home = files.home.capability;
    const device = (): FileSystem => new FileSystem({ sessions: files.newSessions(), username: 'ada', home, blocks: server.blocks, clock });
    const textAt = async (path: string): Promise<string> => new TextDecoder().decode(await device().read(path));
    await files.addDirectory(files.home, 'e');
    const [here, there] = [device(), device()];
    await here.write('/ada/f', 'one');
    const tree = new FileTree({ sessions: files.newSessions(), username: 'ada', home, clock });
    await rotated('/ada/f', true).run({ files: here, tree });
    here.refresh();
    const { version } = await here.stat('/ada/f');
    await there.stat('/ada/f');
    let isDone = false;
    server.hooks.before = async ({ name }) => {
      if (isDone || !name.startsWith('setPointer')) return;
      isDone = true;
      await there.write('/ada/f', bytes('two, by another device'));
    };
    expect(await outcome(change(here, version))).toBe('conflict.changed');
    server.hooks.before = undefined;
    expect(await textAt('/ada/f')).toBe('two, by another device');
    // On the version that is there it is made.
    here.refresh();
    await change(here, (await here.stat('/ada/f')).version);
    expect(await textAt(to)).toBe('two, by another device');
  },
);
