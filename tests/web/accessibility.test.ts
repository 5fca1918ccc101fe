import { connect } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tooWide, violations } from './violations.js';
import { hasChromium, PASSWORD, WebWorld } from './web-world.js';

/** As a font does that other devices have. */
async function widen(page: Page): Promise<void> {
  await page.evaluate(() => {
    document.documentElement.style.letterSpacing = '0.04em';
  });
}

describe.skipIf(!hasChromium).each([
  ['light', 1100],
  ['dark', 1100],
  ['light', 320],
] as const)('every screen, %s, %i wide (needs a Chromium)', (colorScheme, width) => {
  let world: WebWorld;
  let page: Page;
  /** Where a chat is. */
  let chatPlace = 'chats';
  beforeAll(async () => {
    world = await WebWorld.start();
    page = await world.open(await world.device({ colorScheme, viewport: { width, height: 740 }, reducedMotion: 'reduce' }));
  });
  afterAll(async () => {
    await world?.stop();
  });

  test('log-in', async () => {
    await page.getByRole('button', { name: 'Log in' }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'English · Theme' }).click();
    await page.getByRole('radio', { name: 'Deutsch' }).check();
    await page.getByRole('button', { name: 'Anmelden' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('radio', { name: 'English' }).check();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  test('sign-up, with everything that it can say', async () => {
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByRole('textbox', { name: 'User name' }).fill('Not a name');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill('password1234');
    await page.getByText('It is one that many people use').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('a link to something shared', async () => {
    await page.goto(new URL('/secret/z59v/1#password', world.daemon.url).href);
    await page.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('the drive, empty and with files, as a list and as tiles', async () => {
    await world.signUp(page, 'ada');
    await page.getByText('Nothing here yet').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Files …', { exact: true }).setInputFiles([
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('text') },
      { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from('no picture') },
    ]);
    await page.getByRole('row', { name: 'notes.txt' }).waitFor();
    // On a phone there is not more than this line.
    await page.getByText('2 files uploaded').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show as tiles' }).click();
    await page.getByRole('grid').focus();
    await page.keyboard.press('Control+a');
    await page.getByRole('button', { name: 'Delete' }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('dialogs', async () => {
    await page.getByRole('button', { name: 'Move' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Move here' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('textbox', { name: 'Name' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('dialog', { name: 'New folder' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('textbox', { name: 'Name' }).waitFor({ state: 'detached' });
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('viewers', async () => {
    await page.goto(new URL('/#/view/ada/notes.txt', world.daemon.url).href);
    await page.getByRole('textbox', { name: 'Text of notes.txt' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Next file' }).click();
    await page.getByText('This picture cannot be shown').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('search and trash', async () => {
    await page.goto(new URL('/#/search/ada', world.daemon.url).href);
    await page.getByText('Kind, size and date').click();
    await page.getByRole('textbox', { name: 'At least (MB)' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'Trash' }).click();
    await page.getByText('The trash is empty').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('settings', async () => {
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText(/ of .*used/u).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Add an authenticator app' }).click();
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await page.getByRole('alertdialog').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
  });

  test('people, and the files of friends', async () => {
    const carl = await (await connect(world.daemon.url)).signUp({ username: 'carl', password: PASSWORD, token: '' });
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByText('No friends yet.').waitFor();
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('button', { name: 'Send a request' }).click();
    await page.getByText('That is you.').waitFor();
    expect(await violations(page)).toEqual([]);
    await carl.friends.follow('ada');
    await page.getByRole('link', { name: 'People, 1 request' }).waitFor({ timeout: 60_000 });
    await page.getByText('What do the answers do?').click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Accept and follow back: carl' }).click();
    await page.getByRole('region', { name: 'Friends' }).getByText('carl').waitFor();
    await carl.friends.state();
    const menu = page.getByRole('button', { name: 'What to do about carl' });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Compare safety number' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('menuitem', { name: 'Compare safety number' }).click();
    await page.getByRole('img', { name: 'QR code of the safety number with carl' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'It is the same: mark as verified' }).click();
    await page.getByText('Verified', { exact: true }).waitFor();
    await menu.click();
    await page.getByRole('menuitem', { name: 'Unfollow' }).click();
    const question = page.getByRole('alertdialog', { name: 'Unfollow carl?' });
    await question.waitFor();
    expect(await violations(page)).toEqual([]);
    await question.getByRole('button', { name: 'Cancel' }).click();
    await carl.files.write('/carl/Letters/One.txt', 'dear', { parents: true });
    await carl.shares.share('/carl/Letters', [{ user: 'ada' }]);
    carl.close();
    await page.getByRole('link', { name: 'Files' }).click();
    await page.getByRole('link', { name: 'All files' }).click();
    await page.getByRole('row', { name: 'carl' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto(new URL('/#/drive/carl/Letters', world.daemon.url).href);
    await page.getByRole('row', { name: 'One.txt' }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('chats', async () => {
    await page.goto(new URL('/#/chats', world.daemon.url).href);
    await page.getByText('No chats yet').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'New chat' }).click();
    await page.getByRole('dialog').getByText('carl').click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Begin the chat' }).click();
    await page.locator('article').filter({ hasText: 'You have invited carl.' }).waitFor();
    chatPlace = new URL(page.url()).hash.slice(2);
    const field = page.getByRole('textbox', { name: 'Message' });
    await field.fill('x'.repeat(2001));
    await page.getByText('1 character too many').waitFor();
    await page.locator('input[type=file]').setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('text') }]);
    await page.getByRole('button', { name: 'Leave a.txt out' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await field.fill('words');
    await page.getByRole('button', { name: 'Send' }).click();
    const own = page.locator('article').filter({ hasText: 'words' });
    await own.getByRole('button', { name: 'More about this message' }).click();
    await page.getByRole('menuitem', { name: 'Answer' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('menuitem', { name: 'Answer' }).click();
    await page.getByText('Answer to your own message').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  // Where it is wide there is room.
  test.each(width < 500 ? ['de', 'fr', 'es'] : [])(
    'nothing is wider than the window in %s, with letters that are wider than here',
    async (language) => {
      await page.evaluate((chosen) => {
        localStorage.setItem('pyrgos-preferences', JSON.stringify({ language: chosen }));
      }, language);
      await page.reload();
      for (const form of ['', '?signup=true#/sign-up']) {
        await page.goto(new URL(form, world.daemon.url).href);
        await page.locator(`html[lang=${language}] form`).waitFor();
        await widen(page);
        expect.soft([form, ...(await tooWide(page))]).toEqual([form]);
      }
      await page.goto(world.daemon.url);
      await page.locator('input[name=username]').fill('ada');
      await page.locator('input[name=password]').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('grid').waitFor();
      await widen(page);
      for (const place of [
        'drive/ada',
        'view/ada/notes.txt',
        'view/ada/photo.png',
        'search/ada',
        'trash',
        'settings',
        'people',
        'shared',
        'news',
        'chats',
        chatPlace,
        'profile/ada',
        'profile/carl',
        'drive/',
        'drive/carl/Letters',
      ]) {
        await page.goto(new URL(`/#/${place}`, world.daemon.url).href);
        await page.locator('#content h1').waitFor();
        await page.getByRole('progressbar').and(page.locator(':not([aria-valuenow])')).waitFor({ state: 'detached' });
        expect.soft([place, ...(await tooWide(page))]).toEqual([place]);
      }
    },
  );
});
