import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { person } from './two-people.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// Files of the device that are dropped onto the page, as the browser itself does it; and files with names that nothing can be stored under.

describe.skipIf(!hasChromium)('files that are dropped (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  let ada: UserSession;
  let page: Page;
  const row = (name: string, on = page): Locator => on.getByRole('row', { name, exact: false });
  /** Drags files and folders of the device onto the middle of something. */
  const dropOnto = async (on: Page, target: Locator, names: readonly string[]): Promise<void> => {
    const line = await on.context().newCDPSession(on);
    const box = await target.boundingBox();
    if (box === null) throw new Error('it is not to be seen');
    const data = { items: [], files: names.map((name) => join(folder, name)), dragOperationsMask: 1 };
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) await line.send('Input.dispatchDragEvent', { type, ...at, data });
    await line.detach();
  };
  const linkTo = async (path: string, writable: boolean): Promise<string> => {
    const { url } = await ada.links.create(path, { writable });
    const { pathname, hash } = new URL(url ?? '', world.daemon.url);
    return new URL(`${pathname}${hash}`, world.daemon.url).href;
  };
  const visit = async (link: string): Promise<Page> => {
    const guest = await world.open(await world.device(), link);
    await row('rules.txt', guest).waitFor();
    return guest;
  };

  beforeAll(async () => {
    world = await WebWorld.start();
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-drops-'));
    await writeFile(join(folder, 'gift.txt'), 'for you');
    await mkdir(join(folder, 'Trip', 'deep'), { recursive: true });
    await mkdir(join(folder, 'Trip', 'empty'));
    await writeFile(join(folder, 'Trip', 'deep', 'note.txt'), 'a note');
    ada = await person(world, 'ada');
    const content = new TextEncoder().encode('be kind');
    for (const name of ['Inbox', 'Shown']) await ada.files.write(`/ada/${name}/rules.txt`, content, { parents: true });
    await ada.files.write('/ada/note.txt', content);
    page = await world.open(await world.device());
    await world.logIn(page, 'ada');
  });
  afterAll(async () => {
    ada?.close();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const read = async (path: string): Promise<string> => {
    ada.files.refresh();
    return ada.files.readText(path);
  };

  test('onto a folder of one’s own', async () => {
    await dropOnto(page, page.getByRole('grid'), ['gift.txt', 'Trip']);
    await row('gift.txt').waitFor();
    await row('Trip').waitFor();
    await expect.poll(async () => read('/ada/Trip/deep/note.txt').catch(() => 'not yet')).toBe('a note');
    expect(await ada.files.find('/ada/Trip/empty')).toMatchObject({ isDirectory: true });
  });

  test('onto the page of a secret link for editing, without an account', async () => {
    const guest = await visit(await linkTo('/ada/Inbox', true));
    await dropOnto(guest, guest.getByRole('grid'), ['gift.txt', 'Trip']);
    await row('gift.txt', guest).waitFor();
    await row('Trip', guest).waitFor();
    await expect.poll(async () => read('/ada/Inbox/Trip/deep/note.txt').catch(() => 'not yet')).toBe('a note');
    expect(await read('/ada/Inbox/gift.txt')).toBe('for you');
    await guest.close();
  });

  test('onto the page of a link for reading: it says that nothing can be put there', async () => {
    const link = await linkTo('/ada/Shown', false);
    const guest = await visit(link);
    await dropOnto(guest, guest.getByRole('grid'), ['gift.txt']);
    await guest.getByText('Nothing can be put here').waitFor();
    await picture(guest, 'drop-read-only');
    expect(guest.url()).toBe(link);
    expect(await row('gift.txt', guest).count()).toBe(0);
    await guest.close();
  });

  test('what is dropped where nothing takes it does not take the place of the app', async () => {
    await dropOnto(page, page.getByRole('banner'), ['gift.txt']);
    await row('note.txt').getByRole('button').click();
    await page.getByRole('heading', { name: 'note.txt', level: 1 }).waitFor();
    await dropOnto(page, page.getByRole('heading', { name: 'note.txt', level: 1 }), ['gift.txt']);
    await page.getByRole('button', { name: 'Back to the folder' }).click();
    await row('note.txt').waitFor();
    expect(new URL(page.url()).origin).toBe(new URL(world.daemon.url).origin);
  });

  test('files whose names nothing can be stored under are told of, and the others are stored', async () => {
    const file = (name: string): { name: string; mimeType: string; buffer: Buffer } => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(name),
    });
    await row('Shown').getByRole('button').click();
    await row('rules.txt').waitFor();
    await page.getByLabel('Files …', { exact: true }).setInputFiles([file('before.txt'), file('l'.repeat(256)), file('after.txt')]);
    await row('before.txt').waitFor();
    await row('after.txt').waitFor();
    await page.getByText('Nothing can be stored under this name. Give it another one, then try again.').waitFor();
    // With its name, however long both are.
    expect((await page.getByText('l'.repeat(256)).boundingBox())?.width).toBeGreaterThan(200);
    await picture(page, 'upload-bad-name');
    expect(await read('/ada/Shown/after.txt')).toBe('after.txt');
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
