import { NamedRelativeCapability, RelativeCapability, ChildEntry } from '@pyrgos/core/model';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { PointerStore } from '@pyrgos/core/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { moved, rotated } from '../../test/file-operations.js';
import { content } from '../../test/file-world.js';
import { StructureWorld } from '../../test/structure-world.js';
import { FileSystem } from './file-system.js';
import { FileTree } from './file-tree.js';
import { verifyTree } from './view/index.js';

/** A device, and what its server shows it of pointers. */
interface Device {
  readonly files: FileSystem;
  readonly tree: FileTree;
  /** Writers whose pointers are not there, as its server says. */
  readonly hidden: Set<string>;
  /** Pointers that it was asked for. */
  readonly asked: string[];
}

let world: StructureWorld;
/** The writer of `/ada/outer/space`. */
let writer: PublicKeyHash;

beforeEach(async () => {
  world = await StructureWorld.create();
  const { files } = world;
  await files.addFile(files.home, 'beside', content(10));
  const outer = await files.addDirectory(files.home, 'outer');
  await files.addFile(outer, 'sibling', content(20));
  const space = await files.addLinkedDirectory(outer, 'space', 150);
  await files.addFile(space, 'inside', content(30));
  writer = space.signer.publicKeyHash;
});

function newDevice(): Device {
  const { files } = world;
  const { server, clock } = files.base;
  const { pointers } = server;
  const hidden = new Set<string>();
  const asked: string[] = [];
  const shown: PointerStore = {
    getPointer: async (owner, of, signal) => {
      asked.push(of.key);
      return hidden.has(of.key) ? undefined : pointers.getPointer(owner, of, signal);
    },
    setPointer: pointers.setPointer.bind(pointers),
    setPointers: pointers.setPointers.bind(pointers),
  };
  const sessions = files.newSessions({ stores: { blocks: server.blocks, pointers: shown } });
  const account = { sessions, username: 'ada', home: files.home.capability, clock };
  return { files: new FileSystem({ ...account, blocks: server.blocks }), tree: new FileTree(account), hidden, asked };
}

async function listed({ files }: Device, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of files.list(path)) found.push(`${entry.name ?? '?'} ${entry.isDamaged ? entry.error.code : entry.size}`);
  return found.sort();
}

async function findings({ files }: Device, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path: place, part, error } of files.verify(path)) found.push(`${place} ${part} ${error.code}`);
  return found;
}

describe('a server that hides the pointer of a writing space from a device that has never seen it', () => {
  let device: Device;
  beforeEach(() => {
    device = newDevice();
    device.hidden.add(writer.key);
  });

  test('is not believed: the entry is damaged, and nothing else is', async () => {
    expect(await listed(device, '/ada/outer')).toEqual(['sibling 20', 'space denied.stale']);
    expect(await listed(device, '/ada')).toEqual(['beside 10', 'outer 0']);
    expect(await device.files.read('/ada/outer/sibling')).toEqual(content(20));
    expect(await findings(device, '/ada')).toEqual(['/ada/outer/space entry denied.stale']);
    for (const call of [
      async () => device.files.stat('/ada/outer/space'),
      async () => device.files.find('/ada/outer/space'),
      async () => device.files.read('/ada/outer/space/inside'),
      async () => device.files.write('/ada/outer/space/new', content(1)),
      async () => device.files.write('/ada/outer/space/new', content(1), { parents: true }),
      async () => device.files.makeDirectory('/ada/outer/space', { parents: true }),
      async () => device.files.rename('/ada/outer/space', 'other'),
    ]) {
      expect(await outcome(call())).toBe('denied.stale');
    }
    await device.files.write('/ada/outer/sibling', content(21));
    // Nor is the only link to it thrown away with new keys for its directory.
    expect(await outcome(rotated('/ada/outer', false).run(device))).toBe('denied.stale');
    expect(await listed(newDevice(), '/ada/outer')).toEqual(['sibling 21', 'space 0']);
  });

  test('costs few requests, however many it hides', async () => {
    const { files } = world;
    const many = await files.addDirectory(files.home, 'many');
    for (let i = 0; i < 10; i++) {
      const { signer } = await files.addLinkedDirectory(many, `s${i}`, 160 + i);
      device.hidden.add(signer.publicKeyHash.key);
    }
    expect((await listed(device, '/ada/many')).filter((entry) => entry.endsWith('denied.stale'))).toHaveLength(10);
    expect(device.asked.length).toBeLessThan(60);
  });

  test('and goes on as if nothing had been when it shows it after all', async () => {
    expect(await outcome(device.files.stat('/ada/outer/space'))).toBe('denied.stale');
    device.hidden.clear();
    expect(await device.files.read('/ada/outer/space/inside')).toEqual(content(30));
    expect(await listed(device, '/ada/outer')).toEqual(['sibling 20', 'space 0']);
  });

  test('where the list leads to the space without a link node, too', async () => {
    const { files } = world;
    const { crypto, home } = files;
    const space = await files.addLinkedDirectory(home, 'linked', 170);
    const link = RelativeCapability.relativise(crypto, home.capability, space.capability);
    const listing = { name: 'straight', isDirectory: true, mimeType: '', created: undefined };
    await files.list(home, [ChildEntry.of(NamedRelativeCapability.of(link, listing))]);
    expect((await listed(newDevice(), '/ada')).filter((entry) => !entry.endsWith('0'))).toEqual([]);
    device.hidden.add(space.signer.publicKeyHash.key);
    expect(await listed(device, '/ada')).toEqual(['beside 10', 'linked denied.stale', 'outer 0', 'straight denied.stale']);
  });
});

