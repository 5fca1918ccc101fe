import type { BrowserContext, CDPSession, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('a security key in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let device: BrowserContext;
  let page: Page;
  let line: CDPSession;
  /** A key that is plugged in. */
  let key = '';
  beforeAll(async () => {
    world = await WebWorld.start();
    device = await world.device();
    page = await world.open(device);
    line = await device.newCDPSession(page);
    await line.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'usb', automaticPresenceSimulation: true } as const;
    key = (await line.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
    await world.signUp(page, 'kim');
    await page.getByRole('link', { name: 'Settings' }).click();
  });
  afterAll(async () => {
    await world?.stop();
  });
  const touch = async (isTouched: boolean): Promise<void> => {
    await line.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: key, enabled: isTouched });
  };
  /** Once, as when somebody closes the dialog of the browser: here is nobody who could. */
  const refuse = async (what: 'create' | 'get'): Promise<void> =>
    page.evaluate((name) => {
      const { credentials } = navigator;
      const real = credentials[name];
      credentials[name] = async () => {
        credentials[name] = real;
        return Promise.reject(new DOMException('refused', 'NotAllowedError'));
      };
    }, what);
  const logIn = async (): Promise<void> => {
    await page.getByRole('textbox', { name: 'User name' }).fill('kim');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  test('it is added', async () => {
    await page.getByRole('button', { name: 'Add a security key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('blue key');
    await picture(page, 'security-key-name');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('Security key blue key').waitFor();
    expect((await line.send('WebAuthn.getCredentials', { authenticatorId: key })).credentials).toHaveLength(1);
    await picture(page, 'security-key-added');
  });

  test('whoever does not touch it can give up, and begin again', async () => {
    await touch(false);
    await page.getByRole('button', { name: 'Add a security key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('red key');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await touch(true);
    await page.getByRole('button', { name: 'Add a security key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('green key');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Security key green key').waitFor();
    await picture(page, 'security-keys');
    expect(await page.getByText('red key').count()).toBe(0);
    await page.getByRole('button', { name: 'Remove: Security key green key' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Security key green key').waitFor({ state: 'detached' });
  });

  test('a browser that has no key for it says so', async () => {
    await refuse('create');
    await page.getByRole('button', { name: 'Add a security key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('again');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('No security key was added.').waitFor();
    await picture(page, 'security-key-refused');
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  test('it opens the account', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await logIn();
    await page.getByText('Touch your security key now.').waitFor();
    await picture(page, 'security-key-log-in');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
  });

  test('who does not have it at hand is not let in, and can try again', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await refuse('get');
    await logIn();
    await page.getByText('Touch your security key now.').waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The second factor was not right.').waitFor();
    await picture(page, 'security-key-wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
  });

  test('when it is taken away the password is enough', async () => {
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Remove: Security key blue key' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Security key blue key').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Log out' }).click();
    await logIn();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
