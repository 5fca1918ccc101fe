import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from './catalogue.js';
import { landscape } from './sample-files.js';
import { befriend, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// Chats in the narrowest window that is supported, in every language: nothing is cut off, and nothing is left in English.

const LONG = 'A name of a chat that is as long as such names are when nobody has thought of telephones';

describe.skipIf(!hasChromium).each([
  ['de', 'Deutsch', 'light', 'rakete', 'Rakete'],
  ['es', 'Español', 'dark', 'cohete', 'cohete'],
  ['fr', 'Français', 'light', 'fusee', 'fusée'],
] as const)('chats at 320 pixels, %s (needs a Chromium)', (language, languageName, colorScheme, rocket, rocketName) => {
  const texts = catalogue(language);
  const english = catalogue('en');
  let world: WebWorld;
  let people: readonly UserSession[];
  let page: Page;
  /** A text of the language, without what is put into it. */
  const say = (id: string): string => {
    const text = texts.get(id);
    if (text === undefined) throw new Error(`there is no text ${id}`);
    return text;
  };
  /** A text with a name in it. */
  const withName = (id: string, name: string): string => say(id).replaceAll('{name}', name);
  beforeAll(async () => {
    world = await WebWorld.start();
    people = await Promise.all(['ada', 'bob', 'carol', 'dan'].map(async (name) => person(world, name)));
    const [ada, bob, carol, dan] = people as [UserSession, UserSession, UserSession, UserSession];
    for (const other of [bob, carol, dan]) await befriend(other, ada);
    const chat = await ada.chats.create({ title: LONG, invite: ['bob', 'carol'] });
    const [invitation] = await bob.chats.invitations();
    const other = await bob.chats.join({ id: invitation?.id ?? '', inviter: 'ada' });
    await other.send({ text: 'The boat comes in at nine, and everybody has been waiting for it since the morning' });
    await other.send({ attachments: [{ source: landscape(320, 200, 1), name: 'bay.png', mimeType: 'image/png' }] });
    await chat.refresh();
    await chat.send({ text: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft' });
    await carol.chats.create({ title: LONG, invite: ['ada'] });
    page = await world.open(
      await world.device({ viewport: { width: 320, height: 640 }, hasTouch: true, colorScheme, reducedMotion: 'reduce' }),
    );
    await world.logIn(page, 'ada');
    await page.goto(new URL('/#/settings', world.daemon.url).href);
    await page.getByText(languageName, { exact: true }).click();
  });
  afterAll(async () => {
    for (const session of people ?? []) session.close();
    await world?.stop();
  });

  /** No text is wider than its place, nothing is wrong for screen readers, and all buttons are in the language. */
  const look = async (name: string): Promise<void> => {
    await picture(page, `chat-${language}-${name}`);
    expect(await violations(page)).toEqual([]);
    const cut = await page.getByRole('button').evaluateAll((buttons) =>
      buttons
        .filter((button) => {
          const { left, right, width } = button.getBoundingClientRect();
          return width > 1 && button.closest('[aria-hidden="true"]') === null && (right > innerWidth + 1 || left < -1);
        })
        .map((button) => button.textContent),
    );
    expect(cut).toEqual([]);
    const names = await page
      .getByRole('button')
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label') ?? button.textContent ?? ''));
    const foreign = new Set([...english].filter(([id, text]) => texts.get(id) !== text && !text.includes('{')).map(([, text]) => text));
    const own = new Set(texts.values());
    expect(names.filter((one) => foreign.has(one) && !own.has(one))).toEqual([]);
  };
  const tool = async (id: string): Promise<Locator> => {
    await page.getByRole('button', { name: say('chatTools.menu') }).click();
    await page.getByRole('menuitem', { name: say(id), exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    return dialog;
  };

  test('the list, with an invitation, and a new chat', async () => {
    await page.goto(new URL('/#/chats', world.daemon.url).href);
    await page.getByRole('button', { name: withName('chats.join.of', 'carol') }).waitFor();
    await look('list');
    await page.getByRole('button', { name: say('newChat.title') }).click();
    const dialog = page.getByRole('dialog', { name: say('newChat.title') });
    await dialog.getByRole('checkbox', { name: 'dan' }).check();
    await look('new');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  test('a conversation', async () => {
    await page.getByRole('link', { name: LONG }).click();
    await page.locator('article').filter({ hasText: 'The boat comes in' }).waitFor();
    await look('conversation');
  });

  test('emojis are found in the language', async () => {
    await page.getByRole('button', { name: say('emoji.open') }).click();
    const picker = page.getByRole('dialog', { name: say('emoji.title') });
    await picker.getByRole('grid', { name: say('emoji.group.smileys') }).waitFor();
    await look('emojis');
    await picker.getByRole('searchbox', { name: say('emoji.find') }).fill(rocket);
    await picker.getByRole('button', { name: rocketName, exact: true }).waitFor();
    await look('emojis-found');
    await picker.getByRole('button', { name: rocketName, exact: true }).click();
    await picker.waitFor({ state: 'detached' });
    await expect.poll(async () => page.getByRole('textbox', { name: say('chat.write') }).inputValue()).toBe('🚀');
  });

  test('people, and the questions about them', async () => {
    const dialog = await tool('chatTools.members');
    await dialog.getByText(say('members.state.pending')).waitFor();
    await look('people');
    for (const [who, action] of [
      ['bob', 'members.makeAdmin'],
      ['bob', 'members.remove'],
    ] as const) {
      await dialog.getByRole('button', { name: withName('members.menu', who) }).click();
      await page.getByRole('menuitem', { name: say(action), exact: true }).waitFor();
      await look(`menu-${action}`);
      await page.getByRole('menuitem', { name: say(action), exact: true }).click();
      await page.getByRole('alertdialog', { name: withName(`${action}.title`, who) }).waitFor();
      await look(action);
      await page
        .getByRole('alertdialog')
        .getByRole('button', { name: say('action.cancel') })
        .click();
    }
    for (const action of ['members.leave', 'members.delete']) {
      await dialog.getByRole('button', { name: say(action), exact: true }).click();
      await page.getByRole('alertdialog', { name: say(`${action}.title`) }).waitFor();
      await look(action);
      await page
        .getByRole('alertdialog')
        .getByRole('button', { name: say('action.cancel') })
        .click();
    }
    await dialog.getByRole('button', { name: say('members.invite') }).click();
    await dialog.getByRole('checkbox', { name: 'dan' }).waitFor();
    await look('invite');
    await dialog.getByRole('button', { name: say('action.close') }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  test('name and picture', async () => {
    const dialog = await tool('chatDetails.title');
    await look('details');
    await dialog.locator('input[type=file]').setInputFiles({ name: 'bay.png', mimeType: 'image/png', buffer: landscape(400, 300, 3) });
    await page.getByRole('button', { name: say('icon.use') }).waitFor();
    await look('crop');
    await page.getByRole('button', { name: say('icon.use') }).click();
    await dialog.getByRole('img', { name: say('icon.preview') }).waitFor();
    await look('details-picture');
    await dialog.getByRole('button', { name: say('action.cancel') }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  test('search, and pictures and files', async () => {
    await page.getByRole('button', { name: say('chatTools.search') }).click();
    const search = page.getByRole('dialog');
    await search.getByRole('searchbox', { name: say('chatSearch.text') }).fill('boat');
    await search.getByRole('button', { name: say('chatSearch.submit'), exact: true }).click();
    await search.getByRole('listitem').first().waitFor();
    await look('search');
    await search.getByRole('searchbox').fill('submarine');
    await page.keyboard.press('Enter');
    await search.getByText(say('chatSearch.none.help')).waitFor();
    await look('search-none');
    await search.getByRole('button', { name: say('action.close') }).click();
    await search.waitFor({ state: 'detached' });
    const gallery = await tool('chatTools.media');
    await gallery.getByRole('listitem').first().waitFor();
    await look('gallery');
    await gallery.getByRole('button', { name: say('action.close') }).click();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
