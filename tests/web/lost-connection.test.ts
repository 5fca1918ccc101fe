import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('a server that goes away (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-web-'));
    world = await WebWorld.start();
    page = await world.open(await world.device());
    await world.signUp(page, 'ada');
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('an upload that was cut off goes on when the server is back', async () => {
    await writeFile(join(folder, 'long.bin'), randomBytes(60_000_000));
    await page.getByLabel('Files …', { exact: true }).setInputFiles(join(folder, 'long.bin'));
    await page.getByText(/[1-9]\d* MB of 60 MB/u).waitFor();
    await world.daemon.kill();
    await world.daemon.restart();
    // It has gone on by itself, or says what has happened and offers to.
    const row = page.getByRole('row', { name: 'long.bin' });
    const goOn = page.getByRole('button', { name: 'Go on with the rest' });
    await row.or(goOn).first().waitFor({ timeout: 60_000 });
    if (await goOn.isVisible()) {
      await picture(page, 'connection-lost');
      await goOn.click();
    }
    await row.waitFor({ timeout: 60_000 });
  }, 150_000);

  test('an upload goes on after the page was loaded again in the middle of it', async () => {
    const device = await world.device();
    const other = await world.open(device);
    await world.logIn(other, 'ada', { keep: true });
    other.on('dialog', (dialog) => void dialog.accept());
    const content = randomBytes(200_000_000);
    await mkdir(join(folder, 'album'), { recursive: true });
    for (const n of [1, 2, 3, 4, 5]) await writeFile(join(folder, 'album', `${n}.txt`), `small ${n}`);
    await writeFile(join(folder, 'album', 'film.bin'), content);
    const before = await world.blocksSent(device, async () => {
      await other.getByLabel('Upload a folder …').setInputFiles(join(folder, 'album'));
      await other.getByText(/(?:[4-9]\d|1\d\d) MB of 200 MB/u).waitFor();
      // The notes of a page are written twice a second.
      await other.waitForFunction(() =>
        Object.entries(sessionStorage).some(([key, value]) => key.endsWith(':done') && String(value).includes('1')),
      );
    });
    await other.reload();
    await other.getByText(/1 file is left, 200 MB\./u).waitFor();
    await picture(other, 'cut-off');
    const choose = other.getByLabel('Choose the folder again').and(other.locator('input'));
    await mkdir(join(folder, 'else'), { recursive: true });
    await writeFile(join(folder, 'else', 'film.bin'), 'another');
    await choose.setInputFiles(join(folder, 'else'));
    await other.getByText('None of these files is among those that are left').waitFor();
    const again = await world.blocksSent(device, async () => {
      await choose.setInputFiles(join(folder, 'album'));
      await other.getByText('Done · 200 MB of 200 MB').waitFor({ timeout: 60_000 });
    });
    // What was stored before is not sent once more.
    expect(before).toBeGreaterThan(0);
    expect(again).toBeGreaterThan(0);
    // One for each piece of 1 MiB, at least, if nothing had been there.
    expect(again).toBeLessThan(190);
    await other.getByRole('row', { name: 'album' }).getByRole('button').click();
    await other.getByRole('row', { name: 'film.bin' }).getByRole('gridcell').first().click();
    const [download] = await Promise.all([other.waitForEvent('download'), other.getByRole('button', { name: 'Download' }).click()]);
    await download.saveAs(join(folder, 'back.bin'));
    expect((await readFile(join(folder, 'back.bin'))).equals(content)).toBe(true);
    await other.reload();
    await other.getByRole('row', { name: 'film.bin' }).waitFor();
    expect(await other.getByText('is left').count()).toBe(0);
    await other.getByRole('button', { name: 'Log out' }).click();
    expect(await other.evaluate(() => sessionStorage.length)).toBe(0);
    await other.close();
  }, 150_000);

  test('a server that is away is said to be so, and what was wanted of it is done when it is back', async () => {
    const device = await world.device();
    const other = await world.open(device);
    await world.logIn(other, 'ada');
    await other.getByRole('button', { name: 'New folder' }).click();
    await other.getByRole('textbox').fill('meanwhile');
    await other.getByRole('button', { name: 'Create' }).click();
    await other.getByRole('row', { name: 'meanwhile' }).waitFor();
    await world.daemon.kill();
    await writeFile(join(folder, 'late.txt'), 'better late');
    await other.getByLabel('Files …', { exact: true }).setInputFiles(join(folder, 'late.txt'));
    await other.getByText('The server cannot be reached. Trying again …').waitFor();
    await other.getByText(/Waiting for the server/u).waitFor();
    await picture(other, 'server-away');
    await world.daemon.restart();
    await other.getByRole('row', { name: 'late.txt' }).waitFor();
    await other.getByText('The server cannot be reached. Trying again …').waitFor({ state: 'detached' });
    await world.daemon.kill();
    await other.getByRole('row', { name: 'meanwhile' }).getByRole('button').click();
    await other.getByText('The server cannot be reached. Trying again …').waitFor();
    await world.daemon.restart();
    await other.getByText('Nothing here yet').waitFor();
    await device.close();
  }, 150_000);

  test('the page itself opens without the server', async () => {
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await world.daemon.kill();
    await page.reload();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await picture(page, 'offline');
    // The engine as well, which is loaded when somebody begins to type, though the browser has forgotten what it once fetched.
    const browserCache = await page.context().newCDPSession(page);
    await browserCache.send('Network.clearBrowserCache');
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    await world.daemon.restart();
  }, 150_000);

  test('a kept session that cannot be opened without the server is opened when it is back', async () => {
    const device = await world.device();
    const other = await world.open(device);
    await world.logIn(other, 'ada', { keep: true });
    await other.evaluate(async () => navigator.serviceWorker.ready);
    await world.daemon.kill();
    await other.reload();
    await other.getByText('You stay logged in as ada').waitFor();
    await picture(other, 'kept-away');
    await world.daemon.restart();
    await other.getByRole('button', { name: 'Upload' }).waitFor();
    await device.close();
  }, 150_000);

  test('the engine, and so what is uploaded, is past the service worker of the page, which would keep it', async () => {
    const device = await world.device();
    const other = await world.open(device);
    await other.evaluate(async () => navigator.serviceWorker.ready);
    await other.reload();
    await world.logIn(other, 'ada');
    expect(other.workers().map((each) => new URL(each.url()).pathname)).toContainEqual(expect.stringMatching(/^\/engine\/engine/u));
    const worker = device.serviceWorkers().find((each) => new URL(each.url()).pathname === '/sw.js');
    const served = await worker?.evaluate(async () => {
      interface Scope {
        readonly clients: { matchAll(of: { readonly type: 'all' }): Promise<readonly { readonly url: string }[]> };
      }
      const clients = await (globalThis as unknown as Scope).clients.matchAll({ type: 'all' });
      return clients.map(({ url }) => new URL(url).pathname);
    });
    expect(served).toContain('/');
    expect(served?.filter((path) => path.startsWith('/engine/'))).toEqual([]);
    await device.close();
  });
});
