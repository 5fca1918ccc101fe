import type { UserSession } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { befriend, person } from './two-people.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// What friends do with what they share: they run out of space, take it back, and write what disturbs.

describe.skipIf(!hasChromium)('the files, posts and profiles of a friend (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: UserSession;
  let ben: UserSession;
  let page: Page;
  const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
  const go = async (hash: string): Promise<void> => {
    await page.goto(new URL(`/${hash}`, world.daemon.url).href);
  };

  beforeAll(async () => {
    world = await WebWorld.start({ 'default-quota': '7000000' });
    ada = await person(world, 'ada');
    ben = await person(world, 'ben');
    await befriend(ada, ben);
    await ada.files.write('/ada/Box/text.txt', bytes('of ada'), { parents: true });
    await ada.files.write('/ada/Room/a.txt', bytes('a'), { parents: true });
    await ada.shares.share('/ada/Box', [{ user: 'ben' }], { access: 'write' });
    await ada.shares.share('/ada/Room', [{ user: 'ben' }], { access: 'write' });
    page = await world.open(await world.device());
    await world.logIn(page, 'ben', { keep: true });
  });
  afterAll(async () => {
    ada?.close();
    ben?.close();
    await world?.stop();
  });

  test('when the account of the friend is full, it is not mine that is blamed', async () => {
    await go('#/drive/ada/Room');
    await page.getByRole('row', { name: 'a.txt' }).waitFor();
    await page
      .getByLabel('Files …', { exact: true })
      .setInputFiles([{ name: 'big.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(9_000_000, 7) }]);
    await page.getByText('The account of ada is full').first().waitFor();
    await picture(page, 'friend-full');
    expect(await page.getByText(/in your account/u).count()).toBe(0);
  });

  test('a text whose file is not shared any more can be kept in my own files', async () => {
    await go('#/view/ada/Box/text.txt');
    await page.locator('.cm-content').click();
    await page.keyboard.type(' and mine');
    await ada.shares.unshare('/ada/Box', [{ user: 'ben' }]);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('alertdialog', { name: 'This file is not shared with you any more' }).waitFor();
    await picture(page, 'taken-back');
    expect(await page.getByRole('button', { name: 'Store it again' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Save mine in my own files' }).click();
    await page.getByText('Saved as “text.txt”').waitFor();
    ben.files.refresh();
    expect(await ben.files.readText('/ben/text.txt')).toContain('and mine');
  });

  test('a post of many lines is folded, and paints over nothing', async () => {
    await ada.posts.create({ text: `first${'\n'.repeat(60_000)}last` });
    await ada.posts.create({ text: `${'\u0300'.repeat(400)}z` });
    await go('#/news');
    await page.getByRole('article').filter({ hasText: 'first' }).waitFor();
    const heights = await page.getByRole('article').evaluateAll((cards) => cards.map((card) => (card as HTMLElement).offsetHeight));
    expect(Math.max(...heights)).toBeLessThan(1200);
    const piled = page.getByRole('article').filter({ hasText: 'z' }).locator('p[dir=auto]').first();
    expect(await piled.evaluate((text) => getComputedStyle(text).overflow)).toBe('hidden');
    await picture(page, 'news-folded');
    await page.getByRole('article').getByRole('button', { name: 'Show more' }).click();
    await page.getByRole('article').filter({ hasText: 'first' }).getByText(/last/u).waitFor({ state: 'attached' });
    await page.getByRole('article').getByRole('button', { name: 'Show less' }).click();
    await page.getByRole('article').getByRole('button', { name: 'Show more' }).waitFor();
  });

  test('a profile shows what is invisible in it, and nobody has none', async () => {
    await ada.profiles.setText('status', '\u202etxt');
    await ada.profiles.setAudience('status', [{ group: 'friends' }]);
    await go('#/profile/ada');
    await page.getByText('‹U+202E›txt').waitFor();
    for (const name of ['constructor', '<b>', '__proto__']) {
      await go(`#/profile/${encodeURIComponent(name)}`);
      await page.getByText('There is no account of this name').waitFor();
      expect(await page.getByText('shows you nothing').count()).toBe(0);
      await go('#/settings');
      await page.getByRole('heading', { name: 'Settings' }).first().waitFor();
    }
    // Who is there and shows nothing has a profile.
    const cleo = await person(world, 'cleo');
    cleo.close();
    await go('#/profile/cleo');
    await page.getByText('shows you nothing').waitFor();
  });
});
