import { setTimeout as pause } from 'node:timers/promises';
import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { again, befriend, friendsInBrowsers, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// Who is in a chat, and who decides that: two people in browsers, and a third one with another program.

describe.skipIf(!hasChromium)('the people of a chat (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: Page;
  /** In the dark. */
  let bob: Page;
  let bobElsewhere: UserSession;
  let carol: UserSession;
  beforeAll(async () => {
    world = await WebWorld.start();
    ({ ada, bob, bobElsewhere } = await friendsInBrowsers(world));
    (await person(world, 'carol')).close();
    carol = await again(world, 'carol');
    await carol.friends.follow('ada');
    await ada.getByRole('link', { name: /^People/u }).click();
    await ada.getByRole('button', { name: 'Accept and follow back' }).click();
    await ada.getByRole('button', { name: 'What to do about carol' }).waitFor();
    while (!(await carol.friends.state()).following.includes('ada')) await pause(100);
    await befriend(bobElsewhere, carol);
  });
  afterAll(async () => {
    for (const session of [bobElsewhere, carol]) session?.close();
    await world?.stop();
  });

  const toChats = async (page: Page): Promise<void> => page.getByRole('link', { name: /^Chats/u }).click();
  /** Looks for messages now, and not in some seconds. */
  const look = async (page: Page): Promise<void> => page.evaluate(() => void dispatchEvent(new Event('focus')));
  const seen = async (page: Page, shown: Locator): Promise<void> => {
    await expect
      .poll(async () => {
        await look(page);
        return shown.first().isVisible();
      })
      .toBe(true);
  };
  const tool = async (page: Page, name: string): Promise<Locator> => {
    await page.getByRole('button', { name: 'More about this chat' }).click();
    await page.getByRole('menuitem', { name }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    return dialog;
  };
  const people = async (page: Page): Promise<Locator> => {
    const dialog = await tool(page, 'People');
    await dialog.getByRole('listitem').first().waitFor();
    return dialog;
  };
  /** What the conversation says; the list of chats shows the last of it too. */
  const said = (page: Page, text: string): Locator => page.locator('article').filter({ hasText: text });
  const line = (dialog: Locator, name: string): Locator =>
    dialog.getByRole('listitem').filter({ has: dialog.page().getByRole('link', { name, exact: true }) });
  const choose = async (dialog: Locator, name: string, choice: string): Promise<void> => {
    await line(dialog, name)
      .getByRole('button', { name: `What to do about ${name}` })
      .click();
    await dialog.page().getByRole('menuitem', { name: choice }).click();
  };
  const confirm = async (page: Page, action: string): Promise<void> => {
    await page.getByRole('alertdialog').getByRole('button', { name: action }).click();
    await page.getByRole('alertdialog', { name: /\?$/u }).waitFor({ state: 'detached' });
  };
  const focused = async (page: Page): Promise<string> =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
  const takePicture = async (page: Page, seed: number): Promise<void> => {
    await page
      .getByRole('dialog')
      .locator('input[type=file]')
      .setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: landscape(1200, 900, seed) });
    const crop = page.getByRole('dialog', { name: 'Choose a picture …' });
    await crop.getByRole('slider', { name: 'Larger or smaller' }).fill('2');
    expect(await violations(page)).toEqual([]);
    await crop.getByRole('button', { name: 'Use this picture' }).click();
    await page.getByRole('dialog').getByRole('img', { name: 'How the picture will look' }).waitFor();
  };
  const iconOf = (page: Page, title: string): Locator => page.getByRole('link', { name: title }).locator('img');

  test('a chat with a friend, with a name and a picture', async () => {
    await toChats(ada);
    await ada.getByRole('button', { name: 'New chat' }).press('Enter');
    const dialog = ada.getByRole('dialog', { name: 'New chat' });
    await dialog.getByRole('checkbox', { name: 'bob' }).waitFor();
    expect(await dialog.getByRole('button', { name: 'Begin the chat' }).isDisabled()).toBe(true);
    await dialog.getByRole('checkbox', { name: 'bob' }).press('Space');
    await dialog.getByRole('textbox', { name: 'Name of the chat' }).fill('Lake');
    await takePicture(ada, 2);
    await picture(ada, 'chat-new-dialog');
    await dialog.getByRole('button', { name: 'Begin the chat' }).press('Enter');
    await ada.getByRole('heading', { name: 'Lake', level: 1 }).waitFor();
    await toChats(bob);
    const join = bob.getByRole('button', { name: 'Join the chat of ada' });
    await seen(bob, join);
    await join.click();
    await bob.getByRole('heading', { name: 'Lake', level: 1 }).waitFor();
    await iconOf(bob, 'Lake').waitFor();
    await expect.poll(async () => iconOf(bob, 'Lake').evaluate((shown: HTMLImageElement) => shown.naturalWidth)).toBe(128);
    const icon = (await bobElsewhere.chats.list()).chats[0]?.icon;
    expect(icon?.bytes.length).toBeLessThanOrEqual(20_000);
    await seen(ada, said(ada, 'bob has joined.'));
  });

  test('who is in it, and the window is left with the keyboard', async () => {
    const dialog = await people(ada);
    await line(dialog, 'ada').getByText('You').waitFor();
    await line(dialog, 'ada').getByText('Admin', { exact: true }).waitFor();
    await line(dialog, 'bob').getByText('In the chat').waitFor();
    // The last admin stays one, so there is nothing to choose.
    expect(await line(dialog, 'ada').getByRole('button').count()).toBe(0);
    expect(await violations(ada)).toEqual([]);
    await ada.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(async () => focused(ada)).toBe('More about this chat');
  });

  test('a third one is invited, and joins', async () => {
    const dialog = await people(ada);
    await dialog.getByRole('button', { name: 'Invite friends' }).click();
    await dialog.getByText('Whoever joins can read all of the chat').waitFor();
    await expect.poll(async () => focused(ada)).toBe('Invite friends');
    // Who is in the chat is not offered.
    await dialog.getByRole('checkbox', { name: 'carol' }).check();
    expect(await dialog.getByRole('checkbox').count()).toBe(1);
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-members-invite');
    await dialog.getByRole('button', { name: 'Invite', exact: true }).click();
    await line(dialog, 'carol').getByText('Invited, has not joined yet').waitFor();
    const [invitation] = await carol.chats.invitations();
    expect(invitation?.title).toBe('Lake');
    const chat = await carol.chats.join({ id: invitation?.id ?? '', inviter: 'ada' });
    await chat.send({ text: 'Hello from elsewhere' });
    // What changes while somebody looks is shown.
    await seen(ada, line(dialog, 'carol').getByText('In the chat'));
    await dialog.getByRole('button', { name: 'Close' }).click();
    await seen(bob, said(bob, 'Hello from elsewhere'));
  });

  test('only admins remove people, and make others admins', async () => {
    const dialog = await people(bob);
    await line(dialog, 'carol').getByText('In the chat').waitFor();
    await line(dialog, 'ada').getByText('Admin', { exact: true }).waitFor();
    for (const name of ['ada', 'bob', 'carol']) expect(await line(dialog, name).getByRole('button').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Close' }).click();

    const own = await people(ada);
    await choose(own, 'bob', 'Make admin');
    const question = ada.getByRole('alertdialog', { name: 'Make bob an admin?' });
    await question.getByText('bob could take this right from you, too.').waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-members-admin');
    await ada.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await expect.poll(async () => focused(ada)).toBe('What to do about bob');
    await choose(own, 'bob', 'Make admin');
    await confirm(ada, 'Make admin');
    await line(own, 'bob').getByText('Admin', { exact: true }).waitFor();
    await own.getByRole('button', { name: 'Close' }).click();
    await seen(bob, said(bob, 'ada has changed the admins'));
  });

  test('an admin removes somebody, who reads nothing that is written afterwards', async () => {
    const dialog = await people(bob);
    await seen(bob, line(dialog, 'carol').getByRole('button', { name: 'What to do about carol' }));
    await choose(dialog, 'carol', 'Remove from the chat');
    await bob.getByRole('alertdialog', { name: 'Remove carol from the chat?' }).waitFor();
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chat-members-remove-dark');
    await confirm(bob, 'Remove from the chat');
    await line(dialog, 'carol').getByText('Not in the chat any more').waitFor();
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chat-members-dark');
    await dialog.getByRole('button', { name: 'Close' }).click();
    const field = bob.getByRole('textbox', { name: 'Message' });
    await field.fill('without carol');
    await field.press('Enter');
    await seen(ada, ada.locator('article').filter({ hasText: 'without carol' }));
    await seen(ada, said(ada, 'bob has removed carol.'));
    await carol.chats.refresh();
    const [summary] = (await carol.chats.list()).chats;
    const { messages } = await (await carol.chats.open(summary?.id ?? '')).page();
    expect(messages.map(({ text }) => text)).toContain('Hello from elsewhere');
    expect(messages.map(({ text }) => text)).not.toContain('without carol');
  });

  test('who was removed is invited again', async () => {
    const dialog = await people(ada);
    await seen(ada, line(dialog, 'carol').getByText('Not in the chat any more'));
    await choose(dialog, 'carol', 'Invite again');
    await line(dialog, 'carol').getByText('Invited, has not joined yet').waitFor();
    expect(await dialog.getByRole('listitem').count()).toBe(3);
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  test('another name and another picture, which the other one sees', async () => {
    const before = await iconOf(ada, 'Lake').getAttribute('src');
    const dialog = await tool(bob, 'Name and picture');
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Name of the chat' }).fill('  Lake <b>of</b> ours  ');
    await takePicture(bob, 5);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chat-details-dark');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await bob.getByRole('heading', { name: 'Lake <b>of</b> ours', level: 1 }).waitFor();
    await seen(ada, ada.getByRole('heading', { name: 'Lake <b>of</b> ours', level: 1 }));
    await expect.poll(async () => iconOf(ada, 'Lake').getAttribute('src')).not.toBe(before);
    await said(ada, 'bob has changed the picture of the chat.').waitFor();
  });

  test('the picture is taken away', async () => {
    const dialog = await tool(ada, 'Name and picture');
    await dialog.getByRole('button', { name: 'Remove the picture' }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await iconOf(ada, 'Lake').waitFor({ state: 'detached' });
  });

  test('an admin gives the right up', async () => {
    const dialog = await people(ada);
    await choose(dialog, 'ada', 'Give up the admin right');
    await confirm(ada, 'Give up the admin right');
    await line(dialog, 'ada').getByText('Admin', { exact: true }).waitFor({ state: 'detached' });
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  test('somebody leaves, and keeps what was written', async () => {
    const dialog = await people(ada);
    await dialog.getByRole('button', { name: 'Leave the chat' }).click();
    await ada.getByRole('alertdialog', { name: 'Leave the chat?' }).waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-leave');
    await confirm(ada, 'Leave the chat');
    await dialog.getByRole('button', { name: 'Leave the chat' }).waitFor({ state: 'detached' });
    expect(await dialog.getByRole('button', { name: 'Invite friends' }).count()).toBe(0);
    await expect.poll(async () => ada.evaluate(() => document.activeElement?.closest('[role="dialog"]') !== null)).toBe(true);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await ada.getByText('You have left this chat.').waitFor();
    expect(await ada.getByRole('textbox', { name: 'Message' }).count()).toBe(0);
    await ada.locator('article').filter({ hasText: 'without carol' }).waitFor();
    await seen(bob, said(bob, 'ada has left.'));
  });

  test('the last admin is told so before they leave', async () => {
    const dialog = await people(bob);
    await seen(bob, line(dialog, 'ada').getByText('Not in the chat any more'));
    await dialog.getByRole('button', { name: 'Leave the chat' }).click();
    // Nobody is left whom that could trouble.
    expect(await bob.getByText('You are the only admin.').count()).toBe(0);
    await bob.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  test('a chat is deleted', async () => {
    const dialog = await people(ada);
    await dialog.getByRole('button', { name: 'Delete the chat' }).click();
    await ada.getByRole('alertdialog').getByText('The copies of the others stay.').waitFor();
    expect(await violations(ada)).toEqual([]);
    await confirm(ada, 'Delete the chat');
    await ada.getByText('No chats yet').waitFor();
    await expect.poll(async () => (await bobElsewhere.chats.list()).chats.length).toBe(1);
    const last = await people(bob);
    await last.getByRole('button', { name: 'Delete the chat' }).click();
    await bob.getByRole('alertdialog').getByText('You leave the chat').waitFor();
    await picture(bob, 'chat-delete-dark');
    await confirm(bob, 'Delete the chat');
    await bob.getByText('No chats yet').waitFor();
    await expect.poll(async () => (await bobElsewhere.chats.list()).chats.length).toBe(0);
  });

  test('nobody complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
