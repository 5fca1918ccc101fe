import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, picture, WebWorld } from './web-world.js';

/** Names that have broken file managers. */
const HOSTILE_NAMES = ['constructor', '__proto__', '<img src=x onerror=alert(1)>.txt', '\u202egnp.exe', '🏰'.repeat(60), 'ü ê ñ.txt'];

describe.skipIf(!hasChromium)('the drive in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  let device: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    world = await WebWorld.start();
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-drive-'));
    device = await world.device();
    page = await world.open(device);
    await picture(page, 'log-in');
    await world.signUp(page, 'ada');
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const row = (name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('row', { name });

  test('an empty drive says what to do', async () => {
    await page.getByText('Nothing here yet').waitFor();
    await picture(page, 'empty-drive');
  });

  test('a folder is made, opened and left', async () => {
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Photos');
    await page.getByRole('button', { name: 'Create' }).click();
    await row('Photos').getByRole('button', { name: 'Photos' }).click();
    await page.getByRole('link', { name: 'Photos' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#/drive/ada/Photos');
    await page.goBack();
    await row('Photos').waitFor();
  });

  test('a name that is taken is refused beside the field', async () => {
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Photos');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('There is something of this name already.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  test('files are uploaded and come back as they were, large ones too', async () => {
    const large = Buffer.from(Array.from({ length: 11_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    await writeFile(join(folder, 'large.bin'), large);
    await writeFile(join(folder, 'small.txt'), 'hello');
    await page.getByLabel('Files …', { exact: true }).setInputFiles([join(folder, 'small.txt'), join(folder, 'large.bin')]);
    await row('large.bin').waitFor();
    await row('large.bin').getByRole('gridcell').first().click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(download.suggestedFilename()).toBe('large.bin');
    await download.saveAs(join(folder, 'back.bin'));
    expect((await readFile(join(folder, 'back.bin'))).equals(large)).toBe(true);
    await page.getByRole('button', { name: 'Select nothing' }).click();
  });

  test('what is done is only a line soon, unless somebody is there; the next upload takes its place', async () => {
    const panel = page.getByRole('region', { name: 'Transfers' });
    const lines = panel.getByRole('group', { name: /^(?:Upload|Download) of / });
    await panel.getByText('2 files uploaded · 1 file downloaded').waitFor();
    expect(await lines.count()).toBe(0);
    await picture(page, 'transfers-done');
    // Whoever opens the list keeps it open: the pointer and the focus are in it.
    await panel.getByRole('button', { name: 'Show more' }).click();
    await lines.nth(1).waitFor();
    await page.getByRole('grid').focus();
    await page.mouse.move(5, 5);
    await panel.getByText('2 files uploaded').waitFor();
    await page
      .getByLabel('Files …', { exact: true })
      .setInputFiles([{ name: 'zz next.txt', mimeType: 'text/plain', buffer: Buffer.from('next') }]);
    await lines.first().waitFor();
    expect(await lines.count()).toBe(1);
    await panel.getByText('1 file uploaded', { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
  });

  test('a folder with names that break things is uploaded, and every name is a text', async () => {
    await mkdir(join(folder, 'odd', 'deep enough for the width of a phone', 'er'), { recursive: true });
    for (const name of HOSTILE_NAMES) await writeFile(join(folder, 'odd', name), name);
    await writeFile(join(folder, 'odd', 'deep enough for the width of a phone', 'er', 'x'), 'x');
    await page.getByLabel('Upload a folder …').setInputFiles(join(folder, 'odd'));
    await row('odd').getByRole('button').click();
    for (const name of HOSTILE_NAMES) {
      // What would turn a name around is written out.
      const shown = name.replace('\u202e', '‹U+202E›');
      await page.getByRole('grid').getByRole('button', { name: shown, exact: true }).waitFor();
    }
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    await picture(page, 'odd-names');
    await page.goBack();
  });

  test('a selection leaves the list where it is, in windows of every width', async () => {
    await row('Photos').getByRole('button', { name: 'Photos' }).click();
    await page.getByRole('button', { name: 'New folder' }).click();
    const long = 'A folder of quite a long name';
    await page.getByRole('textbox', { name: 'Name' }).fill(long);
    await page.getByRole('button', { name: 'Create' }).click();
    const top = async (): Promise<number | undefined> => (await row(long).boundingBox())?.y;
    for (const width of [1200, 900, 640, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const before = await top();
      await row(long).getByRole('gridcell').first().click();
      await page.getByRole('button', { name: 'Rename' }).waitFor();
      expect(await top()).toBe(before);
      const reach = await page.getByRole('toolbar').evaluate((bar) => bar.getBoundingClientRect().right - innerWidth);
      expect(reach).toBeLessThanOrEqual(0);
      await page.getByRole('button', { name: 'Select nothing' }).click();
    }
    await page.setViewportSize({ width: 1200, height: 800 });
    await page.getByRole('grid').focus();
    await page.keyboard.press('Backspace');
    await row('Photos').waitFor();
    expect(new URL(page.url()).hash).toBe('#/drive/ada');
  });

  test('a file of the same name is asked about, and both can be kept', async () => {
    await writeFile(join(folder, 'small.txt'), 'another text');
    await page.getByLabel('Files …', { exact: true }).setInputFiles(join(folder, 'small.txt'));
    await page.getByRole('alertdialog', { name: 'There is a file of this name already' }).waitFor();
    await picture(page, 'conflict');
    await page.getByRole('button', { name: 'Keep both' }).click();
    await row('small (2).txt').waitFor();
    await page.getByText('Stored as “small (2).txt”').waitFor();
  });

  test('what is deleted lies in the trash, and can be taken back', async () => {
    await row('small (2).txt').getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('1 item was put into the trash.').waitFor();
    await row('small (2).txt').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await row('small (2).txt').waitFor();
  });

  test('after something was deleted its neighbour has the focus', async () => {
    const focused = (): Promise<string | undefined> =>
      page.getByRole('grid').evaluate((grid) => {
        const named = document.getElementById(grid.getAttribute('aria-activedescendant') ?? '');
        return document.activeElement === grid ? named?.textContent : 'not in the list';
      });
    await row('large.bin').getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await row('large.bin').waitFor({ state: 'detached' });
    await expect.poll(focused).toContain('small (2).txt');
    await page.getByRole('button', { name: 'Undo' }).click();
    await row('large.bin').waitFor();
  });

  test('a folder that is not there any more offers the way back only', async () => {
    await page.goto(new URL('/#/drive/ada/Photos/gone', world.daemon.url).href);
    await page.getByText('This folder is not there any more.').waitFor();
    await picture(page, 'folder-gone');
    expect(await page.getByRole('button', { name: 'Upload' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Back to your files' }).click();
    await row('Photos').waitFor();
  });

  test('tiles are sorted by what is chosen', async () => {
    const names = (): Promise<readonly string[]> => page.getByRole('grid').getByRole('row').allTextContents();
    await page.getByRole('button', { name: 'Show as tiles' }).click();
    const byName = await names();
    await page.getByRole('button', { name: 'Sort by' }).click();
    await picture(page, 'sort-tiles');
    await page.getByRole('menuitem', { name: 'Name' }).click();
    await expect.poll(names).not.toEqual(byName);
    await page.getByRole('button', { name: 'Sort by' }).click();
    await page.getByRole('menuitem', { name: 'Name' }).click();
    await expect.poll(names).toEqual(byName);
    await page.getByRole('button', { name: 'Show as a list' }).click();
  });

  test('the keyboard does everything: move, select, rename, delete', async () => {
    const grid = page.getByRole('grid');
    await grid.focus();
    await grid.press('Home');
    await page.keyboard.type('small');
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'Name' }).fill('renamed.txt');
    await page.keyboard.press('Enter');
    await row('renamed.txt').waitFor();
    await grid.focus();
    await page.keyboard.press('Control+a');
    await page
      .getByText(/\d selected/u)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New folder' }).waitFor();
  });

  test.each(['Shift+F10', 'ContextMenu'])('%s opens the menu of what has the focus, in lists and tiles', async (key) => {
    for (const view of ['tiles', 'a list']) {
      await page.getByRole('button', { name: `Show as ${view}` }).click();
      const grid = page.getByRole('grid');
      await grid.focus();
      await grid.press('End');
      await page.keyboard.press(key);
      await page.getByRole('menuitem', { name: 'Properties' }).waitFor();
      await picture(page, `menu-by-key-${view === 'tiles' ? 'tiles' : 'list'}`);
      await page.getByRole('menuitem', { name: 'Properties' }).press('Escape');
      await page.getByRole('menuitem').first().waitFor({ state: 'detached' });
      expect(await row('zz next.txt').getAttribute('aria-selected')).toBe('true');
      await expect.poll(async () => grid.evaluate((element) => document.activeElement === element)).toBe(true);
      await grid.press('Escape');
    }
  });

  test('another device sees it all after logging in', async () => {
    const other = await world.open(await world.device({ viewport: { width: 390, height: 844 } }));
    await world.logIn(other, 'ada');
    await other.getByRole('row', { name: 'large.bin' }).waitFor();
    // Without columns, too, by all that lists are sorted by.
    await other.getByRole('button', { name: 'Size', exact: true }).click();
    await other.setViewportSize({ width: 320, height: 640 });
    await expect.poll(async () => other.getByRole('grid').getByRole('row').nth(2).textContent()).toContain('large.bin');
    for (const order of ['Name', 'Size', 'Changed']) {
      const box = await other.getByRole('group', { name: 'Sort by' }).getByRole('button', { name: order, exact: true }).boundingBox();
      expect(box!.x + box!.width).toBeLessThanOrEqual(320);
    }
    await picture(other, 'phone-sorted');
    await other.setViewportSize({ width: 390, height: 844 });
    await other.getByRole('button', { name: 'Name', exact: true }).click();
    await picture(other, 'phone');
    // Of a long way the end is seen: where one is.
    await other.goto(new URL('/#/drive/ada/odd/deep%20enough%20for%20the%20width%20of%20a%20phone/er', world.daemon.url).href);
    const here = other.getByRole('navigation').getByRole('link', { name: 'er', exact: true });
    await here.waitFor();
    await expect.poll(async () => here.evaluate((link) => link.getBoundingClientRect().right <= innerWidth)).toBe(true);
    await picture(other, 'phone-deep');
    await other.close();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
