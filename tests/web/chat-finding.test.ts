import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { befriend, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// What is found again in a chat: messages by their words, pictures and files, and emojis by their names.

/** So many messages of bob say "boat"; more than a search shows at a time. */
const BOATS = 60;

describe.skipIf(!hasChromium)('finding things in a chat (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  let ada: UserSession;
  let bob: UserSession;
  beforeAll(async () => {
    world = await WebWorld.start();
    [ada, bob] = (await Promise.all(['ada', 'bob'].map(async (name) => person(world, name)))) as [UserSession, UserSession];
    await befriend(bob, ada);
    const chat = await ada.chats.create({ title: 'Lake', invite: ['bob'] });
    const [invitation] = await bob.chats.invitations();
    const other = await bob.chats.join({ id: invitation?.id ?? '', inviter: 'ada' });
    await other.send({ text: 'The oldest one: harbour <b>café</b> at noon' });
    for (let n = 1; n <= BOATS; n++) await other.send({ text: `Boat number ${n} has come in` });
    for (let n = 1; n <= 26; n++) {
      await other.send({ attachments: [{ source: landscape(160, 120, n), name: `bay${n}.png`, mimeType: 'image/png' }] });
    }
    await other.send({
      text: 'plans',
      attachments: [{ source: new TextEncoder().encode('go there'), name: 'plan.txt', mimeType: 'text/plain' }],
    });
    await chat.refresh();
    await ada.chats.settled();
    // Where a day has 24 hours.
    page = await world.open(await world.device({ locale: 'en-GB' }));
    await world.logIn(page, 'ada', { keep: true });
    await page.getByRole('link', { name: /^Chats/u }).click();
    await page.getByRole('link', { name: /Lake/u }).click();
    await page.locator('article').filter({ hasText: 'plans' }).waitFor();
  });
  afterAll(async () => {
    for (const session of [ada, bob]) session?.close();
    await world?.stop();
  });

  const search = async (): Promise<Locator> => {
    await page.getByRole('button', { name: 'Search in this chat' }).click();
    const dialog = page.getByRole('dialog', { name: 'Search in Lake' });
    await dialog.waitFor();
    return dialog;
  };
  const focused = async (): Promise<string> =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');

  test('messages are found newest first, and more of them when somebody asks', async () => {
    const dialog = await search();
    await page.keyboard.type('boat');
    await page.keyboard.press('Enter');
    const results = dialog.getByRole('list', { name: 'Messages that were found, newest first' }).getByRole('listitem');
    await dialog.getByText('50 messages found, there may be older ones.').waitFor();
    expect(await results.count()).toBe(50);
    expect(await results.first().textContent()).toContain(`Boat number ${BOATS} has come in`);
    expect(await results.first().locator('mark').textContent()).toBe('Boat');
    expect(await violations(page)).toEqual([]);
    await picture(page, 'chat-search');
    await dialog.getByRole('button', { name: 'Search on in older messages' }).click();
    await dialog.getByText(`${BOATS} messages found.`).waitFor();
    expect(await results.count()).toBe(BOATS);
    expect(await results.last().textContent()).toContain('Boat number 1 has come in');
  });

  test('nothing is found', async () => {
    const dialog = page.getByRole('dialog', { name: 'Search in Lake' });
    await dialog.getByRole('searchbox').fill('submarine');
    await page.keyboard.press('Enter');
    await dialog.getByText('No message contains all of this.').waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'chat-search-none');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Search in this chat');
  });

  test('an old message is shown in the chat, as text', async () => {
    const dialog = await search();
    await page.keyboard.type('harbour');
    await page.keyboard.press('Enter');
    const result = dialog.getByRole('button', { name: /The oldest one: harbour <b>café<\/b> at noon/u });
    await result.waitFor();
    await result.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.locator('article').filter({ hasText: 'The oldest one' }).waitFor();
    expect(await page.locator('article').filter({ hasText: 'The oldest one' }).locator('b').count()).toBe(0);
    await picture(page, 'chat-search-jump');
    // Far from there, and with the keyboard.
    await page.getByRole('button', { name: 'To the newest message' }).press('Enter');
    await page.locator('article').filter({ hasText: 'plans' }).waitFor();
    await expect
      .poll(async () => page.evaluate(() => `${document.activeElement?.localName ?? ''}: ${document.activeElement?.textContent ?? ''}`))
      .toMatch(/^article: .*plans/u);
  });

  test('pictures and files, page by page', async () => {
    await page.getByRole('button', { name: 'More about this chat' }).click();
    await page.getByRole('menuitem', { name: 'Pictures and files' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pictures and files of Lake' });
    const tiles = dialog.getByRole('list').getByRole('listitem');
    await dialog.getByRole('button', { name: 'Older ones' }).waitFor();
    const first = await tiles.count();
    expect(first).toBe(24);
    await expect.poll(async () => tiles.nth(1).locator('img').count()).toBe(1);
    expect(
      await tiles
        .nth(1)
        .locator('img')
        .evaluate((shown: HTMLImageElement) => shown.naturalWidth),
    ).toBe(160);
    expect(await tiles.first().getByRole('button').first().getAttribute('aria-label')).toMatch(
      /^Text file from bob, \d{1,2} \p{L}{3,4} \d{4},? \d{2}:\d{2}: open$/u,
    );
    // Names are not sent; what else there is to say about a file is there.
    await tiles.first().getByText('Text file (txt), 8 bytes').waitFor();
    await tiles
      .nth(1)
      .getByText(/^Picture \(png\), .* kB$/u)
      .waitFor();
    expect(await tiles.first().locator('time').textContent()).toMatch(/^\d{2}\/\d{2}\/\d{4}$/u);
    expect(await tiles.first().getByText('bob').count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'chat-gallery');
    await dialog.getByRole('button', { name: 'Older ones' }).click();
    await expect.poll(async () => tiles.count()).toBe(27);
    expect(await dialog.getByRole('button', { name: 'Older ones' }).count()).toBe(0);
    await tiles.last().getByRole('button', { name: 'Show in the chat' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Show the picture of bob larger' }).first().waitFor();
  });

  test('a picture opens in the viewer, and the way back leads to the chat', async () => {
    await page.getByRole('button', { name: 'More about this chat' }).click();
    await page.getByRole('menuitem', { name: 'Pictures and files' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Picture from bob/u })
      .first()
      .click();
    await page.getByRole('button', { name: 'Larger', exact: true }).waitFor();
    expect(page.url()).toContain('#/view/ada/.messaging/');
    await picture(page, 'chat-gallery-viewer');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Lake', level: 1 }).waitFor();
  });

  test('an emoji is found by its name, with the keyboard alone', async () => {
    const field = page.getByRole('textbox', { name: 'Message' });
    await field.fill('Go: !');
    await field.press('ArrowLeft');
    await page.getByRole('button', { name: 'Emojis' }).focus();
    await page.keyboard.press('Enter');
    const picker = page.getByRole('dialog', { name: 'Choose an emoji' });
    await picker.getByRole('grid', { name: 'Smileys and feelings' }).waitFor();
    expect(await picker.getByRole('tab').count()).toBe(9);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'chat-emojis');
    await page.keyboard.type('rocket');
    await picker.getByRole('grid', { name: 'Emojis that were found' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await picker.waitFor({ state: 'detached' });
    expect(await field.inputValue()).toBe('Go: 🚀!');
    await expect.poll(async () => field.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type('?');
    await expect.poll(async () => field.inputValue()).toBe('Go: 🚀?!');
  });

  test('arrow keys lead through the table, and there is no emoji of every name', async () => {
    await page.getByRole('button', { name: 'Emojis' }).click();
    const picker = page.getByRole('dialog', { name: 'Choose an emoji' });
    // What was used last comes first.
    await picker.getByRole('tab', { name: 'Recently used', selected: true }).waitFor();
    expect(await picker.getByRole('gridcell').count()).toBe(1);
    await picker.getByRole('tab', { name: 'Animals and nature' }).click();
    await picker.getByRole('grid', { name: 'Animals and nature' }).waitFor();
    await picker.getByRole('tab', { name: 'Animals and nature' }).press('Tab');
    const first = await focused();
    await page.keyboard.press('ArrowRight');
    expect(await focused()).not.toBe(first);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe(first);
    await page.keyboard.press('ArrowUp');
    await expect.poll(async () => page.evaluate(() => document.activeElement?.localName)).toBe('input');
    await page.keyboard.type('qwxz');
    await picker.getByText('There is no emoji of this name.').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await picker.waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Emojis');
  });

  test('this device remembers which were used, until somebody logs out', async () => {
    const kept = async (): Promise<string | null> => page.evaluate(() => localStorage.getItem('pyrgos-recent-emojis'));
    await page.reload();
    await page.getByRole('button', { name: 'Emojis' }).click();
    await page.getByRole('tab', { name: 'Recently used', selected: true }).waitFor();
    expect(await kept()).toBe('["🚀"]');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('textbox', { name: 'User name' }).waitFor();
    expect(await kept()).toBeNull();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
