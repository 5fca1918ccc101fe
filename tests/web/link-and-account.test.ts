import type { UserSession } from '@pyrgos/client';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { person } from './two-people.js';
import { hasChromium, PASSWORD, WebWorld } from './web-world.js';

// One tab goes back and forth between a link and an account: neither loses what was begun, and nothing of one gets into the other.

describe.skipIf(!hasChromium)('a link and an account in one tab (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: UserSession;
  let ben: UserSession;
  let link = '';
  let device: BrowserContext;
  const row = (page: Page, name: string): ReturnType<Page['getByRole']> => page.getByRole('row', { name });
  const editor = (page: Page): ReturnType<Page['locator']> => page.locator('.cm-content');
  const type = async (page: Page, file: string, text: string): Promise<void> => {
    await row(page, file).getByRole('button').click();
    await editor(page).click();
    await page.keyboard.type(text);
    await page.getByText('Not saved yet').waitFor();
  };
  const fillLogIn = async (page: Page): Promise<void> => {
    await page.getByRole('textbox', { name: 'User name' }).fill('ben');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('checkbox', { name: 'Stay logged in on this device' }).check();
    await page.getByRole('button', { name: 'Log in' }).click();
    await row(page, 'own.txt').waitFor();
  };
  /** A tab at the link whose owner of the day has logged in before. */
  const atLinkWithAccount = async (): Promise<Page> => {
    const page = await world.open(device, link);
    await row(page, 'shared.txt').waitFor();
    await page.getByRole('button', { name: 'My own files' }).click();
    await fillLogIn(page);
    await page.goBack();
    await row(page, 'shared.txt').waitFor();
    return page;
  };

  beforeAll(async () => {
    world = await WebWorld.start();
    ada = await person(world, 'ada');
    ben = await person(world, 'ben');
    const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
    await ada.files.write('/ada/Box/shared.txt', bytes('of ada'), { parents: true });
    await ben.files.write('/ben/own.txt', bytes('of ben'));
    const { url } = await ada.links.create('/ada/Box', { writable: true });
    const { pathname, hash } = new URL(url ?? '', world.daemon.url);
    link = new URL(`${pathname}${hash}`, world.daemon.url).href;
  });
  beforeEach(async () => {
    device = await world.device();
  });
  afterEach(async () => {
    await device.close();
  });
  afterAll(async () => {
    ada?.close();
    ben?.close();
    await world?.stop();
  });

  test('logging out in another tab logs out a tab that shows a link, which goes on showing it', async () => {
    const page = await atLinkWithAccount();
    await type(page, 'shared.txt', 'still here ');
    const other = await world.open(device);
    await row(other, 'own.txt').waitFor();
    // What is not saved in the link is not lost by that: nobody is asked.
    await other.getByRole('button', { name: 'Log out' }).click();
    await other.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await editor(page).innerText()).toContain('still here');
    await page.getByRole('button', { name: 'My own files' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await row(page, 'own.txt').count()).toBe(0);
    await page.goBack();
    await expect.poll(async () => editor(page).innerText()).toContain('still here');
  });

  test('a text that a visitor has not saved is there again after a look at the front door', async () => {
    const page = await world.open(device, link);
    await type(page, 'shared.txt', 'of a visitor ');
    await page.getByRole('button', { name: 'My own files' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.getByText('Changes to “shared.txt” are not saved').waitFor();
    await page.getByRole('button', { name: 'Go on editing' }).click();
    await expect.poll(async () => editor(page).innerText()).toContain('of a visitor');
    await page.getByRole('button', { name: 'My own files' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.goBack();
    await expect.poll(async () => editor(page).innerText()).toContain('of a visitor');
  });

  test('a text of the account that is not saved outlives a look at a link, and leads back to the account', async () => {
    const page = await world.open(device, link);
    await row(page, 'shared.txt').waitFor();
    await page.getByRole('button', { name: 'My own files' }).click();
    await fillLogIn(page);
    await type(page, 'own.txt', 'not saved ');
    await page.goBack();
    await page.goBack();
    await row(page, 'shared.txt').waitFor();
    await page.goForward();
    await page.goForward();
    await expect.poll(async () => editor(page).innerText()).toContain('not saved');
    await page.goBack();
    await page.goBack();
    await row(page, 'shared.txt').waitFor();
    await page.getByRole('button', { name: 'Go on editing' }).first().click();
    await expect.poll(async () => editor(page).innerText()).toContain('not saved');
    expect(new URL(page.url()).pathname).toBe('/');
  });

  test('an upload of the account is not gone on with in a link, and the other way round', async () => {
    const page = await atLinkWithAccount();
    const upload = async (name: string): Promise<void> =>
      page.getByLabel('Files …', { exact: true }).setInputFiles([{ name, mimeType: 'text/plain', buffer: Buffer.from(name) }]);
    const failing = async (name: string): Promise<void> => {
      await device.route('**/api/v0/block/put**', async (route) => route.fulfill({ status: 500 }));
      await upload(name);
      await page
        .getByRole('group', { name: `Upload of ${name}` })
        .getByText('Not everything was stored')
        .waitFor();
      await device.unroute('**/api/v0/block/put**');
    };
    const goOn = page.getByRole('button', { name: 'Go on with the rest' });
    await failing('into-link.txt');
    await goOn.waitFor();
    await page.getByRole('button', { name: 'My own files' }).click();
    await row(page, 'own.txt').waitFor();
    await page.getByText('It belongs to a link. Open that again to go on.').waitFor();
    expect(await goOn.count()).toBe(0);
    await failing('into-account.txt');
    await goOn.waitFor();
    await page.goBack();
    await row(page, 'shared.txt').waitFor();
    await page.getByText('It belongs to your own files. Go back to them to go on.').waitFor();
    expect(await goOn.count()).toBe(1);
    await goOn.click();
    await row(page, 'into-link.txt').waitFor();
    await page.getByRole('button', { name: 'My own files' }).click();
    await goOn.click();
    await row(page, 'into-account.txt').waitFor();
    for (const { files } of [ada, ben]) files.refresh();
    expect(await ada.files.readText('/ada/Box/into-link.txt')).toBe('into-link.txt');
    expect(await ben.files.readText('/ben/into-account.txt')).toBe('into-account.txt');
    const noted = await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('pyrgos-upload')));
    expect(noted).toEqual([]);
  });
});
