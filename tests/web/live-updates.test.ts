import type { UserSession } from '@pyrgos/client';
import type { Locator, Page, Request } from 'playwright';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { again, friendsInBrowsers, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('what others do while somebody looks at the page (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: Page;
  let bob: UserSession;
  beforeAll(async () => {
    world = await WebWorld.start();
    let page: Page;
    ({ ada, bob: page, bobElsewhere: bob } = await friendsInBrowsers(world));
    await page.close();
  });
  afterAll(async () => {
    bob?.close();
    await world?.stop();
  });

  const place = (name: RegExp | string): Locator => ada.getByRole('navigation').getByRole('link', { name });
  /** Requests that wait, as the browser of ada sees them. */
  const waiting = new Set<Request>();
  let asked = 0;
  const isWaiting = (request: Request): boolean => request.url().endsWith('/peergos/v0/pyrgos/watch');
  const watchRequests = (): void => {
    ada.context().on('request', (request) => {
      asked++;
      if (isWaiting(request)) waiting.add(request);
    });
    const over = (request: Request): void => void waiting.delete(request);
    ada.context().on('requestfinished', over);
    ada.context().on('requestfailed', over);
  };
  const eventually = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await pause(20);
  };
  /** A page in front of another one is hidden; no browser without a window knows that by itself. */
  const setHidden = async (isHidden: boolean): Promise<void> =>
    ada.evaluate((hidden) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (hidden ? 'hidden' : 'visible') });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);

  test('a request, a share and a post get a number at their place, without a reload, and nothing else happens', async () => {
    watchRequests();
    await setHidden(true);
    await setHidden(false);
    await eventually(() => waiting.size === 1);
    const focused = await ada.evaluate(() => document.activeElement?.id);
    const carol = await person(world, 'carol');
    await carol.friends.follow('ada');
    await place('People, 1 request').waitFor();
    await bob.files.write('/bob/plan.txt', new TextEncoder().encode('a plan'));
    await bob.shares.share('/bob/plan.txt', [{ user: 'ada' }]);
    await place('News, 1 new').waitFor();
    await bob.posts.create({ text: 'A word from bob', audience: 'friends' });
    await place('News, 2 new').waitFor();
    expect(await ada.getByRole('dialog').count()).toBe(0);
    expect(await ada.getByRole('alert').count()).toBe(0);
    expect(await ada.evaluate(() => document.activeElement?.id)).toBe(focused);
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'live-badges');
    carol.close();
  });

  test('while nothing happens nothing is asked, and one request waits, on all screens', async () => {
    await place(/^Trash/u).click();
    await ada.getByRole('heading', { name: 'Trash', level: 1 }).waitFor();
    await place('Files').click();
    await ada.getByRole('button', { name: 'Upload' }).waitFor();
    await eventually(() => waiting.size === 1);
    // Until there is nothing left to do of what was before.
    for (let before = -1; before !== asked;) {
      before = asked;
      await pause(5000);
    }
    expect(waiting.size).toBe(1);
  });

  test('a hidden page asks nothing, and is up to date when it is seen again', async () => {
    await setHidden(true);
    await eventually(() => waiting.size === 0);
    await pause(500);
    const before = asked;
    await bob.posts.create({ text: 'Written while nobody looked', audience: 'friends' });
    await pause(1500);
    expect(asked).toBe(before);
    await setHidden(false);
    await place('News, 3 new').waitFor();
    await eventually(() => waiting.size === 1);
  });

  test('news that is looked at shows what comes, and counts it as seen', async () => {
    await place(/^News/u).click();
    await ada.getByRole('article').filter({ hasText: 'Written while nobody looked' }).waitFor();
    await place('News').waitFor();
    await bob.posts.create({ text: 'And one more', audience: 'friends' });
    await ada.getByRole('article').filter({ hasText: 'And one more' }).waitFor();
    await place('News').waitFor();
  });

  test('a new chat that is looked at shows who joins, and the first words, as they come', async () => {
    await place('Chats').click();
    await ada.getByRole('button', { name: 'New chat' }).click();
    const dialog = ada.getByRole('dialog', { name: 'New chat' });
    await dialog.getByText('bob').click();
    await dialog.getByRole('textbox', { name: 'Name of the chat' }).fill('Boats');
    await dialog.getByRole('button', { name: 'Begin the chat' }).click();
    await ada.getByRole('heading', { name: 'Boats', level: 1 }).waitFor();
    const [invitation] = await bob.chats.invitations();
    const chat = await bob.chats.join({ id: invitation?.id ?? '', inviter: 'ada' });
    const said = (words: string): Locator => ada.locator('article').filter({ hasText: words });
    await said('bob has joined.').waitFor();
    await chat.send({ text: 'the first words' });
    await said('the first words').waitFor();
    // Somewhere else they are counted.
    await place('Files').click();
    await chat.send({ text: 'once more' });
    await place('Chats, 1 new').waitFor();
  });

  test('a chat that was begun on another device shows who joins it as well', async () => {
    const device = await again(world, 'ada');
    const other = await device.chats.create({ title: 'Elsewhere', invite: ['bob'] });
    await place(/^Chats/u).click();
    await ada.getByRole('link', { name: 'Elsewhere' }).click();
    const chat = await bob.chats.join({ id: other.id, inviter: 'ada' });
    await chat.send({ text: 'from far away' });
    await ada.locator('article').filter({ hasText: 'from far away' }).waitFor();
    device.close();
  });

  test('an invitation that is declined is gone, and counted no more', async () => {
    await place('Files').click();
    const chat = await bob.chats.create({ title: 'Not for ada', invite: ['ada'] });
    await place('Chats, 1 new').click();
    const decline = ada.getByRole('button', { name: 'Decline the invitation of bob' });
    await decline.waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-invitation');
    await decline.press('Enter');
    await decline.waitFor({ state: 'detached' });
    await place('Chats').waitFor();
    expect((await chat.summary()).pending).toEqual(['ada']);
  });

  test('whoever logs out has nothing asked for them any more', async () => {
    await ada.goto(new URL('/#/settings', world.daemon.url).href);
    await ada.getByRole('button', { name: 'Log out' }).first().click();
    await ada.getByRole('button', { name: 'Log in' }).waitFor();
    await eventually(() => waiting.size === 0);
    await pause(4000);
    expect(waiting.size).toBe(0);
    expect(world.complaints).toEqual([]);
  });
});
