import { FileProperties, Timestamp } from '@pyrgos/core/model';
import { MAX_LINK_NODES } from '@pyrgos/core/limits';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, entryOf, FileWorld } from '../../../test/file-world.js';
import { FileReader } from './file-reader.js';
import { findChild, findEntry, pathOf } from './find-path.js';
import type { Item } from './item.js';
import { openItem } from './open-item.js';

/** Opens the child of the home directory with this name. */
async function find(world: FileWorld, name: string): Promise<Item | undefined> {
  const view = world.view();
  return findChild(view, await world.openHome(view), name);
}

describe('link nodes (section 10)', () => {
  test('lead to a directory in another writing space, whose own signer signs there', async () => {
    const world = await FileWorld.create();
    const made = await world.addLinkedDirectory(world.home, 'shared', 200);
    await world.addFile(made, 'inside', content(100));
    const view = world.view();
    const item = await findChild(view, await world.openHome(view), 'shared');
    expect([item?.name, item?.isDirectory, item?.isWritable, item?.properties.isLink]).toEqual(['shared', true, true, false]);
    expect(item?.writer.equals(made.signer.publicKeyHash)).toBe(true);
    expect(item?.signer?.publicKeyHash.equals(made.signer.publicKeyHash)).toBe(true);
    expect(item?.link?.writer.equals(world.signer.publicKeyHash)).toBe(true);
    expect([item?.link?.isWritable, item?.link?.name, item?.links.length]).toEqual([true, 'shared', 1]);
    expect(item?.entry).toBe(item?.link?.entry);
    const inside = await findChild(view, item!, 'inside');
    expect([inside?.isWritable, await pathOf(view, inside!), await pathOf(view, item!)]).toEqual([
      true,
      '/ada/shared/inside',
      '/ada/shared',
    ]);
  });

  test('to a file are directory nodes that describe a file (Java), or a directory (Rust); only their name counts', async () => {
    const world = await FileWorld.create();
    const forms = [
      { name: 'java', properties: { isDirectory: false, size: 1, mimeType: 'text/plain' } },
      { name: 'rust', properties: { isDirectory: true, size: 0, mimeType: '', modified: Timestamp.of(0) } },
    ];
    for (const [i, { name, properties }] of forms.entries()) {
      const signer = await world.addWriter(world.signer, 200 + i);
      const link = world.newLink(world.home, name, { properties });
      const { file, chunks } = world.sealFile(link, `target of ${name}`, content(1000), {}, signer);
      await world.put(signer, chunks);
      await world.writeLink(world.home, link, file);
      const view = world.view();
      const item = await findChild(view, await world.openHome(view), name);
      expect([item?.name, item?.isDirectory, item?.properties.size, item?.isWritable]).toEqual([name, false, 1000, true]);
      expect(item?.opened.properties.name).toBe(`target of ${name}`);
      expect(item?.properties.equals(file.properties.with({ name }))).toBe(true);
      expect(await new FileReader(view, item!).read(0, 1000)).toEqual(content(1000));
      expect(await pathOf(view, item!)).toBe(`/ada/${name}`);
      // Whoever opens the target itself, as a sharee does, learns the same path from the link node above it.
      expect(await pathOf(view, await openItem(view, file.capability))).toBe(`/ada/${name}`);
    }
  });

  test('to a file, opened with the parent key, show what they describe and lead nowhere', async () => {
    const world = await FileWorld.create();
    const signer = await world.addWriter(world.signer, 200);
    const link = world.newLink(world.home, 'a', { properties: { isDirectory: false, mimeType: 'text/plain', size: 3 } });
    const { file, chunks } = world.sealFile(link, 'a', content(3), {}, signer);
    await world.put(signer, chunks);
    await world.writeLink(world.home, link, file);
    const view = world.view();
    const up = file.properties && (await openItem(view, file.capability)).opened.parentLink!.toAbsolute(world.crypto, file.capability);
    const item = await openItem(view, up);
    expect([item.isDirectory, item.isReadable, item.name, item.link]).toEqual([false, false, 'a', undefined]);
    expect(() => new FileReader(view, item)).toThrow(expect.objectContaining({ code: 'denied.file' }));
  });

  test('in a row are followed; the first one names the item', async () => {
    const world = await FileWorld.create();
    const first = world.newLink(world.home, 'first');
    const second = world.newLink(first, 'second');
    const target = await world.addDirectory(world.home, 'target');
    second.chunks[0]!.push(entryOf(world.crypto, second, target));
    await world.writeDirectory(second);
    await world.writeLink(world.home, first, second);
    const item = await find(world, 'first');
    expect([item?.name, item?.opened.properties.name, item?.links.map(({ name }) => name)]).toEqual([
      'first',
      'target',
      ['first', 'second'],
    ]);
  });

  test('that lead to themselves, or in a circle, are damaged', async () => {
    const world = await FileWorld.create();
    const self = world.newLink(world.home, 'self');
    await world.writeLink(world.home, self, { ...self, properties: FileProperties.SUBSEQUENT_CHUNK, name: 'self' });
    const a = world.newLink(world.home, 'a');
    const b = world.newLink(a, 'b');
    b.chunks[0]!.push(entryOf(world.crypto, b, a));
    await world.writeDirectory(b);
    await world.writeLink(world.home, a, b);
    for (const name of ['self', 'a']) expect(await outcome(find(world, name)), name).toBe('format.cryptree');
  });

  test('in a long row are followed up to the limit', async () => {
    const world = await FileWorld.create();
    const target = await world.addDirectory(world.home, 'target');
    const links = Array.from({ length: MAX_LINK_NODES + 1 }, (_, i) => world.newLink(world.home, `link ${i}`));
    for (const [i, link] of links.entries()) {
      link.chunks[0]!.push(entryOf(world.crypto, link, links[i + 1] ?? target));
      await world.writeDirectory(link);
    }
    const [tooFar, allowed] = links;
    await world.list(world.home, [entryOf(world.crypto, world.home, tooFar!), entryOf(world.crypto, world.home, allowed!)]);
    expect((await find(world, 'link 1'))?.links).toHaveLength(MAX_LINK_NODES);
    expect(await outcome(find(world, 'link 0'))).toBe('limit');
  });

  test('with no child, two children, a malformed one or one that is gone are damaged; siblings are not affected', async () => {
    const world = await FileWorld.create();
    const target = await world.addDirectory(world.home, 'target');
    const one = entryOf(world.crypto, world.home, target);
    const none = world.newLink(world.home, 'none');
    await world.writeDirectory(none);
    const two = world.newLink(world.home, 'two');
    two.chunks[0]!.push(entryOf(world.crypto, two, target), entryOf(world.crypto, two, target));
    await world.writeDirectory(two);
    const lost = world.newLink(world.home, 'lost');
    const gone = await world.addDirectory(world.home, 'gone');
    lost.chunks[0]!.push(entryOf(world.crypto, lost, gone));
    await world.writeDirectory(lost);
    await world.remove(world.signer, [gone.capability.location]);
    await world.list(
      world.home,
      [none, two, lost].map((link) => entryOf(world.crypto, world.home, link)),
    );
    const view = world.view();
    const home = await world.openHome(view);
    for (const [name, code] of [
      ['none', 'format.cryptree'],
      ['two', 'format.cryptree'],
      ['lost', 'not-found.file'],
    ] as const) {
      expect(await findEntry(view, home, name)).toMatchObject({ isDangling: true, name, error: { code } });
      expect(await outcome(findChild(view, home, name))).toBe(code);
    }
    expect((await findChild(view, home, 'target'))?.name).toBe(one.name);
  });
});
