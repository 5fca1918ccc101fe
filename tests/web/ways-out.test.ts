import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

const text = (name: string, content: string): { name: string; mimeType: string; buffer: Buffer } => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(content),
});

describe.skipIf(!hasChromium)('who leaves, and who comes next in the same tab (needs a Chromium)', () => {
  let world: WebWorld;
  let device: BrowserContext;
  let page: Page;
  const questions: string[] = [];
  beforeAll(async () => {
    world = await WebWorld.start();
    device = await world.device();
    page = await world.open(device);
    page.on('dialog', (dialog) => {
      questions.push(dialog.message());
      void dialog.accept();
    });
  });
  afterAll(async () => world?.stop());
  const upload = async (...files: ReturnType<typeof text>[]): Promise<void> =>
    page.getByLabel('Files …', { exact: true }).setInputFiles(files);
  const row = (name: string): ReturnType<Page['getByRole']> => page.getByRole('row', { name });

  /** That nothing of the files of somebody else is to be seen. */
  async function isClean(): Promise<void> {
    await page.getByText('Nothing here yet').waitFor();
    expect(await page.getByRole('region', { name: 'Transfers' }).count()).toBe(0);
    expect(await page.getByText('layoffs').count()).toBe(0);
    // Who is in now may be noted, and nothing else.
    const noted = await page.evaluate(() => Object.entries(sessionStorage).map(([key, value]) => `${key}: ${String(value)}`));
    expect(noted.filter((note) => !/^pyrgos-unkept-session: (?:ben|cleo)$/u.test(note))).toEqual([]);
  }

  test('who is faster than the judgement of the password is signed up all the same', async () => {
    const slow = await world.device();
    await slow.route('**/engine.worker-*.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await route.continue();
    });
    const door = await world.open(slow);
    await world.signUp(door, 'hasty');
    await slow.close();
  });

  test('who is at the door again because the page was loaded anew is told so', async () => {
    const other = await world.device();
    const here = await world.open(other);
    await world.signUp(here, 'fresh');
    await here.reload();
    await here.getByText('The page was loaded anew, and fresh was logged out.').waitFor();
    await picture(here, 'loaded-anew');
    expect(await here.getByRole('textbox', { name: 'User name' }).inputValue()).toBe('fresh');
    await here.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await here.getByRole('button', { name: 'Log in' }).click();
    await here.getByRole('button', { name: 'Log out' }).click();
    await here.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await here.getByText('The page was loaded anew').count()).toBe(0);
    await other.close();
  });

  test('a form that is not ready to be sent leads to what is missing', async () => {
    const door = await world.open(device, '/#/sign-up');
    await door.getByRole('button', { name: 'Sign up' }).click();
    await expect.poll(async () => door.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('username');
    await door.getByText('Please do that first.').waitFor();
    await door.close();
  });

  test('two uploads that meet files of the same name ask one after the other', async () => {
    await world.signUp(page, 'ada');
    await upload(text('one.txt', '1'), text('two.txt', '2'));
    await row('two.txt').waitFor();
    await page.getByText('Done').first().waitFor();
    await upload(text('one.txt', 'one'));
    await page.getByText('“one.txt” is there already').waitFor();
    // The dialog is modal for people; a second upload may have been under way all the same.
    await page.locator('input[aria-label="Files …"]').setInputFiles([text('two.txt', 'two')]);
    await page.getByRole('button', { name: 'Skip' }).click();
    await page.getByText('“two.txt” is there already').waitFor();
    await page.getByRole('button', { name: 'Skip' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
  });

  test('logging out with a text that is not saved is asked about, and leaves nothing', async () => {
    await upload(text('layoffs-2026.txt', 'nobody'));
    await row('layoffs-2026.txt').getByRole('button').click();
    await page.getByRole('textbox').first().click();
    await page.keyboard.type('all of them');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    expect(questions.at(-1)).toMatch(/not saved/u);
    await world.signUp(page, 'ben');
    await isClean();
  });

  test('logging out in one tab is logging out in all of them, after a question when another one would lose something', async () => {
    const shared = await world.device();
    const one = await world.open(shared);
    await world.signUp(one, 'eve', { keep: true });
    const two = await shared.newPage();
    await two.goto(world.daemon.url);
    await two.getByRole('button', { name: 'More' }).click();
    await two.getByRole('menuitem', { name: 'New text file' }).click();
    await two.getByRole('button', { name: 'Create' }).click();
    await two.getByRole('row', { name: 'Notes.txt' }).getByRole('button').click();
    await two.getByRole('textbox').first().click();
    await two.keyboard.type('unsaved');
    const asked: string[] = [];
    one.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.accept();
    });
    await one.getByRole('button', { name: 'Log out' }).click();
    await one.getByRole('button', { name: 'Log in' }).waitFor();
    expect(asked).toEqual([expect.stringMatching(/not saved/u)]);
    await two.getByRole('button', { name: 'Log in' }).waitFor();
    await two.reload();
    await two.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await two.getByText('The page was loaded anew').count()).toBe(0);
    await shared.close();
  });

  test('deleting the account leaves nothing either', async () => {
    await upload(text('layoffs-2027.txt', 'nobody'));
    await row('layoffs-2027.txt').waitFor();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Delete my account' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('textbox').first().fill('ben');
    await dialog.locator('input[type=password]').fill(PASSWORD);
    await dialog.getByRole('button', { name: /Delete/u }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await world.signUp(page, 'cleo');
    await isClean();
    await page.getByRole('button', { name: 'Log out' }).click();
  });

  test('who presses twice logs in once', async () => {
    let asked = 0;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await device.route(/login\/getLogin/u, async (route) => {
      asked++;
      await held;
      await route.continue();
    });
    await page.goto(world.daemon.url);
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    const button = page.getByRole('button', { name: 'Log in' });
    await button.dblclick();
    await expect.poll(async () => button.getAttribute('aria-disabled')).toBe('true');
    await expect.poll(() => asked).toBe(1);
    await button.click({ force: true });
    await page.keyboard.press('Enter');
    await picture(page, 'logging-in');
    release();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    expect(asked).toBe(1);
    await device.unroute(/login\/getLogin/u);
    await page.getByRole('button', { name: 'Log out' }).click();
  });

  test('a kept session that takes long to open does not take over from a newer log-in', async () => {
    await world.logIn(page, 'ada', { keep: true });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHeld = false;
    await device.route(/getChain/u, async (route) => {
      if (!isHeld) {
        isHeld = true;
        await held;
      }
      await route.continue();
    });
    await page.reload();
    await expect.poll(() => isHeld).toBe(true);
    // Without loading the page again.
    await page.evaluate(() => {
      location.hash = '#/sign-up';
    });
    await world.fillSignUp(page, 'dora');
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await page.getByText('dora', { exact: true }).first().waitFor();
    release();
    // Long enough for the other one to come in.
    await page.waitForTimeout(3000);
    expect(await page.getByText('dora', { exact: true }).count()).toBeGreaterThan(0);
    expect(await page.getByText('ada', { exact: true }).count()).toBe(0);
    await device.unroute(/getChain/u);
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
