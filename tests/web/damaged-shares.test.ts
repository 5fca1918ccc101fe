import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loseItem } from './lost-item.js';
import { befriend, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// Something damaged in what is shared: ending the share names it by its path, and goes on without it when somebody says so.

describe.skipIf(!hasChromium)('shares with something damaged in them (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  let ada: UserSession;
  let bob: UserSession;

  beforeAll(async () => {
    world = await WebWorld.start();
    [ada, bob] = [await person(world, 'ada'), await person(world, 'bob')];
    await befriend(bob, ada);
    for (const folder of ['plans', 'songs', 'site']) {
      for (const name of ['good.txt', 'old/bad.txt', 'old/good.txt']) {
        await ada.files.write(`/ada/${folder}/${name}`, new TextEncoder().encode(name), { parents: true });
      }
    }
    await ada.shares.share('/ada/plans', [{ user: 'bob' }]);
    await ada.shares.share('/ada/songs', [{ user: 'bob' }], { access: 'write' });
    await ada.publishing.publish('/ada/site');
    for (const folder of ['plans', 'songs', 'site']) await loseItem(world, ada, `/ada/${folder}/old/bad.txt`);
    page = await world.open(await world.device());
    await world.logIn(page, 'ada');
  });
  afterAll(async () => {
    for (const session of [ada, bob]) session?.close();
    await world?.stop();
  });

  const openShare = async (name: string): Promise<Locator> => {
    await page.getByRole('row', { name }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Share …' }).click();
    const dialog = page.getByRole('dialog', { name: /^Share/u });
    await dialog.getByRole('heading', { name: 'Who has it now' }).waitFor();
    return dialog;
  };
  /** What is said names the damaged thing by its path, and nothing has happened; pressed once more it goes on without it. */
  const goOnWithout = async (path: string, first: string): Promise<void> => {
    const question = page.getByRole('alertdialog');
    await question.getByRole('button', { name: first, exact: true }).click();
    await question.getByText(`“${path}” is damaged`).waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, `leave-out-${path.split('/', 1).join('')}`);
    const goOn = question.getByRole('button', { name: 'Leave it out and go on' });
    await goOn.click();
    await goOn.waitFor({ state: 'detached' });
  };
  const names = async (path: string): Promise<readonly string[]> => {
    ada.files.refresh();
    const found: string[] = [];
    for await (const { name } of ada.files.names(path)) found.push(name ?? '');
    return found.toSorted();
  };

  test('a share ends without what is damaged', async () => {
    const dialog = await openShare('plans');
    await dialog.getByRole('button', { name: 'Access of bob: Can view' }).click();
    await page.getByRole('menuitem', { name: 'Remove access' }).click();
    await goOnWithout('plans/old/bad.txt', 'Remove access');
    await dialog.getByText('Nobody but you.').waitFor();
    expect(await names('/ada/plans/old')).toEqual(['good.txt']);
    expect((await ada.shares.sharedWith('/ada/plans')).readers).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Select nothing' }).click();
  });

  test('publishing ends without what is damaged', async () => {
    const dialog = await openShare('site');
    await dialog.getByRole('tab', { name: 'Everybody' }).click();
    await dialog.getByRole('button', { name: 'Stop publishing' }).click();
    await goOnWithout('site/old/bad.txt', 'Stop publishing');
    await dialog.getByText('This is not public.').waitFor();
    expect(await names('/ada/site/old')).toEqual(['good.txt']);
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  test('a follower is removed without what is damaged', async () => {
    await page.goto(new URL('/#/people', world.daemon.url).href);
    await page.getByRole('button', { name: 'What to do about bob' }).click();
    await page.getByRole('menuitem', { name: 'Remove follower' }).click();
    const question = page.getByRole('alertdialog');
    await question.getByRole('button', { name: 'Remove follower', exact: true }).click();
    await question.getByText('“songs/old/bad.txt” is damaged').waitFor();
    await question.getByRole('button', { name: 'Cancel' }).click();
    // Who leaves it at that sees that it has not ended.
    await page.getByText('Not yet removed as a follower').waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'removal-not-ended');
    await page.getByRole('button', { name: 'What to do about bob' }).click();
    await page.getByRole('menuitem', { name: 'Remove follower' }).click();
    await goOnWithout('songs/old/bad.txt', 'Remove follower');
    await page.getByText('bob does not follow you any more.').waitFor();
    expect(await names('/ada/songs/old')).toEqual(['good.txt']);
    expect((await ada.friends.state()).followers).toEqual([]);
  });
});
