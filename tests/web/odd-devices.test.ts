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

  test('a browser whose storage is full: the same, and what was kept before is not in the way', async () => {
    const device = await world.device();
    const page = await world.open(device);
    const line = await device.newCDPSession(page);
    const { origin } = new URL(world.daemon.url);
    await line.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 0 });
    await page.reload();
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
    ['in another year', -400 * 24 * HOUR],
  ])('a clock that is %s keeps nobody from signing up, or logging in with a code of the right time', async (name, wrong) => {
    const username = `pat-${name.replaceAll(' ', '-')}`;
    const device = await oddDevice(clockWrongBy(wrong));
    const page = await world.open(device);
    await world.signUp(page, username);
    await upload(page, 'three.txt');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Add an authenticator app' }).click();
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    const secret = (await page.locator('p[class*=secret]').textContent()) ?? '';
    const code = async (at: number): Promise<string> => totpCode(totpKeyOf(secret), Math.floor(at / 1000));
    // An app on the same device has the same clock.
    await page.getByRole('textbox', { name: 'Code of your authenticator app' }).fill(await code(Date.now() + wrong));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('the clocks of both devices have to be right').waitFor();
    await page.getByRole('textbox', { name: 'Code of your authenticator app' }).fill(await code(Date.now()));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('textbox', { name: 'User name' }).fill(username);
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    const field = page.getByRole('textbox', { name: /^Code of your authenticator app/u });
    await field.fill(await code(Date.now() + wrong));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('the clock of the device with the app has to be right').waitFor();
    await picture(page, `clock-${name.replaceAll(' ', '-')}`);
    await field.fill(await code(Date.now()));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('row', { name: 'three.txt' }).waitFor();
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
