import { totpCode } from '@pyrgos/client/session';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { totpKeyOf } from './totp-key.js';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

/** A browser that stores nothing for a page: what it answers then. */
const STORES_NOTHING = `{
  const refuse = () => { throw new DOMException('denied', 'SecurityError'); };
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
    Object.defineProperty(globalThis, name, { configurable: true, get: refuse });
  if (globalThis.ServiceWorkerContainer) ServiceWorkerContainer.prototype.register = async () => refuse();
}`;
/** A browser that has no room left. */
const IS_FULL = `{
  const refuse = () => { throw new DOMException('full', 'QuotaExceededError'); };
  IDBObjectStore.prototype.put = IDBObjectStore.prototype.add = refuse;
  if (globalThis.Storage) Storage.prototype.setItem = refuse;
}`;
/** A device whose clock is wrong by so many milliseconds. */
const clockWrongBy = (milliseconds: number): string => `{
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given) { if (given.length === 0) super(RealDate.now() + ${milliseconds}); else super(...given); }
    static now() { return RealDate.now() + ${milliseconds}; }
  };
}`;
const HOUR = 3_600_000;

describe.skipIf(!hasChromium)('devices that are not as they should be (needs a Chromium)', () => {
  let world: WebWorld;
  beforeAll(async () => {
    world = await WebWorld.start();
  });
  afterAll(async () => {
    await world?.stop();
  });
  /** A device on which something runs before the page, and before the engine. */
  const oddDevice = async (script: string): Promise<BrowserContext> => {
    const device = await world.device({ serviceWorkers: 'allow' });
    await device.addInitScript(script);
    await device.route(/engine\.worker-.*\.js$/u, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${script}\n${await response.text()}` });
    });
    return device;
  };
  const upload = async (page: Page, name: string): Promise<void> => {
    await page.getByLabel('Files …', { exact: true }).setInputFiles([{ name, mimeType: 'text/plain', buffer: Buffer.from('kept') }]);
    await page.getByRole('row', { name }).waitFor();
  };

  test('a browser that stores nothing: everything works but staying logged in, which is said', async () => {
    const page = await world.open(await oddDevice(STORES_NOTHING));
    await world.signUp(page, 'nora', { keep: true });
    await page.getByText('This browser keeps nothing for this page').waitFor();
    await picture(page, 'storage-blocked');
    await upload(page, 'one.txt');
    await page.getByRole('row', { name: 'one.txt' }).getByRole('gridcell').first().click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(download.suggestedFilename()).toBe('one.txt');
    await page.getByRole('button', { name: 'Select nothing' }).click();
    await page.getByRole('button', { name: 'one.txt' }).click();
    await page.getByText('kept', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Back to the folder' }).click();
    await page.getByRole('link', { name: 'Settings' }).click();
    const keep = page.getByRole('checkbox', { name: 'Stay logged in on this device' });
    expect(await keep.isChecked()).toBe(false);
    await keep.click();
    await page.getByRole('main').getByText('This browser keeps nothing for this page').waitFor();
    await picture(page, 'storage-blocked-settings');
    await page.reload();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await world.logIn(page, 'nora');
    await page.getByRole('row', { name: 'one.txt' }).waitFor();
    await page.context().close();
  });

  test('a browser whose storage is full: the same', async () => {
    const device = await oddDevice(IS_FULL);
    const page = await world.open(device);
    await world.signUp(page, 'otto', { keep: true });
    await page.getByText('This browser keeps nothing for this page').waitFor();
    await picture(page, 'storage-full');
    await upload(page, 'two.txt');
    await page.getByRole('row', { name: 'two.txt' }).getByRole('gridcell').first().click();
    await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    await device.close();
  });

  test.each([
    ['fast', 7 * HOUR],
    ['slow', -7 * HOUR],
  ])('a clock that is hours %s is said to be wrong, by who signs up and by who logs in', async (name, wrong) => {
    const username = `pat-${name}`;
    const device = await oddDevice(clockWrongBy(wrong));
    const page = await world.open(device);
    await page.goto(new URL('/#/sign-up', world.daemon.url).href);
    await world.fillSignUp(page, username);
    const problem = page.getByText(/^The clock of this device differs from that of the server by 4(?:19|20|21) minutes/u);
    await problem.waitFor();
    await picture(page, `clock-${name}`);
    const right = await world.device();
    await world.signUp(await world.open(right), `${username}-right`);
    await right.close();
    await page.goto(world.daemon.url);
    await page.getByRole('textbox', { name: 'User name' }).fill(`${username}-right`);
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await problem.waitFor();
    await device.close();
  });

  test('an app with a wrong clock is named as a cause when its code is not right', async () => {
    const device = await world.device();
    const page = await world.open(device);
    await world.signUp(page, 'rae');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Add an authenticator app' }).click();
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    const secret = (await page.locator('p[class*=secret]').textContent()) ?? '';
    const code = async (at: number): Promise<string> => totpCode(totpKeyOf(secret), Math.floor(at / 1000));
    await page.getByRole('textbox', { name: 'Code of your authenticator app' }).fill(await code(Date.now()));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('textbox', { name: 'User name' }).fill('rae');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    const field = page.getByRole('textbox', { name: /^Code of your authenticator app/u });
    await field.fill(await code(Date.now() - HOUR));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('the clock of the device with the app has to be right').waitFor();
    await picture(page, 'clock-of-the-app');
    await field.fill(await code(Date.now()));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await device.close();
  });

  test('a page that is older than its server says so where a part of it is missing', async () => {
    const device = await world.device({ serviceWorkers: 'block' });
    const page = await world.open(device);
    await world.signUp(page, 'quin');
    await device.route('**/assets/*.js', async (route) => route.fulfill({ status: 404 }));
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('alert').getByText('This part of the page cannot be loaded.').waitFor();
    await picture(page, 'page-old');
    await device.unroute('**/assets/*.js');
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await device.close();
  });
});
