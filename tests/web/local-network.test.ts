import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, WebWorld } from './web-world.js';

// As at home, where a phone opens http://192.168.0.7:8000. Browsers call such a page insecure and keep much from it.
describe.skipIf(!hasChromium)('a page that does not come over an encrypted connection (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  beforeAll(async () => {
    world = await WebWorld.start({ 'listen-host': '0.0.0.0' }, ['--host-resolver-rules=MAP 192.168.77.7 127.0.0.1']);
    const device = await world.device();
    page = await device.newPage();
    await page.goto(`http://192.168.77.7:${new URL(world.daemon.url).port}/#/sign-up`);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await world.fillSignUp(page, 'ada');
    await page.getByRole('button', { name: 'Upload' }).waitFor();
  });
  afterAll(async () => world?.stop());

  test('files are uploaded, made and downloaded', async () => {
    await page
      .getByLabel('Files …', { exact: true })
      .setInputFiles([{ name: 'hello.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]);
    const row = page.getByRole('row', { name: 'hello.txt' });
    await row.waitFor();
    await row.getByRole('gridcell').first().click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(await readFile(await download.path(), 'utf8')).toBe('hello');
    await row.getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'New text file' }).click();
    // The name that is suggested will do.
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('row', { name: 'Notes.txt' }).waitFor();
  });

  test('what does not work is said to be so', async () => {
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('textbox').fill('empty');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('row', { name: 'empty' }).getByRole('gridcell').first().click();
    await page.getByRole('row', { name: 'hello.txt' }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Download' }).click();
    await page.getByText('Single files work here.').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    expect(await page.getByRole('checkbox', { name: 'Stay logged in' }).isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('row', { name: 'Notes.txt' }).waitFor();
  });
});
