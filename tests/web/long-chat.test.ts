import type { UserSession } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillChat } from '../../bench/src/fill-chat.js';
import { person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

/** Messages of the long chat. */
const COUNT = 10_000;
/** Pixels that the wheel turns at a time. */
const TURN = 600;
/** Milliseconds between two messages: the chat goes on for weeks. */
const PAUSE = 400_000;

/** What of the messages is in the page: the numbers of all, and of those in the window, in their order. */
interface Shown {
  readonly all: readonly number[];
  readonly visible: readonly number[];
}

describe.skipIf(!hasChromium)('a chat of 10,000 messages (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: UserSession;
  let page: Page;
  beforeAll(async () => {
    world = await WebWorld.start();
    ada = await person(world, 'ada');
    const chat = await ada.chats.create({ title: 'Long' });
    // Every seventh one has several lines.
    await fillChat(ada, chat.id, COUNT, {
      text: (i) => `number ${i}.${i % 7 === 0 ? `\n${'and some more words '.repeat(i % 40)}` : ''}`,
      pause: PAUSE,
    });
    page = await world.open(await world.device());
    await world.logIn(page, 'ada');
  });
  afterAll(async () => {
    ada?.close();
    await world?.stop();
  });

  const shown = async (): Promise<Shown> =>
    page.evaluate(() => {
      const box = document.querySelector('[aria-label="Messages of Long"]')?.getBoundingClientRect();
      const found = [...document.querySelectorAll('article')].flatMap((article) => {
        const number = /number (\d+)\./u.exec(article.textContent)?.[1];
        const { top, bottom } = article.getBoundingClientRect();
        const isVisible = box !== undefined && bottom > box.top && top < box.bottom;
        return number === undefined ? [] : [{ number: Number(number), isVisible }];
      });
      return { all: found.map(({ number }) => number), visible: found.filter(({ isVisible }) => isVisible).map(({ number }) => number) };
    });
  const isWithoutGaps = (numbers: readonly number[]): boolean =>
    numbers.every((number, i) => i === 0 || number === (numbers[i - 1] ?? 0) + 1);
  /** What is in the window when the wheel was turned, and nothing moves any more. */
  const turned = async (pixels: number): Promise<Shown> => {
    const before = JSON.stringify(await shown());
    await page.mouse.wheel(0, pixels);
    await expect.poll(async () => JSON.stringify(await shown())).not.toBe(before);
    return settled();
  };
  /** What is in the window when nothing moves any more. */
  const settled = async (): Promise<Shown> => {
    let before = await shown();
    await expect
      .poll(async () => {
        const now = await shown();
        const isSame = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        return isSame;
      })
      .toBe(true);
    return before;
  };

  test('opens at the newest message, with a handful of them in the page', async () => {
    await page.getByRole('link', { name: 'Chats' }).click();
    await page.getByRole('link', { name: 'Long' }).click();
    await page
      .getByText(`number ${COUNT - 1}.`, { exact: true })
      .last()
      .waitFor();
    const { all, visible } = await settled();
    expect(visible.at(-1)).toBe(COUNT - 1);
    expect(all.length).toBeLessThan(60);
    expect(isWithoutGaps(all)).toBe(true);
    expect(await page.getByRole('button', { name: 'To the newest message' }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'long-chat');
  });

  test('scrolls back through page after page, with no gap and no jump', async () => {
    await page.getByRole('region', { name: 'Messages of Long' }).hover();
    let { visible } = await settled();
    for (let turn = 0; turn < 40; turn++) {
      const now = await turned(-TURN);
      expect(isWithoutGaps(now.visible), String(now.visible)).toBe(true);
      // What was the first message in the window is in it still, or just below: a jump would lead elsewhere.
      const [first = 0] = visible;
      expect(now.visible[0] ?? Infinity).toBeLessThan(first);
      expect(now.visible.at(-1) ?? 0).toBeGreaterThanOrEqual(first - 1);
      ({ visible } = now);
    }
    expect(visible[0] ?? COUNT).toBeLessThan(COUNT - 200);
    await page.getByRole('heading', { level: 2 }).last().waitFor();
    await picture(page, 'long-chat-older');
  });

  test('leads back to the newest message', async () => {
    await page.getByRole('button', { name: 'To the newest message' }).click();
    expect((await settled()).visible.at(-1)).toBe(COUNT - 1);
  });

  test('what comes while somebody reads older ones moves nothing, and is counted', async () => {
    const before = await turned(-10 * TURN);
    const chat = await ada.chats.open((await ada.chats.list()).chats[0]?.id ?? '');
    const { messages } = await chat.page({ around: 12, limit: 10 });
    const quoted = messages.find(({ text }) => text.startsWith('number 10.'));
    await chat.send({ text: 'the last word', replyTo: quoted?.ref ?? '' });
    const newest = page.getByRole('button', { name: 'To the newest message' });
    await newest.waitFor();
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await page.getByRole('link', { name: 'Long' }).getByText('the last word').waitFor();
    expect((await settled()).visible).toEqual(before.visible);
    await newest.click();
    await page.locator('article').filter({ hasText: 'the last word' }).waitFor();
  });

  test('an answer leads far back to what it answers, and on from there', async () => {
    await page.getByRole('button', { name: 'Show the message of ada that this answers' }).click();
    await page
      .locator('article')
      .filter({ hasText: /number 10\./u })
      .waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('number 10.');
    await picture(page, 'long-chat-jump');
    for (let turn = 0; turn < 12; turn++) {
      expect(isWithoutGaps((await turned(TURN)).visible)).toBe(true);
    }
    expect((await shown()).visible[0]).toBeGreaterThan(50);
    // What is written there stands at the end, and is shown.
    await page.getByRole('textbox', { name: 'Message' }).fill('from far above');
    await page.getByRole('textbox', { name: 'Message' }).press('Enter');
    await page.locator('article').filter({ hasText: 'from far above' }).locator('time').waitFor();
    await page.locator('article').filter({ hasText: 'the last word' }).waitFor();
  });

  test('nobody complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
