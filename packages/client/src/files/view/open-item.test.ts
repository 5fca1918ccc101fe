import { SymmetricLink, SymmetricLinkToSigner } from '@pyrgos/core/containers';
import { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, ChildEntry, ChunkLocation, NamedRelativeCapability, RelativeCapability, withSigner } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, FileWorld } from '../../../test/file-world.js';
import { directoryChunks } from './directory-chunks.js';
import { FileReader } from './file-reader.js';
import { findChild } from './find-path.js';
import { openItem } from './open-item.js';

describe('opening a capability', () => {
  test('the home directory is a directory without parent link, with the signer that it holds', async () => {
    const world = await FileWorld.create();
    const home = await world.openHome();
    expect([home.name, home.isDirectory, home.isReadable, home.isWritable]).toEqual(['ada', true, true, true]);
    expect(home.opened.parentLink).toBeUndefined();
    expect(home.requireSigner().publicKeyHash.equals(world.signer.publicKeyHash)).toBe(true);
    expect(home.cid.equals(await world.cidOf(world.signer, home.capability.location))).toBe(true);
    // A pointer, its WriterData, and a lookup.
    expect(world.requests().slice(0, 3)).toEqual(['getPointer', 'getBlock', 'lookUpChamp']);
  });

  test('a read-only capability gives no signer, and so no write access below', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'a.txt', content(5));
    const view = world.view();
    const home = await openItem(view, world.home.capability.toReadOnly());
    expect([home.isReadable, home.isWritable, home.signer]).toEqual([true, false, undefined]);
    expect(() => home.requireSigner()).toThrow(expect.objectContaining({ code: 'denied.file' }));
    const file = await findChild(view, home, 'a.txt');
    expect([file?.isReadable, file?.isWritable, file?.capability.isWritable]).toEqual([true, false, false]);
  });

  test('children inherit the signer of the directory', async () => {
    const world = await FileWorld.create();
    const docs = await world.addDirectory(world.home, 'docs');
    await world.addFile(docs, 'a.txt', content(5));
    const view = world.view();
    const home = await world.openHome(view);
    const opened = await findChild(view, home, 'docs');
    expect(opened?.isWritable).toBe(true);
    const file = await findChild(view, opened!, 'a.txt');
    expect([file?.isWritable, file?.isDirectory]).toEqual([true, false]);
    expect(file?.capability.equals((await openItem(view, file.capability)).capability)).toBe(true);
    // Alone a child does not know who signs: that is known on the way down only.
    expect((await openItem(view, file!.capability)).isWritable).toBe(false);
    expect((await openItem(view, file!.capability, { inheritedSigner: home.signer })).isWritable).toBe(true);
  });

  test('nothing at the place, no such writer, and a writer without tree are "not found"', async () => {
    const world = await FileWorld.create();
    const { capability } = world.home;
    const elsewhere = capability.withLocation(ChunkLocation.generate(world.crypto));
    expect(await outcome(openItem(world.view(), elsewhere))).toBe('not-found.file');
    const { owner, mapKey, rBaseKey } = capability;
    const stranger = AbsoluteCapability.of({ owner, writer: world.base.signer(77).publicKeyHash, mapKey, rBaseKey });
    expect(await outcome(openItem(world.view(), stranger))).toBe('not-found.file');
    const identity = AbsoluteCapability.of({ owner, writer: owner, mapKey, rBaseKey });
    expect(await outcome(openItem(world.view(), identity))).toBe('not-found.file');
  });

  test('another key is no access, a missing BAT is refused by the server, junk is an argument error', async () => {
    const world = await FileWorld.create();
    const { owner, writer, mapKey, bat, rBaseKey } = world.home.capability;
    const otherKey = AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey: SymmetricKey.generate(world.crypto) });
    expect(await outcome(openItem(world.view(), otherKey))).toBe('crypto.authentication');
    const sessions = world.newSessions();
    const noBat = AbsoluteCapability.of({ owner, writer, mapKey, rBaseKey });
    expect(await outcome(openItem(world.view(sessions), noBat))).toBe('denied.block');
    expect(await outcome(openItem(world.view(), {} as AbsoluteCapability))).toBe('argument');
  });

  test('with its parent key a directory shows its metadata, not its list', async () => {
    const world = await FileWorld.create();
    const docs = await world.addDirectory(world.home, 'docs');
    const view = world.view();
    const { owner, writer, mapKey, bat } = docs.capability;
    const item = await openItem(view, AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey: docs.parentKey }));
    expect([item.name, item.isDirectory, item.isReadable, item.isWritable]).toEqual(['docs', true, false, false]);
    expect(() => item.requireDirectory()).toThrow(expect.objectContaining({ code: 'denied.file' }));
    expect(await outcome(directoryChunks(view, item).next())).toBe('denied.file');
    expect(() => new FileReader(view, item)).toThrow(expect.objectContaining({ code: 'format.cryptree' }));
  });
});

