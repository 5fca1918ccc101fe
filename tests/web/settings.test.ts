import { totpCode } from '@pyrgos/client/session';
import { totpKeyOf } from './totp-key.js';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

const OTHER_PASSWORD = 'eleven quiet herons by the lock';

describe.skipIf(!hasChromium)('the settings in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let device: BrowserContext;
  let page: Page;
  /** The key of the authenticator app, as somebody types it who cannot scan. */
  let secret = '';
  beforeAll(async () => {
    world = await WebWorld.start();
    device = await world.device();
    page = await world.open(device);
    await world.signUp(page, 'ben', { keep: true });
    await page.getByRole('link', { name: 'Settings' }).click();
  });
  afterAll(async () => {
    await world?.stop();
  });
  const code = async (): Promise<string> => totpCode(totpKeyOf(secret), Math.floor(Date.now() / 1000));

  test('the space that is used, and the version of the server', async () => {
    await page.getByText(/ of .*used/u).waitFor();
    await page.getByText('You are ben on').waitFor();
    await picture(page, 'settings');
  });

  test('a wish for more space that is no amount is refused beside the field', async () => {
    const wish = page.getByRole('textbox', { name: 'How much would you like to have? (GB)' });
    for (const bad of ['', 'a lot', '-3', '1e30']) {
      await wish.fill(bad);
      await page.getByRole('button', { name: 'Ask for it' }).click();
      await page.getByText('Type a number of gigabytes').waitFor();
    }
    await wish.fill('2,5');
    await page.getByText('Type a number of gigabytes').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Ask for it' }).click();
    await page.getByText('Your wish was sent.').waitFor();
  });

  test('light and dark', async () => {
    await page.getByRole('radio', { name: 'Dark' }).check();
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
    await picture(page, 'settings-dark');
    await page.getByText('As this device').click();
  });

  test('an authenticator app is added, and asked for', async () => {
    await page.getByRole('button', { name: 'Add an authenticator app' }).click();
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    secret = (await page.locator('p[class*=secret]').textContent()) ?? '';
    // Without a click into the field.
    await page.keyboard.type('000000');
    expect(await page.getByRole('textbox', { name: 'Code of your authenticator app' }).inputValue()).toBe('000000');
    await picture(page, 'authenticator');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('dialog').getByText('That code was not right.').waitFor();
    await page.getByRole('textbox', { name: 'Code of your authenticator app' }).fill(await code());
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Remove: / }).waitFor();
  });

  test('backup codes are shown once', async () => {
    await page.getByRole('button', { name: 'Make backup codes' }).click();
    await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    expect(await page.getByRole('dialog').getByRole('listitem').count()).toBeGreaterThan(4);
    await page.getByRole('button', { name: 'I have written them down' }).click();
  });

  test('another device is asked for the second factor', async () => {
    const other = await world.open(await world.device());
    await other.getByRole('textbox', { name: 'User name' }).fill('ben');
    await other.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await other.getByRole('button', { name: 'Log in' }).click();
    const field = other.getByRole('textbox', { name: /^Code of your authenticator app/u });
    await field.waitFor();
    await picture(other, 'second-factor');
    await field.fill('000000');
    await other.getByRole('button', { name: 'Continue' }).click();
    await other.getByText('That was not right').waitFor();
    await field.fill(await code());
    await other.getByRole('button', { name: 'Continue' }).click();
    await other.getByRole('button', { name: 'Upload' }).waitFor();
    await other.close();
  });

  test('the device stays logged in after a reload, and the password is changed', async () => {
    await page.reload();
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
    await page.getByRole('textbox', { name: 'Current password' }).fill('not this one');
    await page.getByRole('textbox', { name: 'New password' }).fill(OTHER_PASSWORD);
    await page.getByRole('textbox', { name: 'Password once more' }).fill(OTHER_PASSWORD);
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByText('This is not your current password.').waitFor();
    await picture(page, 'wrong-current-password');
    await page.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByRole('textbox', { name: /^Code of your authenticator app/u }).fill(await code());
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Your password was changed.').waitFor();
  });

  test('who logs out is out, also after a reload', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.reload();
    await page.getByRole('textbox', { name: 'User name' }).fill('ben');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Wrong user name or password.').waitFor();
    await picture(page, 'wrong-password');
  });

  test('an account is deleted', async () => {
    await world.signUp(page, 'cleo');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Delete my account' }).click();
    const dialog = page.getByRole('alertdialog');
    expect(await dialog.getByRole('button', { name: 'Delete my account' }).isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Type “cleo” to confirm' }).fill('cleo');
    await dialog.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Delete my account' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
