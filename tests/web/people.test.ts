import { readFile } from 'node:fs/promises';
import { connect, type UserSession } from '@pyrgos/client';
import { encodeFriendAnnotations, FriendAnnotation } from '@pyrgos/client/session';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

/** Milliseconds that a test waits for what the page finds out by itself. */
const PATIENCE = 60_000;

// Ada and Bob sit at browsers of their own; everybody else is a program.
describe.skipIf(!hasChromium)('people (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: Page;
  let bob: Page;
  const sessions: UserSession[] = [];

  /** Somebody without a browser, or another device of somebody who has one. */
  const program = async (username: string, isNew: boolean): Promise<UserSession> => {
    const server = await connect(world.daemon.url, { pointerCacheMilliseconds: 0 });
    const session = isNew
      ? await server.signUp({ username, password: PASSWORD, token: '' })
      : await server.logIn({ username, password: PASSWORD });
    sessions.push(session);
    return session;
  };
  const place = (page: Page, name: string): Locator =>
    page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name, exact: true });
  const section = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
  const person = (page: Page, list: string, name: string): Locator =>
    section(page, list)
      .getByRole('listitem')
      .filter({ has: page.getByText(name, { exact: true }) });
  /** Without a reload, and without anything that somebody does. */
  const untilThere = async (what: Locator): Promise<void> => what.waitFor({ timeout: PATIENCE });
  const choose = async (page: Page, name: string, choice: string): Promise<void> => {
    await page.getByRole('button', { name: `What to do about ${name}` }).click();
    await page.getByRole('menuitem', { name: choice, exact: true }).click();
  };
  const openPeople = async (page: Page): Promise<void> => {
    await page.goto(new URL('/#/people', world.daemon.url).href);
    await section(page, 'Friends').waitFor();
  };
  const befriend = async (friend: UserSession): Promise<void> => {
    await friend.friends.follow('ada');
    await untilThere(ada.getByRole('button', { name: `Accept and follow back: ${friend.username}` }));
    await ada.getByRole('button', { name: `Accept and follow back: ${friend.username}` }).click();
    await person(ada, 'Friends', friend.username).waitFor();
    expect((await friend.friends.state()).friends).toContain('ada');
  };

  beforeAll(async () => {
    world = await WebWorld.start();
    ada = await world.open(await world.device());
    bob = await world.open(await world.device());
    await world.signUp(ada, 'ada', { keep: true });
    await world.signUp(bob, 'bob');
  });
  afterAll(async () => {
    for (const session of sessions) session.close();
    await world?.stop();
  });

  test('somebody who knows nobody is told what to do, and every mistake beside the field', async () => {
    await place(ada, 'People').click();
    await ada.getByText('No friends yet. Send somebody a request above, or tell them your user name, ada').waitFor();
    await picture(ada, 'people-empty');
    const field = ada.getByRole('textbox', { name: 'User name' });
    const send = ada.getByRole('button', { name: 'Send a request' });
    for (const [typed, problem] of [
      ['', 'Please fill this in.'],
      ['Ada ', 'That is you.'],
      ['not a name', 'That cannot be a user name. 1 to 32 small letters, digits, and single hyphens between them.'],
      ['nobody', 'Nobody on this server’s network is called nobody.'],
    ] as const) {
      await field.fill(typed);
      await send.click();
      await ada.getByText(problem).waitFor();
      expect(await field.getAttribute('aria-invalid')).toBe('true');
    }
    // The server says so with a status that browsers write to the console.
    world.complaints.length = 0;
  });

  test('a request appears at the other as a number, without a reload', async () => {
    await ada.getByRole('textbox', { name: 'User name' }).fill('bob');
    await ada.getByRole('button', { name: 'Send a request' }).click();
    await person(ada, 'Sent requests', 'bob').waitFor();
    await ada.getByRole('textbox', { name: 'User name' }).fill('Bob');
    await ada.keyboard.press('Enter');
    await ada.getByText('You have asked bob already, who has not answered yet.').waitFor();
    await picture(ada, 'people-sent');

    await untilThere(place(bob, 'People, 1 request'));
    await picture(bob, 'people-badge');
  });

  test('accepting and following back makes both friends', async () => {
    await place(bob, 'People, 1 request').click();
    await person(bob, 'Requests', 'ada').waitFor();
    await bob.getByText('What do the answers do?').click();
    await picture(bob, 'people-request');
    await bob.getByRole('textbox', { name: 'User name' }).fill('ada');
    await bob.keyboard.press('Enter');
    await bob.getByText('ada has asked you already: answer the request above.').waitFor();
    await bob.getByRole('button', { name: 'Accept and follow back: ada' }).click();
    await bob.getByText('You and ada are friends now.').waitFor();
    await person(bob, 'Friends', 'ada').waitFor();
    await place(bob, 'People').waitFor();
    await untilThere(person(ada, 'Friends', 'bob'));
    await ada.getByRole('textbox', { name: 'User name' }).fill('bob');
    await ada.keyboard.press('Enter');
    await ada.getByText('You follow bob already.').waitFor();
  });

  test('safety numbers are compared by eye and as text, and marked', async () => {
    const digits = async (page: Page, other: string): Promise<string> => {
      await choose(page, other, 'Compare safety number');
      await page.getByRole('img', { name: `QR code of the safety number with ${other}` }).waitFor();
      return page
        .getByRole('dialog')
        .getByRole('group', { name: `Safety number with ${other}` })
        .innerText();
    };
    const shown = await digits(ada, 'bob');
    expect(shown.trim().split(/\s+/u)).toHaveLength(12);
    expect((await digits(bob, 'ada')).trim().split(/\s+/u)).toEqual(shown.trim().split(/\s+/u));
    await picture(ada, 'people-verify');
    const theirs = ada.getByRole('textbox', { name: 'Their number or code' });
    await theirs.fill('12345 67890');
    await ada.getByRole('button', { name: 'Compare', exact: true }).click();
    const differs = ada.getByText('They differ. Do not trust this account');
    await differs.waitFor();
    const { y = 0, height = 0 } = (await differs.boundingBox()) ?? {};
    expect(y + height).toBeLessThan(ada.viewportSize()?.height ?? 0);
    expect(await ada.getByRole('button', { name: 'It is the same: mark as verified' }).isDisabled()).toBe(true);
    await theirs.fill(shown);
    await ada.keyboard.press('Enter');
    await ada.getByText('They are the same: this is bob.').waitFor();
    await ada.getByRole('button', { name: 'It is the same: mark as verified' }).click();
    await person(ada, 'Friends', 'bob').getByText('Verified', { exact: true }).waitFor();
    await ada.reload();
    await person(ada, 'Friends', 'bob').getByText('Verified', { exact: true }).waitFor();
    await bob.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  });

  test('whose keys are not those that were compared is shown with a warning, and can be compared anew', async () => {
    const device = await program('ada', false);
    const { friend } = await device.identities.safetyNumber('bob');
    const other = FriendAnnotation.of('bob', true, { identity: friend.identity, boxing: friend.identity });
    await device.files.write('/ada/.annotations', encodeFriendAnnotations([other]));
    await ada.reload();
    await ada.getByRole('alert').getByText('The keys of bob are not those that you have compared.').waitFor();
    await person(ada, 'Friends', 'bob').getByText('Keys have changed').waitFor();
    await picture(ada, 'people-changed');
    await ada.getByRole('button', { name: 'Compare again' }).click();
    await ada.getByRole('dialog').getByRole('alert').waitFor();
    await ada.getByRole('button', { name: 'It is the same: mark as verified' }).click();
    await person(ada, 'Friends', 'bob').getByText('Verified', { exact: true }).waitFor();
    await choose(ada, 'bob', 'Compare safety number');
    await ada.getByText('You have compared this number with bob.').waitFor();
    await ada.getByRole('button', { name: 'Not verified any more' }).click();
    await ada.getByRole('dialog').waitFor({ state: 'detached' });
    await person(ada, 'Friends', 'bob').getByText('Verified', { exact: true }).waitFor({ state: 'detached' });
  });

  describe('the files of friends', () => {
    let bobsDevice: UserSession;
    const crumb = (name: string): Locator =>
      ada.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name, exact: true });
    const row = (name: string): Locator => ada.getByRole('row').filter({ has: ada.getByRole('button', { name, exact: true }) });
    const open = async (name: string): Promise<void> => {
      await row(name).getByRole('button', { name, exact: true }).click();
    };
    const select = async (name: string): Promise<void> => {
      await row(name).getByRole('gridcell').first().click();
      await ada.getByRole('toolbar', { name: 'What to do with the selection' }).waitFor();
    };

    beforeAll(async () => {
      bobsDevice = await program('bob', false);
    });

    test('a friend who shares nothing has an empty root, reachable from the path', async () => {
      await place(ada, 'Files').click();
      await crumb('All files').click();
      await row('ada').waitFor();
      await row('bob').waitFor();
      expect(await row('ada').getByText('Your own files').count()).toBe(1);
      expect(await ada.getByRole('button', { name: 'Upload' }).count()).toBe(0);
      await picture(ada, 'roots');
      await open('bob');
      await ada.getByText('bob shares nothing with you yet').waitFor();
      expect(await ada.getByRole('button', { name: 'Upload' }).count()).toBe(0);
    });

    test('what is shared for reading is read, and nothing is offered that cannot be', async () => {
      await bobsDevice.files.write('/bob/Plans/House.txt', 'three rooms', { parents: true });
      await bobsDevice.shares.share('/bob/Plans', [{ user: 'ada' }]);
      await place(ada, 'Files').click();
      await ada.goto(new URL('/#/people', world.daemon.url).href);
      await choose(ada, 'bob', 'Open their files');
      await open('Plans');
      await row('House.txt').waitFor();
      await ada.getByRole('status').getByText('Read only').waitFor();
      expect(await ada.getByRole('button', { name: 'New folder' }).count()).toBe(0);
      await select('House.txt');
      const toolbar = ada.getByRole('toolbar', { name: 'What to do with the selection' });
      expect(await toolbar.getByRole('button').allInnerTexts()).toEqual(['Download', 'Share …', 'Copy', 'Properties', '']);
      await picture(ada, 'friend-read-only');
      // The keys do no more than the buttons.
      await ada.getByRole('grid').focus();
      await ada.keyboard.press('F2');
      await ada.keyboard.press('Delete');
      expect(await ada.getByRole('dialog').or(ada.getByRole('alertdialog')).count()).toBe(0);
      const [download] = await Promise.all([ada.waitForEvent('download'), toolbar.getByRole('button', { name: 'Download' }).click()]);
      expect(String(await readFile(await download.path()))).toBe('three rooms');
      await ada.getByRole('button', { name: 'Select nothing' }).click();
      await open('House.txt');
      await ada.getByText('three rooms').waitFor();
      await ada.getByText('You can read this, but not change it.').waitFor();
      await ada.goBack();
      await row('House.txt').waitFor();
    });

    test('a whole folder of a friend comes as a zip file, also all that is shared', async () => {
      await crumb('bob').click();
      await select('Plans');
      const [folder] = await Promise.all([ada.waitForEvent('download'), ada.getByRole('button', { name: 'Download' }).click()]);
      expect(folder.suggestedFilename()).toBe('Plans.zip');
      expect((await readFile(await folder.path())).includes('Plans/House.txt')).toBe(true);
      await crumb('All files').click();
      await select('bob');
      const [root] = await Promise.all([ada.waitForEvent('download'), ada.getByRole('button', { name: 'Download' }).click()]);
      expect((await readFile(await root.path())).includes('bob/Plans/House.txt')).toBe(true);
    });

    test('a friend’s file is copied into one’s own space', async () => {
      await ada.goto(new URL('/#/drive/bob/Plans', world.daemon.url).href);
      await select('House.txt');
      await ada.getByRole('button', { name: 'Copy' }).click();
      const dialog = ada.getByRole('dialog', { name: 'Copy 1 item to …' });
      await dialog.getByText('/ada', { exact: true }).waitFor();
      await dialog.getByRole('button', { name: 'One level up' }).click();
      await dialog.getByRole('button', { name: 'bob' }).click();
      await dialog.getByText('Nothing can be put here.').waitFor();
      expect(await dialog.getByRole('button', { name: 'Copy here' }).isDisabled()).toBe(true);
      await dialog.getByRole('button', { name: 'One level up' }).click();
      await dialog.getByRole('button', { name: 'ada' }).click();
      await dialog.getByRole('button', { name: 'Copy here' }).click();
      await ada.getByText(/^1 item was copied/u).waitFor();
      await place(ada, 'Files').click();
      await row('House.txt').waitFor();
    });

    test('what is shared for writing is changed: upload, folders, names, moving, deleting for good', async () => {
      await bobsDevice.files.write('/bob/Workshop/Saw.txt', 'sharp', { parents: true });
      await bobsDevice.shares.share('/bob/Workshop', [{ user: 'ada' }], { access: 'write' });
      await ada.goto(new URL('/#/drive/bob', world.daemon.url).href);
      await open('Workshop');
      await row('Saw.txt').waitFor();
      await ada
        .getByLabel('Files …', { exact: true })
        .setInputFiles({ name: 'Nail.txt', mimeType: 'text/plain', buffer: Buffer.from('pointed') });
      await row('Nail.txt').waitFor();
      await ada.getByRole('button', { name: 'New folder' }).click();
      await ada.getByRole('dialog').getByRole('textbox').fill('Wood');
      await ada.getByRole('button', { name: 'Create' }).click();
      await row('Wood').waitFor();
      await select('Nail.txt');
      await ada.getByRole('button', { name: 'Rename' }).click();
      await ada.getByRole('dialog').getByRole('textbox').fill('Screw.txt');
      await ada.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
      await row('Screw.txt').waitFor();
      bobsDevice.files.refresh();
      expect(await bobsDevice.files.readText('/bob/Workshop/Screw.txt')).toBe('pointed');

      // What was renamed is selected still.
      await ada.getByRole('button', { name: 'Move' }).click();
      const dialog = ada.getByRole('dialog', { name: 'Move 1 item to …' });
      for (const name of ['One level up', 'One level up', 'ada', 'Move here']) await dialog.getByRole('button', { name }).click();
      await ada.getByText(/^1 item was moved/u).waitFor();
      await row('Screw.txt').waitFor({ state: 'detached' });

      await select('Saw.txt');
      await ada.getByRole('button', { name: 'Delete' }).click();
      const question = ada.getByRole('alertdialog', { name: 'Delete for good?' });
      await question.getByText('1 item of bob with all that is in it will be deleted for good').waitFor();
      await picture(ada, 'friend-delete');
      await question.getByRole('button', { name: 'Delete for good' }).click();
      await row('Saw.txt').waitFor({ state: 'detached' });
      bobsDevice.files.refresh();
      const left: (string | undefined)[] = [];
      for await (const { name } of bobsDevice.files.list('/bob/Workshop')) left.push(name);
      expect(left).toEqual(['Wood']);
      await picture(ada, 'friend-writable');
      await place(ada, 'Files').click();
      await row('Screw.txt').waitFor();
    });

    test('what is shared itself cannot be renamed or deleted; a file for writing is edited where it is', async () => {
      await bobsDevice.files.write('/bob/List.txt', 'milk');
      await bobsDevice.shares.share('/bob/List.txt', [{ user: 'ada' }], { access: 'write' });
      await ada.goto(new URL('/#/drive/bob', world.daemon.url).href);
      await select('List.txt');
      expect(await ada.getByRole('button', { name: 'Delete' }).count()).toBe(0);
      await ada.getByRole('button', { name: 'Select nothing' }).click();
      await open('List.txt');
      const editor = ada.getByRole('textbox', { name: 'Text of List.txt' });
      await editor.click();
      await ada.keyboard.type('and bread, ');
      await ada.getByRole('button', { name: 'Save' }).click();
      await ada.getByText('Saved', { exact: true }).waitFor();
      bobsDevice.files.refresh();
      expect(await bobsDevice.files.readText('/bob/List.txt')).toContain('and bread, ');
      await ada.goBack();
    });

    test('a search goes through what a friend shares', async () => {
      await ada.goto(new URL('/#/search/bob', world.daemon.url).href);
      await ada.getByRole('textbox', { name: 'Part of the name' }).fill('house');
      await ada.keyboard.press('Enter');
      await row('House.txt').waitFor();
      await row('House.txt').getByRole('gridcell').first().click();
      expect(await ada.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
    });
  });

  // Nobody can be called `constructor`: the name is reserved.
  test('a friend with files whose names every object has', async () => {
    const odd = await program('proto', true);
    await openPeople(ada);
    await befriend(odd);
    await odd.files.write('/proto/__proto__.txt', 'odd');
    await odd.files.write('/proto/constructor/toString', 'odder', { parents: true });
    for (const name of ['__proto__.txt', 'constructor']) await odd.shares.share(`/proto/${name}`, [{ user: 'ada' }]);
    await choose(ada, 'proto', 'Open their files');
    await ada.getByRole('row', { name: '__proto__.txt' }).waitFor();
    await ada.getByRole('button', { name: 'constructor', exact: true }).click();
    await ada.getByRole('row', { name: 'toString' }).waitFor();
  });

  test('all of it on a phone, in the dark', async () => {
    await ada.setViewportSize({ width: 320, height: 640 });
    await ada.emulateMedia({ colorScheme: 'dark' });
    const dora = await program('dora', true);
    await dora.friends.follow('ada');
    await openPeople(ada);
    await ada.reload();
    await untilThere(place(ada, 'People, 1 request'));
    await person(ada, 'Requests', 'dora').waitFor();
    await picture(ada, 'phone-people');
    await choose(ada, 'bob', 'Compare safety number');
    await ada.getByRole('img', { name: 'QR code of the safety number with bob' }).waitFor();
    await picture(ada, 'phone-verify');
    await ada.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await ada.getByRole('button', { name: 'What to do about bob' }).click();
    await ada.getByRole('menuitem', { name: 'Unfollow' }).waitFor();
    await picture(ada, 'phone-person-menu');
    await ada.keyboard.press('Escape');
    await ada.goto(new URL('/#/drive/', world.daemon.url).href);
    await ada.getByRole('row', { name: 'bob' }).waitFor();
    await picture(ada, 'phone-roots');
    await ada.goto(new URL('/#/drive/bob/Plans', world.daemon.url).href);
    await ada.getByRole('row', { name: 'House.txt' }).waitFor();
    await picture(ada, 'phone-read-only');
    await ada.goto(new URL('/#/drive/bob/Workshop', world.daemon.url).href);
    await ada.getByRole('button', { name: 'Upload' }).waitFor();
    await picture(ada, 'phone-writable');
    await ada.setViewportSize({ width: 768, height: 700 });
    await openPeople(ada);
    await picture(ada, 'tablet-people');
    await ada.getByRole('button', { name: 'Deny: dora' }).click();
    await place(ada, 'People').waitFor();
    await ada.emulateMedia({ colorScheme: 'light' });
    await ada.setViewportSize({ width: 1100, height: 750 });
  });

  test('who is denied may ask again; who is blocked is not heard any more', async () => {
    const carl = await program('carl', true);
    await openPeople(ada);
    await carl.friends.follow('ada');
    await untilThere(ada.getByRole('button', { name: 'Deny: carl' }));
    await ada.getByRole('button', { name: 'Deny: carl' }).click();
    await ada.getByText('The request of carl was denied.').waitFor();
    expect((await carl.friends.state()).outgoing).toEqual([]);
    await carl.friends.follow('ada');
    await untilThere(place(ada, 'People, 1 request'));
    await choose(ada, 'carl', 'Deny and block');
    await person(ada, 'Unfollowed or blocked', 'carl').waitFor();
    await place(ada, 'People').waitFor();
    await carl.friends.state();
    await carl.friends.follow('ada');
    await untilThere(ada.getByText('Has asked to follow you. Unblock them to answer.'));
    await place(ada, 'People').waitFor();
    await picture(ada, 'people-blocked');
    await ada.getByRole('button', { name: 'Unblock carl' }).click();
    await ada.getByText('carl is not blocked any more.').waitFor();
    await place(ada, 'People, 1 request').waitFor();
    await ada.getByRole('button', { name: 'Accept only: carl' }).click();
    await person(ada, 'Only follow you', 'carl').waitFor();
    expect(await carl.friends.state()).toMatchObject({ following: ['ada'], followers: [] });
  });

  test('unfollowing is one’s own affair and can be taken back', async () => {
    await choose(ada, 'proto', 'Unfollow');
    const question = ada.getByRole('alertdialog', { name: 'Unfollow proto?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await person(ada, 'Friends', 'proto').waitFor();
    await choose(ada, 'proto', 'Unfollow');
    await question.getByRole('button', { name: 'Unfollow' }).click();
    await person(ada, 'Unfollowed or blocked', 'proto').getByText('Still sees what you share with them.').waitFor();
    await ada.goto(new URL('/#/drive/', world.daemon.url).href);
    await ada.getByRole('row', { name: 'bob' }).waitFor();
    expect(await ada.getByRole('row', { name: 'proto' }).count()).toBe(0);
    await openPeople(ada);
    await ada.getByRole('button', { name: 'Unblock proto' }).click();
    await ada.getByText('You follow proto again.').waitFor();
    await person(ada, 'Friends', 'proto').waitFor();
  });

  test('a follower who is removed sees nothing any more', async () => {
    await choose(ada, 'proto', 'Remove follower');
    await ada.getByRole('alertdialog').getByRole('button', { name: 'Remove follower' }).click();
    await person(ada, 'You only follow', 'proto').waitFor();
    const odd = sessions.find(({ username }) => username === 'proto');
    expect((await odd?.friends.state())?.following).toEqual([]);
  });

  test('who is blocked is followed no more and sees nothing any more', async () => {
    await choose(ada, 'bob', 'Block');
    await ada.getByRole('alertdialog', { name: 'Block bob?' }).getByRole('button', { name: 'Block' }).click();
    await person(ada, 'Unfollowed or blocked', 'bob').waitFor();
    await untilThere(person(bob, 'Only follow you', 'ada'));
  });

  test('a follower is asked to be followed from the menu', async () => {
    await choose(ada, 'carl', 'Ask to follow');
    await person(ada, 'Sent requests', 'carl').waitFor();
    const carl = sessions.find(({ username }) => username === 'carl');
    await carl?.friends.accept('ada', { reciprocate: false });
    await untilThere(person(ada, 'Friends', 'carl'));
  });

  test('whoever logs in next sees no number of who was there before', async () => {
    const dora = sessions.find(({ username }) => username === 'dora');
    await dora?.friends.follow('bob');
    await untilThere(place(bob, 'People, 1 request'));
    await bob.getByRole('button', { name: 'Log out' }).click();
    await world.logIn(bob, 'dora');
    await place(bob, 'People').waitFor();
    expect(await place(bob, 'People, 1 request').count()).toBe(0);
  });

  test('nothing was complained about', () => {
    expect(world.complaints).toEqual([]);
  });
});