describe('finding the signer', () => {
  test('a link to the signer of another writer leaves the item readable and not writable', async () => {
    const world = await FileWorld.create();
    const put = world.sealDirectory(world.home, 0);
    const opened = (await world.openHome()).opened;
    const wBaseKey = world.home.capability.wBaseKey!;
    for (const link of [
      SymmetricLinkToSigner.create(world.crypto, wBaseKey, world.base.identity),
      SymmetricLinkToSigner.create(world.crypto, SymmetricKey.generate(world.crypto), world.signer),
    ]) {
      await world.put(world.signer, [{ ...put, node: withSigner(world.crypto, put.node, opened, link) }]);
      const home = await world.openHome();
      expect([home.isReadable, home.isWritable, home.signer]).toEqual([true, false, undefined]);
    }
  });

  test('a child in another writing space does not inherit the signer of its directory', async () => {
    const world = await FileWorld.create();
    const other = await world.addWriter(world.signer, 200);
    const { file, chunks } = world.sealFile(world.home, 'theirs', content(10), {}, other);
    await world.put(other, chunks);
    await world.list(world.home, [file.entry]);
    const view = world.view();
    const found = await findChild(view, await world.openHome(view), 'theirs');
    expect([found?.isWritable, found?.signer?.publicKeyHash.equals(other.publicKeyHash)]).toEqual([true, true]);
    expect(found?.link).toBeUndefined();
    // Without the signer in its own node nobody can write it, even though the directory can be written.
    const { node, location } = chunks[0]!;
    await world.put(other, [{ location, node: withSigner(world.crypto, node, found!.opened, undefined), fragments: [] }]);
    const next = world.view();
    expect((await findChild(next, await world.openHome(next), 'theirs'))?.isWritable).toBe(false);
  });

  test('a child with the write key of its parent has lost its write access (section 29)', async () => {
    const world = await FileWorld.create();
    const { file, chunks } = world.sealFile(world.home, 'same', content(10));
    const { owner, writer, mapKey, bat, rBaseKey } = file.capability;
    const same = AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey, wBaseKey: world.home.capability.wBaseKey });
    await world.put(world.signer, chunks);
    const link = RelativeCapability.relativise(world.crypto, world.home.capability, same);
    await world.list(world.home, [ChildEntry.of(NamedRelativeCapability.of(link, { name: 'same' }))]);
    const view = world.view();
    const found = await findChild(view, await world.openHome(view), 'same');
    expect([found?.isReadable, found?.isWritable]).toEqual([true, false]);
  });

  test('a write link that does not open leaves the child readable', async () => {
    const world = await FileWorld.create();
    const { file, chunks } = world.sealFile(world.home, 'torn', content(10));
    await world.put(world.signer, chunks);
    const { mapKey, bat, rBaseKey } = file.capability;
    const other = SymmetricKey.generate(world.crypto);
    const writeKeyLink = SymmetricLink.create(world.crypto, other, other);
    const link = RelativeCapability.of({ mapKey, bat, key: rBaseKey, writeKeyLink });
    await world.list(world.home, [ChildEntry.of(NamedRelativeCapability.of(link, { name: 'torn' }))]);
    const view = world.view();
    const found = await findChild(view, await world.openHome(view), 'torn');
    expect([found?.isReadable, found?.isWritable]).toEqual([true, false]);
    expect(await new FileReader(view, found!).read(0, 10)).toEqual(content(10));
  });
});
