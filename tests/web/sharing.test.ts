import { isOfClients, type UserSession } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { befriend, person } from './two-people.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// Sharing with people and groups, in the page of one of them; the others look with the SDK.

const HOSTILE = '<img src=x onerror=alert(1)> \u202Egnp.txt';

/** What somebody finds shared with them, without what programs keep for themselves (the profile that all friends may read). */
async function received(session: UserSession): Promise<readonly string[]> {
  session.files.refresh();
  const found: string[] = [];
  for await (const { path, access, entry } of session.shares.received()) {
    if (entry !== undefined && !isOfClients(path)) found.push(`${path} ${access}`);
  }
  return found.toSorted();
}

describe.skipIf(!hasChromium)('sharing with people (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  let ada: UserSession;
  let bob: UserSession;
  let eve: UserSession;
  const dialog = (name: RegExp | string = /^Share/u) => page.getByRole('dialog', { name });
  const openShare = async (name: string): Promise<void> => {
    await page.getByRole('row', { name }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Share …' }).click();
    await dialog().getByRole('heading', { name: 'Who has it now' }).waitFor();
  };
  const closeShare = async (): Promise<void> => {
    await dialog().getByRole('button', { name: 'Close' }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Select nothing' }).click();
  };

  beforeAll(async () => {
    world = await WebWorld.start();
    [ada, bob, eve] = (await Promise.all(['ada', 'bob', 'eve'].map(async (name) => person(world, name)))) as [
      UserSession,
      UserSession,
      UserSession,
    ];
    await befriend(bob, ada);
    // Follows, and is not followed.
    await eve.friends.follow('ada');
    await ada.friends.accept('eve', { reciprocate: false });
    await eve.friends.state();
    await ada.files.write('/ada/plans/roof.txt', new TextEncoder().encode('slate'), { parents: true });
    await ada.files.write('/ada/site/index.html', new TextEncoder().encode('<p>Hello'), { parents: true });
    await ada.profiles.setText('bio', 'Counts.');
    await ada.profiles.setAudience('bio', [{ group: 'friends' }]);
    await ada.files.write('/ada/letter.txt', new TextEncoder().encode('Dear Bob'));
    await ada.files.write('/ada/notes.txt', new TextEncoder().encode('notes'));
    await ada.files.write(`/ada/${HOSTILE}`, new TextEncoder().encode('harmless'));
    page = await world.open(await world.device());
    await world.logIn(page, 'ada');
  });
  afterAll(async () => {
    for (const session of [ada, bob, eve]) session?.close();
    await world?.stop();
  });

  test('a file is shared with a friend, who reads it', async () => {
    await openShare('letter.txt');
    await dialog().getByText('Nobody but you.').waitFor();
    await picture(page, 'share-people');
    await dialog().getByRole('checkbox', { name: /^bob/u }).check();
    await dialog().getByRole('button', { name: 'Share', exact: true }).click();
    await dialog().getByRole('button', { name: 'Access of bob: Can view' }).waitFor();
    expect(await received(bob)).toEqual(['/ada/letter.txt read']);
    expect(await bob.files.readText('/ada/letter.txt')).toBe('Dear Bob');
    await closeShare();
  });

  test('a folder is shared for editing, and the friend puts something into it', async () => {
    await openShare('plans');
    await dialog().getByRole('checkbox', { name: /^bob/u }).check();
    await dialog().getByRole('radio', { name: 'Can edit' }).check();
    await dialog().getByRole('button', { name: 'Share', exact: true }).click();
    await dialog().getByRole('button', { name: 'Access of bob: Can edit' }).waitFor();
    await closeShare();
    bob.files.refresh();
    await bob.files.write('/ada/plans/from bob.txt', new TextEncoder().encode('copper'));
    await page.getByRole('row', { name: 'plans' }).getByRole('button').click();
    await page.getByRole('row', { name: 'from bob.txt' }).getByRole('button').click();
    await page.getByText('copper').waitFor();
    await page.goBack();
    await page.goBack();
  });

  test('editing becomes viewing, and then nothing at all', async () => {
    await openShare('plans');
    await dialog().getByRole('button', { name: 'Access of bob: Can edit' }).click();
    await page.getByRole('menuitem', { name: 'Can view' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Only view' }).click();
    await dialog().getByRole('button', { name: 'Access of bob: Can view' }).waitFor();
    expect(await received(bob)).toContain('/ada/plans read');
    bob.files.refresh();
    await expect(bob.files.write('/ada/plans/more.txt', new TextEncoder().encode('x'))).rejects.toMatchObject({ code: 'denied.file' });

    await dialog().getByRole('button', { name: 'Access of bob: Can view' }).click();
    await page.getByRole('menuitem', { name: 'Remove access' }).click();
    const question = page.getByRole('alertdialog');
    await question.getByText(/It gets new keys/u).waitFor();
    await picture(page, 'share-remove');
    await question.getByRole('button', { name: 'Remove access' }).click();
    await dialog().getByText('Nobody but you.').waitFor();
    expect(await received(bob)).toEqual(['/ada/letter.txt read']);
    await closeShare();
  });

  test('a group has it, whoever is in it and nobody else', async () => {
    await openShare('notes.txt');
    await dialog()
      .getByRole('checkbox', { name: /^All my friends/u })
      .check();
    await dialog().getByRole('button', { name: 'Share', exact: true }).click();
    await dialog().getByRole('button', { name: 'Access of All my friends: Can view' }).waitFor();
    expect(await received(bob)).toContain('/ada/notes.txt read');
    expect(await received(eve)).toEqual([]);
    await closeShare();
  });

  test('several things at once, one of them with a name that is meant to do harm', async () => {
    await page.getByRole('row', { name: 'plans' }).getByRole('gridcell').first().click();
    await page
      .getByRole('row', { name: /onerror/u })
      .getByRole('gridcell')
      .first()
      .click();
    await page.getByRole('button', { name: 'Share …' }).click();
    await dialog('Share 2 items').getByRole('checkbox', { name: /^eve/u }).check();
    await dialog('Share 2 items').getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByText('2 items were shared.').waitFor();
    expect(await received(eve)).toEqual([`/ada/${HOSTILE} read`, '/ada/plans read'].toSorted());
    await closeShare();
  });

  test('what is published is read by everybody, until it is not any more', async () => {
    await openShare('letter.txt');
    await dialog().getByRole('tab', { name: 'Everybody' }).click();
    await dialog().getByRole('button', { name: 'Publish' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Publish' }).click();
    await dialog().getByText('This is public').waitFor();
    const address =
      (await dialog()
        .getByText(/\/public\/ada\/letter\.txt/u)
        .textContent()) ?? '';
    expect(address).toBe(new URL('/public/ada/letter.txt', new URL(page.url()).origin).href);
    // The server leads to the page with what opens it.
    const reader = await world.open(await world.device(), address);
    await reader.getByText('Dear Bob').waitFor();
    await reader.getByText('Shared by ada').waitFor();
    await reader.context().close();
    await picture(page, 'share-public');
    await closeShare();
  });

  test('a folder becomes the web site of the account', async () => {
    await openShare('site');
    await dialog().getByRole('tab', { name: 'Everybody' }).click();
    await dialog().getByRole('button', { name: 'Make it my web site' }).click();
    const question = page.getByRole('alertdialog', { name: 'Make “site” your web site?' });
    await question.getByText('index.html').waitFor();
    await question.getByRole('button', { name: 'Make it my web site' }).click();
    await dialog().getByText('This is your web site').waitFor();
    await dialog()
      .getByText(/\/public\/ada\/site/u)
      .waitFor();
    await picture(page, 'share-web-site');
    expect(await dialog().getByRole('button', { name: 'Make it my web site' }).count()).toBe(0);
    ada.files.refresh();
    expect(await ada.publishing.webRoot()).toBe('/ada/site');
    await dialog().getByRole('button', { name: 'Stop publishing' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stop publishing' }).click();
    await dialog().getByText('This is not public.').waitFor();
    ada.files.refresh();
    expect(await ada.publishing.webRoot()).toBeUndefined();
    await closeShare();
  });

  test('the view of all that is shared', async () => {
    await bob.files.write('/bob/song.txt', new TextEncoder().encode('la la'));
    await bob.shares.share('/bob/song.txt', [{ user: 'ada' }]);
    await page.goto(new URL('/#/shared', page.url()).href);
    const mine = page.getByRole('tabpanel');
    await mine.getByText('bob: can view').waitFor();
    await mine.getByText('All my friends: can view').waitFor();
    await mine.getByText('Public for everybody').waitFor();
    expect(await mine.getByText('.profile').count()).toBe(0);
    await picture(page, 'shared-by-me');
    await page.getByRole('tab', { name: 'Shared with me' }).click();
    await page.getByText('From bob · you can view it').waitFor();
    await picture(page, 'shared-with-me');
    await page.getByRole('button', { name: 'song.txt' }).click();
    await page.getByText('la la').waitFor();
    await page.goBack();
    await page.getByRole('tab', { name: 'Shared by me' }).click();
    await page.getByRole('button', { name: 'Who can see it: letter.txt' }).click();
    await dialog().getByRole('tab', { name: 'Everybody' }).click();
    await dialog().getByRole('button', { name: 'Stop publishing' }).click();
    await page.getByRole('alertdialog').getByText('All its shares and links end as well').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stop publishing' }).click();
    await dialog().getByText('This is not public.').waitFor();
    expect((await fetch(new URL('/public/ada/letter.txt', page.url()))).status).not.toBe(200);
    await dialog().getByRole('button', { name: 'Close' }).click();
    await mine.getByText('Public for everybody').waitFor({ state: 'detached' });
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
