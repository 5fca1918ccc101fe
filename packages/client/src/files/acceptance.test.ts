import { equalBytes } from '@pyrgos/core/bytes';
import { encodeCbor } from '@pyrgos/core/codec';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { openChildren, openFileData } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { rotated } from '../../test/file-operations.js';
import { content } from '../../test/file-world.js';
import { StructureWorld } from '../../test/structure-world.js';
import { FileSystem } from './file-system.js';
import { FileTree } from './file-tree.js';
import { findPath, type Item, pathOf } from './view/index.js';

/** What chapter 04 section 27 demands of what this program writes, as far as no other test looks at it. */

const MiB = 1_048_576;
/** A block's prefix with a mirror BAT (section 4.3). */
const PREFIX = 85;

let world: StructureWorld;
let files: FileSystem;
let tree: FileTree;

beforeEach(async () => {
  world = await StructureWorld.create();
  const { server, clock } = world.files.base;
  const account = { sessions: world.sessions, username: 'ada', home: world.files.home.capability, clock };
  files = new FileSystem({ ...account, blocks: server.blocks, mirrorBatId: world.files.mirrorBatId });
  tree = new FileTree(account);
});

/** The item at a path, as a new device sees it. */
async function at(path: string): Promise<Item> {
  const view = world.files.view(world.files.newSessions());
  return (await findPath(view, await world.files.openHome(view), path)) as Item;
}

describe('format and keys', () => {
  test('content has exactly as many fragments as it needs, in multiples of 4096 bytes, and none at or below 4099', async () => {
    for (const size of [0, 4000, 4093, 4096, 4099, 4100, MiB - 3, MiB, MiB + 3, 5 * MiB - 4, 5 * MiB]) {
      await files.write('/ada/file', content(size));
      const { node } = await at('file');
      const view = world.view();
      const sizes: number[] = [];
      for (const { cid, bat } of node.data.fragments) {
        const block = await view.getBlock(cid, { owner: world.owner, ...(bat === undefined ? {} : { bat }) });
        sizes.push(block.length - PREFIX);
      }
      // Six bytes of the encoded content are in the header; the rest is padded.
      const padded = Math.ceil((encodeCbor(content(size)).length - 6) / 4096) * 4096;
      const expected = size <= 4099 ? [] : Array.from({ length: Math.ceil(padded / MiB) }, (_, i) => Math.min(MiB, padded - i * MiB));
      expect(sizes, `${size}`).toEqual(expected);
      expect(sizes.length).toBeLessThanOrEqual(5);
      expect(sizes.every((length) => length % 4096 === 0)).toBe(true);
    }
  });

  test('an empty file and an empty directory have data sections of one size and structure', async () => {
    await files.write('/ada/file', new Uint8Array());
    await files.makeDirectory('/ada/directory');
    const [file, directory] = [await at('file'), await at('directory')];
    expect([file.node.data.isInline, file.node.data.fragments.length]).toEqual([true, 0]);
    expect([directory.node.data.isInline, directory.node.data.fragments.length]).toEqual([true, 0]);
    expect(file.node.data.encode().length).toBe(directory.node.data.encode().length);
  });

  test('a list opens with the base key and nothing else, content with the data key and nothing else', async () => {
    await files.write('/ada/directory/file', content(100), { parents: true });
    const { crypto } = world.files;
    const [directory, file] = [await at('directory'), await at('directory/file')];
    const reader = world.view().fragmentReader(world.owner);
    const { rBaseKey } = directory.capability;
    const { parentKey } = directory.opened;
    expect(parentKey.equals(rBaseKey)).toBe(false);
    expect((await openChildren(crypto, directory.node, rBaseKey, reader)).map(({ name }) => name)).toEqual(['file']);
    expect(await outcome(openChildren(crypto, directory.node, parentKey, reader))).toBe('crypto.authentication');
    const dataKey = file.opened.dataKey as SymmetricKey;
    expect(dataKey.equals(file.capability.rBaseKey)).toBe(false);
    expect(equalBytes(await openFileData(crypto, file.node, dataKey, reader), content(100))).toBe(true);
    expect(await outcome(openFileData(crypto, file.node, file.capability.rBaseKey, reader))).toBe('crypto.authentication');
    // And as text for the link it is no longer than 37 bytes.
    for (const key of [rBaseKey, parentKey, dataKey]) expect(key.encode().length).toBeLessThanOrEqual(37);
  });
});

describe('a directory whose write access was revoked', () => {
  test('has other stream secrets below, the paths of before, and a sound graph of owned keys', async () => {
    await files.write('/ada/directory/deep/file', content(5000), { parents: true });
    await rotated('/ada/directory', true).run({ files, tree });
    const before = await at('directory/deep/file');
    await rotated('/ada/directory', true).run({ files, tree });
    const after = await at('directory/deep/file');
    const secret = (item: Item): Uint8Array => item.opened.properties.streamSecret as Uint8Array;
    expect(equalBytes(secret(before), secret(after))).toBe(false);
    expect(await pathOf(world.files.view(world.files.newSessions()), after)).toBe('/ada/directory/deep/file');
    expect(await files.read('/ada/directory/deep/file')).toEqual(content(5000));
    // The walk verifies that each proof is that of the owned key and names the writer that lists it.
    const { problems, owned } = await world.inspect();
    expect(problems).toEqual([]);
    expect(owned.filter(({ parent }) => parent?.equals(world.owner) === true)).toHaveLength(1);
    expect(owned.every(({ writer, parent }) => parent?.equals(writer) !== true)).toBe(true);
  });
});
