import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, picture, WebWorld } from './web-world.js';

/** What is in a zip file whose files are stored as they are: names and contents, by the directory at its end. */
function unzip(zip: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  let at = zip.indexOf('PK\u0001\u0002', 0, 'latin1');
  while (at >= 0 && zip.toString('latin1', at, at + 4) === 'PK\u0001\u0002') {
    const [size, nameLength, extraLength, start] = [
      zip.readUInt32LE(at + 24),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt32LE(at + 42),
    ];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const content = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    found.set(name, zip.subarray(content, content + size));
    at += 46 + nameLength + extraLength;
  }
  return found;
}

describe.skipIf(!hasChromium)('folders as zip files in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  const big = randomBytes(3_000_000);
  beforeAll(async () => {
    world = await WebWorld.start();
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-zip-'));
    const album = join(folder, 'album');
    await mkdir(join(album, 'deep', 'er'), { recursive: true });
    await writeFile(join(album, 'a note.txt'), 'hello');
    await writeFile(join(album, 'deep', 'big.bin'), big);
    await writeFile(join(album, 'deep', 'er', 'größe 😀.txt'), 'small');
    await writeFile(join(album, 'z.txt'), 'the last');
    const page = await world.open(await world.device());
    await world.signUp(page, 'ada');
    await page.getByLabel('Upload a folder …').setInputFiles(album);
    await page.getByText('4 of 4').waitFor();
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function zipOfAlbum(device: BrowserContext): Promise<{ readonly page: Page; readonly zip: Map<string, Buffer> }> {
    const page = await world.open(device);
    await world.logIn(page, 'ada');
    await page.getByRole('row', { name: 'album' }).getByRole('gridcell').first().click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(download.suggestedFilename()).toBe('album.zip');
    const path = join(folder, `${Math.random()}.zip`);
    await download.saveAs(path);
    return { page, zip: unzip(await readFile(path)) };
  }

  test('everything below is in it', async () => {
    const { page, zip } = await zipOfAlbum(await world.device());
    expect([...zip.keys()].toSorted()).toEqual([
      'album/',
      'album/a note.txt',
      'album/deep/',
      'album/deep/big.bin',
      'album/deep/er/',
      'album/deep/er/größe 😀.txt',
      'album/z.txt',
    ]);
    expect(zip.get('album/a note.txt')?.toString()).toBe('hello');
    expect(zip.get('album/deep/big.bin')?.equals(big)).toBe(true);
    await page.getByText(/^Done/u).first().waitFor();
  });

  test('a download that is cancelled in the list of the browser is said to be cancelled', async () => {
    const device = await world.device();
    const page = await world.open(device);
    await world.logIn(page, 'ada');
    await page.getByRole('row', { name: 'album' }).getByRole('button').click();
    await page.getByRole('row', { name: 'deep' }).getByRole('button').click();
    await page.getByRole('row', { name: 'big.bin' }).getByRole('gridcell').first().click();
    // So slow that it is still under way.
    await device.route(/block\/get/u, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
    });
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    await download.cancel();
    await page.getByText(/^Cancelled/u).waitFor();
    expect(await page.getByText(/^Done/u).count()).toBe(0);
    await device.close();
  });

  test('what is damaged is missing, and said to be so', async () => {
    const device = await world.device();
    // A server that has lost the blocks of large contents.
    await device.route(/block\/get\?.*arg=zb2rh/u, async (route) =>
      route.fulfill({ status: 400, headers: { trailer: 'Block+not+found' } }),
    );
    const { page, zip } = await zipOfAlbum(device);
    expect([...zip.keys()].toSorted()).toEqual([
      'Not included.txt',
      'album/',
      'album/a note.txt',
      'album/deep/',
      'album/deep/er/',
      'album/deep/er/größe 😀.txt',
      'album/z.txt',
    ]);
    expect(zip.get('Not included.txt')?.toString()).toContain('/ada/album/deep/big.bin');
    await page.getByText('1 item is damaged and missing.').waitFor();
    await page.getByText('Not everything was stored').waitFor();
    await picture(page, 'zip-damaged');
  });
});
