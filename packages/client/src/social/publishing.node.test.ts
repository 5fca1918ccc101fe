import { formatSharedCapabilityLink } from '@pyrgos/core/social';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';

// What users publish, on a real server (chapter 06 section 13; the scenarios P1 to P4 of section 18, and P8 with fewer children: the core has it whole).

const password = 'nine purple otters';
let world: ServerWorld;
let ada: UserSession;
let users = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());
beforeEach(async () => {
  ada = await server().signUp({ username: `ada${++users}`, password });
  await ada.files.makeDirectory(`${home()}/site/sub`, { parents: true });
  await ada.files.makeDirectory(`${home()}/private`);
  await ada.files.write(`${home()}/site/index.html`, bytes('<!DOCTYPE html>'));
  await ada.files.write(`${home()}/site/sub/deep.txt`, bytes('deep'));
  await ada.files.write(`${home()}/a.txt`, bytes('first'));
});
afterEach(() => ada.close());

const server = (): PyrgosServer => new PyrgosServer(world.network(), { crypto: world.quick });
const home = (): string => `/${ada.username}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const nothing = { code: 'not-found.file' };

async function published(): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of ada.publishing.list()) found.push(path);
  const seen: string[] = [];
  for await (const path of server().listPublic(ada.username)) seen.push(path);
  expect(seen.sort()).toEqual(found.sort());
  return found;
}

async function text(path: string): Promise<string> {
  const session = await server().openPublic(path);
  expect(session).toMatchObject({ owner: ada.username, path, isWritable: false, isDirectory: false });
  return session.files.readText(path);
}

describe('publishing', () => {
  test('a file (P1), as often as one likes', async () => {
    const path = `${home()}/a.txt`;
    await expect(server().openPublic(path)).rejects.toMatchObject({ ...nothing, message: `${ada.username} has not made any files public` });
    const { url } = await ada.publishing.publish(path);
    expect(url).toMatch(/^http:\/\/localhost:\d+\/public\/ada\d+\/a\.txt$/u);
    expect((await ada.publishing.publish(path)).url).toBe(url);
    expect(await published()).toEqual([path]);
    expect(await text(path)).toBe('first');
    await ada.files.write(path, bytes('second'));
    expect(await text(path)).toBe('second');
    const { files, entryPath } = await server().openPublic(path);
    expect(entryPath).toBe(home());
    await expect(files.write(path, bytes('mine'))).rejects.toMatchObject({ code: 'denied.file' });
    await expect(server().openPublic(`${home()}/b.txt`)).rejects.toMatchObject(nothing);
    await expect(server().openPublic('/nobody-here/b.txt')).rejects.toMatchObject({ code: 'not-found.user' });
    const network = world.network();
    const capability = await network.publicFiles.capability(ada.username, 'a.txt');
    expect(capability.isWritable).toBe(false);
  });

  test('a directory, and what is in it (P2)', async () => {
    const path = `${home()}/site`;
    await ada.publishing.publish(path);
    expect(await text(`${path}/sub/deep.txt`)).toBe('deep');
    const { files, entryPath } = await server().openPublic(path);
    expect(entryPath).toBe(path);
    const names: string[] = [];
    for await (const { name } of files.names(path)) names.push(name ?? '');
    expect(names.sort()).toEqual(['index.html', 'sub']);
    await expect(files.stat(`${home()}/a.txt`)).rejects.toMatchObject(nothing);
    expect(await ada.publishing.isPublished(`${path}/sub/deep.txt`)).toBe(true);
    expect(await ada.publishing.isPublished(`${home()}/a.txt`)).toBe(false);
    await expect(ada.publishing.unpublish(`${path}/sub`)).rejects.toMatchObject({ code: 'argument', data: { field: 'path' } });
    await expect(server().openPublic(`${path}/none`)).rejects.toMatchObject(nothing);
  });

  test('many files of one directory', async () => {
    const directory = `${home()}/private`;
    const entries = Array.from({ length: 36 }, (_, i) => ({ path: [`${i}.txt`], source: bytes(String(i)) }));
    for await (const _ of ada.files.writeTree(directory, entries));
    for (const { path } of entries) await ada.publishing.publish(`${directory}/${path[0]}`);
    expect(await published()).toHaveLength(36);
    expect(await text(`${directory}/0.txt`)).toBe('0');
    expect(await text(`${directory}/35.txt`)).toBe('35');
  });

  test('the web site of the account (P4)', async () => {
    const { publishing } = ada;
    const site = `${home()}/site`;
    const field = `${home()}/.profile/webroot`;
    expect(await publishing.webRoot()).toBeUndefined();
    expect(await publishing.unpublishWebRoot()).toBe(false);
    await expect(publishing.publishWebRoot(`${home()}/a.txt`)).rejects.toMatchObject({ code: 'argument' });
    await publishing.publishWebRoot(site);
    expect(await publishing.webRoot()).toBe(site);
    expect(await text(field)).toBe(site);
    expect(await text(`${site}/index.html`)).toBe('<!DOCTYPE html>');
    expect(await publishing.unpublishWebRoot()).toBe(true);
    await expect(server().openPublic(site)).rejects.toMatchObject(nothing);
    // A field that is empty is not set.
    expect(await text(field)).toBe('');
    expect(await publishing.webRoot()).toBeUndefined();
    await publishing.publishWebRoot(site);
    expect(await text(`${site}/index.html`)).toBe('<!DOCTYPE html>');
    expect(await published()).toEqual([field, site].sort());
  });

  test('a site is none any more when its directory is unpublished, or one above it; nor is it when that of another directory ends', async () => {
    const { publishing } = ada;
    const site = `${home()}/site/sub`;
    await publishing.publishWebRoot(site);
    await publishing.publish(`${home()}/a.txt`);
    await publishing.unpublish(`${home()}/a.txt`);
    await publishing.publish(`${home()}/private`);
    await publishing.unpublish(`${home()}/private`);
    expect(await publishing.webRoot()).toBe(site);
    await publishing.unpublish(site);
    expect(await publishing.webRoot()).toBeUndefined();
    await publishing.publishWebRoot(site);
    await publishing.publish(`${home()}/site`);
    await publishing.unpublish(`${home()}/site`);
    expect(await publishing.isPublished(site)).toBe(false);
    expect(await publishing.webRoot()).toBeUndefined();
  });

  test('what cannot be', async () => {
    const { publishing } = ada;
    await expect(publishing.publish(home())).rejects.toMatchObject({ data: { field: 'path' } });
    await expect(publishing.publish(`${home()}/shared`)).rejects.toMatchObject({ data: { field: 'path' } });
    await expect(publishing.publish('/somebody/a.txt')).rejects.toMatchObject({ code: 'denied.file' });
    await expect(publishing.publish(`${home()}/none`)).rejects.toMatchObject(nothing);
    await ada.files.write(`${home()}/a\\b`, bytes('x'));
    await expect(publishing.publish(`${home()}/a\\b`)).rejects.toMatchObject({ data: { field: 'path' } });
    expect(await publishing.unpublish(`${home()}/a.txt`)).toBe(false);
    await expect(server().openPublic(home())).rejects.toMatchObject({ code: 'argument' });
  });
});

describe('ending it', () => {
  test('gives new keys, and ends links', async () => {
    const path = `${home()}/site`;
    const link = await ada.links.create(`${path}/sub`);
    await ada.publishing.publish(path);
    const before = await server().openPublic(path);
    expect(await ada.publishing.unpublish(path)).toBe(true);
    before.files.refresh();
    await expect(before.files.stat(path)).rejects.toMatchObject(nothing);
    await expect(server().openPublic(path)).rejects.toMatchObject(nothing);
    await expect(server().openLink(link.text)).rejects.toMatchObject({ code: 'not-found.link' });
    expect(await ada.files.readText(`${path}/sub/deep.txt`)).toBe('deep');
    expect(await published()).toEqual([]);
    expect(await ada.publishing.unpublish(path)).toBe(false);
  });

  test('by deletion, also of a directory above it', async () => {
    await ada.publishing.publish(`${home()}/a.txt`);
    await ada.publishing.publish(`${home()}/site/sub/deep.txt`);
    await ada.files.remove(`${home()}/site`);
    expect(await published()).toEqual([`${home()}/a.txt`]);
    await ada.files.remove(`${home()}/a.txt`);
    await ada.files.write(`${home()}/a.txt`, bytes('private'));
    await expect(server().openPublic(`${home()}/a.txt`)).rejects.toMatchObject(nothing);
    expect(await published()).toEqual([]);
  });
});

describe('names and places', () => {
  test('what is renamed is published under its new name', async () => {
    const path = `${home()}/site`;
    await ada.publishing.publish(`${path}/index.html`);
    await ada.publishing.publish(`${path}/sub`);
    await ada.files.rename(path, 'web');
    await ada.files.rename(`${home()}/web/sub`, 'more');
    expect((await published()).sort()).toEqual([`${home()}/web/index.html`, `${home()}/web/more`]);
    expect(await text(`${home()}/web/more/deep.txt`)).toBe('deep');
    await expect(server().openPublic(`${path}/index.html`)).rejects.toMatchObject(nothing);
  });

  test('what is moved to somewhere else is private, and so is what leaves a published directory', async () => {
    const path = `${home()}/a.txt`;
    await ada.publishing.publish(path);
    const before = await server().openPublic(path);
    await ada.files.move(path, `${home()}/private`);
    before.files.refresh();
    await expect(before.files.stat(path)).rejects.toMatchObject(nothing);
    await ada.publishing.publish(`${home()}/site`);
    const index = `${home()}/site/index.html`;
    const seen = formatSharedCapabilityLink((await itemAt(ada, index)).capability.toReadOnly());
    expect(await (await server().openLink(seen)).files.readText(index)).toBe('<!DOCTYPE html>');
    await ada.files.move(index, `${home()}/private`);
    await expect(server().openLink(seen)).rejects.toMatchObject({ code: 'not-found.link' });
    expect(await published()).toEqual([`${home()}/site`]);
    // Within its directory it is only renamed.
    await ada.files.move(`${home()}/site`, home(), { name: 'web' });
    expect(await text(`${home()}/web/sub/deep.txt`)).toBe('deep');
    // A directory that is not published itself takes along what is.
    await ada.files.makeDirectory(`${home()}/private/inner`);
    await ada.files.write(`${home()}/private/inner/x.txt`, bytes('x'));
    await ada.publishing.publish(`${home()}/private/inner/x.txt`);
    await ada.files.move(`${home()}/private/inner`, home());
    expect(await text(`${home()}/inner/x.txt`)).toBe('x');
    expect((await published()).sort()).toEqual([`${home()}/inner/x.txt`, `${home()}/web`]);
  });

  test('a writing space of its own does not end it', async () => {
    const path = `${home()}/site`;
    await ada.publishing.publish(path);
    await ada.publishing.publish(`${path}/sub/deep.txt`);
    await ada.links.create(`${path}/sub`, { writable: true });
    await ada.links.create(path, { writable: true });
    expect(await text(`${path}/sub/deep.txt`)).toBe('deep');
    expect(await text(`${path}/index.html`)).toBe('<!DOCTYPE html>');
  });
});

test('two devices publish at the same time', async () => {
  const other = await server().logIn({ username: ada.username, password });
  await Promise.all([
    ada.publishing.publish(`${home()}/a.txt`),
    other.publishing.publish(`${home()}/site`),
    ada.publishing.publish(`${home()}/private`),
  ]);
  ada.files.refresh();
  expect((await published()).sort()).toEqual([`${home()}/a.txt`, `${home()}/private`, `${home()}/site`]);
});