describe('another device that', () => {
  let here: Device;
  let elsewhere: Device;
  beforeEach(() => {
    here = newDevice();
    elsewhere = newDevice();
  });
  /** The directory has been looked at, and its writing space has not. */
  const look = async (): Promise<void> => {
    expect((await here.files.stat('/ada/outer')).isDirectory).toBe(true);
  };

  test('deletes a writing space is no hostile server', async () => {
    await look();
    await elsewhere.files.remove('/ada/outer/space');
    // In a list that is some seconds old as well.
    expect(await listed(here, '/ada/outer')).toEqual(['sibling 20']);
    expect(await outcome(here.files.stat('/ada/outer/space'))).toBe('not-found.file');
  });

  test.each([true, false])('gives it new keys is followed (all of them: %s)', async (rotateSigner) => {
    await look();
    await rotated('/ada/outer/space', rotateSigner).run(elsewhere);
    expect(await here.files.read('/ada/outer/space/inside')).toEqual(content(30));
  });

  test.each([true, false])('gives it new keys is followed by a listing (all of them: %s)', async (rotateSigner) => {
    await look();
    await rotated('/ada/outer/space', rotateSigner).run(elsewhere);
    expect(await listed(here, '/ada/outer')).toEqual(['sibling 20', 'space 0']);
  });

  test('moves it away with new keys leaves nothing behind', async () => {
    await look();
    await moved('/ada/outer/space', '/ada', false).run(elsewhere);
    expect(await outcome(here.files.stat('/ada/outer/space'))).toBe('not-found.file');
    expect(await here.files.read('/ada/space/inside')).toEqual(content(30));
  });

  test('replaces it just before its pointer is asked for is followed, even where the server forgets pointers of what was deleted', async () => {
    await look();
    await rotated('/ada/outer/space', true).run(elsewhere);
    // Such as this one, of which an honest server keeps an empty pointer.
    here.hidden.add(writer.key);
    expect(await here.files.read('/ada/outer/space/inside')).toEqual(content(30));
    expect(await findings(here, '/ada')).toEqual([]);
  });
});

test('a view that is as old as it was keeps what is gone apart from what is hidden', async () => {
  const device = newDevice();
  const view = device.tree.view(undefined);
  const home = await device.tree.find(view, ['ada']);
  const outer = await device.tree.find(view, ['ada', 'outer']);
  await newDevice().files.remove('/ada/outer/space');
  const found: string[] = [];
  for await (const { path, error } of verifyTree(view, outer!)) found.push(`${path} ${error.code}`);
  expect(home!.isDirectory).toBe(true);
  expect(found).toEqual(['/space not-found.file']);
});
