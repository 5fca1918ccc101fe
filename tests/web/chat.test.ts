import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { friendsInBrowsers } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('two people chat in two browsers (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: Page;
  /** In the dark. */
  let bob: Page;
  /** Bob with another program. */
  let bobElsewhere: UserSession;
  beforeAll(async () => {
    world = await WebWorld.start();
    ({ ada, bob, bobElsewhere } = await friendsInBrowsers(world));
  });
  afterAll(async () => {
    bobElsewhere?.close();
    await world?.stop();
  });

  const open = async (page: Page, name = 'Chats'): Promise<void> => {
    await page.getByRole('link', { name: /^Chats/u }).click();
    await page.getByRole('heading', { name: 'Chats', exact: true }).waitFor();
    if (name !== 'Chats') await page.getByRole('link', { name }).click();
  };
  const field = (page: Page): Locator => page.getByRole('textbox', { name: 'Message' });
  const say = async (page: Page, words: string): Promise<void> => {
    await field(page).fill(words);
    await field(page).press('Enter');
  };
  /** What was written is sent. */
  const sent = async (page: Page, words: string): Promise<void> => message(page, words).locator('time').waitFor();
  const message = (page: Page, words: string | RegExp): Locator => page.locator('article').filter({ hasText: words }).last();
  /** Looks for messages now, and not in some seconds. */
  const look = async (page: Page): Promise<unknown> => page.evaluate(() => dispatchEvent(new Event('focus')));
  const seen = async (page: Page, words: string | RegExp): Promise<void> => {
    await expect
      .poll(async () => {
        await look(page);
        return message(page, words).isVisible();
      })
      .toBe(true);
  };
  /** CSS pixels below what is seen. */
  const below = async (page: Page): Promise<number> =>
    page.getByRole('region', { name: 'Messages of Lake' }).evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
  /** What has the focus: its element, and its text. */
  const focused = async (page: Page): Promise<string> =>
    page.evaluate(() => `${document.activeElement?.localName ?? ''}: ${document.activeElement?.textContent ?? ''}`);
  const choose = async (page: Page, words: string, choice: string): Promise<void> => {
    await message(page, words).hover();
    await message(page, words).getByRole('button', { name: 'More about this message' }).click();
    await page.getByRole('menuitem', { name: choice }).click();
  };

  test('no chats yet', async () => {
    await open(ada);
    await ada.getByText('No chats yet').waitFor();
    // Somebody with a friend begins one here, and somebody without is led to people.
    await ada.getByText('Begin one with your friends.').waitFor();
    const carol = await world.open(await world.device());
    await world.signUp(carol, 'carol');
    await open(carol);
    const people = carol.getByRole('button', { name: 'To the people' });
    await people.waitFor();
    // In the middle of the window, not beside an empty one.
    const box = await carol.getByText('No chats yet').boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0) / 2).toBeGreaterThan(500);
    expect(await violations(carol)).toEqual([]);
    await picture(carol, 'chats-none-without-friends');
    await people.press('Enter');
    await carol.getByRole('heading', { name: 'People' }).first().waitFor();
    await carol.context().close();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chats-none');
  });

  test('a chat with a friend, who joins it', async () => {
    await ada.getByRole('button', { name: 'New chat' }).click();
    await ada.getByRole('dialog').getByText('bob').click();
    await ada.getByRole('dialog').getByRole('textbox', { name: 'Name of the chat' }).fill('Lake');
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chats-new');
    await ada.getByRole('dialog').getByRole('button', { name: 'Begin the chat' }).click();
    await ada.getByRole('heading', { name: 'Lake', level: 1 }).waitFor();
    await message(ada, 'You have invited bob.').waitFor();
    await open(bob);
    const join = bob.getByRole('button', { name: 'Join the chat of ada' });
    await expect
      .poll(async () => {
        await look(bob);
        return join.isVisible();
      })
      .toBe(true);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chats-invitation-dark');
    await join.click();
    await message(bob, 'You have joined.').waitFor();
    await seen(ada, 'bob has joined.');
  });

  test('whoever begins another chat with the same people is led to the one that is there', async () => {
    await ada.getByRole('button', { name: 'New chat' }).click();
    const dialog = ada.getByRole('dialog', { name: 'New chat' });
    await dialog.getByText('bob').click();
    await dialog.getByText('You have a chat with the same people already.').waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chats-new-same');
    await dialog.getByRole('button', { name: 'Open it' }).click();
    await dialog.waitFor({ state: 'detached' });
    await ada.getByRole('heading', { name: 'Lake', level: 1 }).waitFor();
  });

  test('messages both ways, as text', async () => {
    await say(ada, 'Look at <img src=x onerror="document.title=1"> and https://example.org/path');
    await message(ada, 'Look at').waitFor();
    await seen(bob, 'Look at <img src=x onerror="document.title=1">');
    expect(await message(bob, 'Look at').getByRole('link').getAttribute('href')).toBe('https://example.org/path');
    await field(bob).fill('first line');
    await field(bob).press('Shift+Enter');
    await field(bob).pressSequentially('second line');
    await field(bob).press('Enter');
    await seen(ada, 'second line');
    expect(await message(ada, 'second line').locator('p').first().textContent()).toBe('first line\nsecond line');
    // Who does not look hears it.
    await ada.getByRole('log').getByText('bob: first line second line').waitFor({ state: 'attached' });
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat');
  });

  test('an answer leads to what it answers', async () => {
    await choose(ada, 'second line', 'Answer');
    await ada.getByText('Answer to bob').waitFor();
    await field(ada).press('Escape');
    await ada.getByText('Answer to bob').waitFor({ state: 'detached' });
    await choose(ada, 'second line', 'Answer');
    await say(ada, 'That is two');
    await ada.getByText('Answer to bob').waitFor({ state: 'detached' });
    await seen(bob, 'That is two');
    await message(bob, 'That is two').getByRole('button', { name: 'Show the message of bob that this answers' }).click();
    await expect.poll(async () => bob.evaluate(() => document.activeElement?.textContent ?? '')).toContain('second line');
    // An own message, which is marked all the same.
    const marked = bob.locator('article[data-marked=true]').filter({ hasText: 'second line' });
    await marked.waitFor();
    await picture(bob, 'chat-marked-dark');
    const [around, border] = await marked.evaluate((article) => [
      getComputedStyle(article).backgroundColor,
      getComputedStyle([...article.children].find((child) => child.textContent.includes('second line')) ?? article).borderTopColor,
    ]);
    expect(border).not.toBe(around);
    expect(border).not.toMatch(/, 0\)$/u);
  });

  test('edited and deleted, with the keyboard alone', async () => {
    await field(ada).focus();
    await say(ada, 'soon different');
    await sent(ada, 'soon different');
    await field(ada).press('ArrowUp');
    await ada.getByText('Edit your message').waitFor();
    await ada.getByText('Enter saves, Shift+Enter begins a new line').waitFor();
    await field(ada).fill('different now');
    await field(ada).press('Enter');
    await message(ada, 'different now').getByText('edited').waitFor();
    await seen(bob, 'different now');
    // From the field back to the messages, and to the menu of the last one.
    await field(ada).press('Shift+Tab');
    await expect
      .poll(async () => {
        await ada.keyboard.press('Shift+Tab');
        return ada.evaluate(() => document.activeElement?.localName);
      })
      .toBe('article');
    await ada.keyboard.press('Enter');
    await ada.getByRole('menuitem', { name: 'Delete' }).waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-menu');
    await ada.getByRole('menuitem', { name: 'Delete' }).press('Enter');
    await ada.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).press('Enter');
    await expect.poll(async () => focused(ada)).toMatch(/^article: .*different now/u);
    await ada.keyboard.press('Enter');
    await ada.getByRole('menuitem', { name: 'Delete' }).press('Enter');
    await ada.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).press('Enter');
    await message(ada, 'This message was deleted.').waitFor();
    await expect.poll(async () => focused(ada)).toMatch(/^article: .*This message was deleted\./u);
    await seen(bob, 'This message was deleted.');
    // What nobody reads any more is not "sent".
    expect(await message(ada, 'This message was deleted.').getByText('Sent').count()).toBe(0);
    expect(await message(bob, 'different now').count()).toBe(0);
  });

  test('pictures and files', async () => {
    await ada.locator('input[type=file]').setInputFiles([
      { name: 'sea.png', mimeType: 'image/png', buffer: landscape(320, 200, 3) },
      { name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('go there') },
    ]);
    await ada.getByText('sea.png').waitFor();
    await ada.getByText('The names of the files are not sent').waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-files');
    await say(ada, 'The sea');
    await message(ada, 'The sea').getByRole('button', { name: 'Show the picture of ada larger' }).waitFor();
    await seen(bob, 'The sea');
    const shown = message(bob, 'The sea').getByRole('img', { name: 'Picture of ada' });
    await shown.waitFor();
    expect(await shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
    const store = message(bob, 'The sea').getByRole('button', { name: /^Store on this device: Text file \(txt\), 8/u });
    const [download] = await Promise.all([bob.waitForEvent('download'), store.click()]);
    expect(download.suggestedFilename()).toMatch(/^ada-.*\.txt$/u);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chat-media-dark');
    await message(bob, 'The sea').getByRole('button', { name: 'Show the picture of ada larger' }).click();
    await bob.getByRole('dialog').getByRole('img').waitFor();
    await bob.keyboard.press('Escape');
    await message(ada, 'The sea').getByRole('button', { name: 'Open: Text file (txt)' }).click();
    await ada.getByRole('textbox', { name: /^Text of/u }).waitFor();
    await ada.goBack();
    await message(ada, 'The sea').waitFor();
  });

  test('pictures that are pasted go along, and the end stays in sight', async () => {
    expect(await ada.getByRole('button', { name: 'To the newest message' }).count()).toBe(0);
    for (const [sent, seed] of [5, 6].entries()) {
      const bytes = [...landscape(64, 64, seed)];
      await field(ada).focus();
      await field(ada).evaluate((element, content) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(content)], 'pasted.png', { type: 'image/png' }));
        element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
      }, bytes);
      await ada.getByRole('list', { name: 'Files to send' }).getByText('pasted.png').waitFor();
      await field(ada).press('Enter');
      await ada.getByRole('list', { name: 'Files to send' }).waitFor({ state: 'detached' });
      await expect.poll(async () => ada.getByRole('button', { name: 'Show the picture of ada larger' }).count()).toBe(2 + sent);
      await ada.getByText('Sending …').waitFor({ state: 'detached' });
      await expect.poll(async () => below(ada)).toBeLessThan(2);
      expect(await ada.getByRole('button', { name: 'To the newest message' }).count()).toBe(0);
    }
  });

  test('the way to the newest message leads the keyboard there', async () => {
    await ada.getByRole('region', { name: 'Messages of Lake' }).evaluate((list) => {
      list.scrollTop = 0;
    });
    const newest = ada.getByRole('button', { name: 'To the newest message' });
    await newest.focus();
    await newest.press('Enter');
    await newest.waitFor({ state: 'detached' });
    await expect.poll(async () => focused(ada)).toMatch(/^article:/u);
    expect(await ada.evaluate(() => document.activeElement === [...document.querySelectorAll('article')].at(-1))).toBe(true);
    expect(await below(ada)).toBeLessThan(2);
  });

  test('what nobody has seen is counted, and marked where it begins', async () => {
    await bob.getByRole('link', { name: 'Files', exact: true }).click();
    await say(ada, 'unseen one');
    await say(ada, 'unseen two');
    await sent(ada, 'unseen two');
    await expect
      .poll(async () => {
        await look(bob);
        return bob.getByRole('link', { name: /^Chats, \d+ new/u }).isVisible();
      })
      .toBe(true);
    await bob.getByRole('link', { name: /^Chats, \d+ new/u }).click();
    await bob.getByText(/unread messages?$/u).waitFor({ state: 'attached' });
    await picture(bob, 'chats-unread-dark');
    await bob.getByRole('link', { name: 'Lake' }).click();
    await bob.getByText('New messages', { exact: true }).waitFor();
    await message(bob, 'unseen two').waitFor();
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chat-unread-dark');
    await bob.getByRole('link', { name: 'Chats', exact: true }).waitFor();
    expect((await bobElsewhere.chats.list()).chats[0]?.unread).toBe(0);
  });

  test('without a connection messages wait, and are sent once when it is back', async () => {
    await ada.context().setOffline(true);
    await say(ada, 'into the void');
    await say(ada, 'and another');
    await ada.getByText('Waits for the connection').first().waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'chat-waiting');
    await ada.context().setOffline(false);
    await ada.getByText('Waits for the connection').first().waitFor({ state: 'detached' });
    await message(ada, 'and another').waitFor();
    await seen(bob, 'and another');
    for (const words of ['into the void', 'and another']) {
      expect(await ada.locator('article').filter({ hasText: words }).count()).toBe(1);
      expect(await bob.locator('article').filter({ hasText: words }).count()).toBe(1);
    }
    world.complaints.splice(0, Infinity, ...world.complaints.filter((one) => !/ERR_INTERNET_DISCONNECTED|Failed to fetch/u.test(one)));
  });

  test('on a phone: the list or the chat', async () => {
    await bob.setViewportSize({ width: 320, height: 640 });
    await bob.getByRole('button', { name: 'Back to all chats' }).waitFor();
    expect(await bob.getByRole('link', { name: 'Lake' }).isVisible()).toBe(false);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chat-phone');
    await bob.getByRole('button', { name: 'Back to all chats' }).click();
    await bob.getByRole('link', { name: 'Lake' }).waitFor();
    expect(await field(bob).count()).toBe(0);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'chats-phone');
  });

  test('on a phone a long title takes two lines of a dialog', async () => {
    const title = `The voyage ${'around the lake, with all of its islands, '.repeat(4)}`.trim();
    const summary = (await bobElsewhere.chats.list()).chats.find((chat) => chat.title === 'Lake');
    await (await bobElsewhere.chats.open(summary?.id ?? '')).setTitle(title);
    await bob.setViewportSize({ width: 360, height: 640 });
    await bob.getByRole('link', { name: 'The voyage' }).click();
    const menu = bob.getByRole('button', { name: 'More about this chat' });
    for (const [choice, heading] of [
      ['People', 'People in The voyage'],
      ['Pictures and files', 'Pictures and files of The voyage'],
    ] as const) {
      await menu.click();
      await bob.getByRole('menuitem', { name: choice }).click();
      // Whoever hears it hears all of it.
      const dialog = bob.getByRole('dialog', { name: `${heading} around the lake` });
      const shown = dialog.getByRole('heading', { level: 2 });
      expect(await shown.getAttribute('title')).toContain('with all of its islands, around');
      const lines = await shown.evaluate((element) => {
        const text = document.createRange();
        text.selectNodeContents(element);
        const { top, height } = element.getBoundingClientRect();
        return new Set([...text.getClientRects()].map((rect) => rect.top).filter((y) => y < top + height - 2)).size;
      });
      expect(lines).toBe(2);
      expect(await violations(bob)).toEqual([]);
      await picture(bob, `chat-long-title-${choice === 'People' ? 'people' : 'media'}-phone-dark`);
      await dialog.getByRole('button', { name: 'Close' }).click();
    }
  });

  test('nobody complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
