import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChunkChanges, directoryChunks, openItem } from '@pyrgos/client/files';
import { ChildEntry, withChildren } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partsOf } from '../../../client/src/files/parts-of-files.js';
import { OwnSpace } from '../../../client/src/social/own-space.js';
import { FilesWorld } from '../../test/files-world.js';

const EVIL = '../evil\u001b[2J';
const SHOWN = String.raw`/ada/album/sub/../evil\u{1b}[2J`;

describe('what is listed under a name that nothing can have', () => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await FilesWorld.start();
    const { account, files } = world.session;
    await files.write('/ada/album/sub/b.txt', 'b', { parents: true });
    await files.write('/ada/album/a.txt', 'a');
    const space = new OwnSpace(account, partsOf(files));
    await space.changeHome(undefined, async (operation, home) => {
      const view = space.tree.view(undefined);
      const located = await space.tree.locate(view, '/ada/album/sub');
      const directory = await openItem(operation, located.item.capability, { inheritedSigner: home.requireDirectory().requireSigner() });
      const changes = new ChunkChanges(operation);
      for await (const chunk of directoryChunks(operation, directory)) {
        const [model] = chunk.entries;
        if (!(model?.cbor instanceof Map)) throw new Error('a list has maps');
        const evil = ChildEntry.fromCbor(new Map([...model.cbor.entries(), ['n', EVIL]]));
        const sealed = withChildren(operation.crypto, chunk.node, chunk.opened, [...chunk.entries, evil]);
        changes.put(directory.requireDirectory().requireSigner(), chunk.capability.mapKey, chunk.cid, sealed);
      }
      await changes.commit();
    });
    await world.keepSession();
  });
  afterAll(async () => world?.stop());

  test('is named, escaped, and everything else is listed, fetched and copied', async () => {
    const listed = await world.run(['ls', 'album/sub']);
    expect(listed).toMatchObject({ status: 8, stdout: 'b.txt\n', stderr: expect.stringContaining(`pyrgos: ${SHOWN}: `) });
    const found = await world.run(['find', 'album', '--type', 'f']);
    expect([found.status, found.stdout.split('\n').sort()]).toEqual([8, ['', '/ada/album/a.txt', '/ada/album/sub/b.txt']]);
    const got = await world.run(['get', '-r', 'album', 'out']);
    expect([got.status, got.stderr]).toEqual([8, expect.stringContaining(`pyrgos: ${SHOWN}: `)]);
    expect(readFileSync(join(world.folder, 'out', 'sub', 'b.txt'), 'utf8')).toBe('b');
    const copied = await world.run(['cp', '-r', 'album', 'copy']);
    expect([copied.status, copied.stderr]).toEqual([8, expect.stringContaining(`pyrgos: ${SHOWN}: `)]);
    expect((await world.run(['find', 'copy', '--type', 'f'])).stdout.split('\n').sort()).toEqual([
      '',
      '/ada/copy/a.txt',
      '/ada/copy/sub/b.txt',
    ]);
    expect(await world.json(['cp', '-r', 'album', 'second'])).toContainEqual(
      expect.objectContaining({ event: 'problem', path: `/ada/album/sub/${EVIL}`, code: 'format.cryptree' }),
    );
  });
});
