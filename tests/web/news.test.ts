import { stat } from 'node:fs/promises';
import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { friendsInBrowsers } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('news in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: Page;
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

  const open = async (page: Page): Promise<void> => {
    await page.goto(new URL('/#/news', world.daemon.url).href);
    await page.getByRole('heading', { name: 'News', level: 1 }).waitFor();
  };
  const refresh = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Look for news' }).click();
    await page.locator('[role="feed"][aria-busy="false"]').waitFor();
  };
  const card = (page: Page, text: string | RegExp): Locator => page.getByRole('article').filter({ hasText: text }).first();

  test('nothing yet', async () => {
    await open(ada);
    await ada.getByText('No news yet').waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'news-empty');
  });

  test('a post with a picture is seen by a friend, with links and without markup', async () => {
    await ada
      .getByRole('textbox', { name: 'Write something' })
      .fill('Look at <img src=x onerror="document.title=1"> and https://example.org/path, not javascript:alert(1)');
    await ada.locator('input[type=file]').setInputFiles([{ name: 'sea.png', mimeType: 'image/png', buffer: landscape(320, 200, 3) }]);
    await ada.getByText('sea.png').waitFor();
    await ada.getByRole('button', { name: 'Post', exact: true }).click();
    await card(ada, 'Look at').waitFor();
    await open(bob);
    const seen = card(bob, 'Look at');
    await seen.getByText('<img src=x onerror="document.title=1">').waitFor();
    await seen.getByText('New', { exact: true }).waitFor();
    expect(await seen.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual([
      '#/profile/ada',
      'https://example.org/path',
    ]);
    const shown = seen.getByRole('img', { name: 'Picture 1 of ada' });
    await shown.waitFor();
    expect(await shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'news-dark');
    await seen.getByRole('button', { name: 'Show picture 1 of ada larger' }).click();
    await bob.getByRole('dialog').getByRole('img').waitFor();
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'news-picture');
    await bob.keyboard.press('Escape');
  });

  test('comments both ways', async () => {
    await card(bob, 'Look at').getByRole('button', { name: 'Answer' }).click();
    await bob.getByRole('textbox', { name: 'Your answer' }).fill('How <b>beautiful</b>');
    await bob.getByRole('button', { name: 'Send the answer' }).click();
    await bob.getByText('It appears here when ada has received it.').waitFor();
    await refresh(ada);
    const post = card(ada, 'Look at');
    await post.getByRole('button', { name: '1 comment' }).click();
    await post.getByRole('article').getByText('How <b>beautiful</b>').waitFor();
    await post.getByRole('textbox', { name: 'Your answer' }).last().fill('Is it not?');
    await post.getByRole('button', { name: 'Send the answer' }).last().click();
    await card(ada, 'Look at').getByRole('button', { name: '2 comments' }).waitFor();
    await refresh(bob);
    await card(bob, 'Look at').getByRole('button', { name: '2 comments' }).waitFor();
    await card(bob, 'Look at').getByRole('article').getByText('Is it not?').waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'news-comments');
  });

  test('edited and deleted', async () => {
    await ada.getByRole('textbox', { name: 'Write something' }).fill('soon different');
    await ada.getByRole('button', { name: 'Post', exact: true }).click();
    await card(ada, 'soon different').getByRole('button', { name: 'More about this post' }).first().click();
    await ada.getByRole('menuitem', { name: 'Edit' }).click();
    await ada.getByRole('textbox', { name: 'Text of the post' }).fill('different now');
    await ada.getByRole('button', { name: 'Save' }).click();
    await card(ada, 'different now').getByText('edited').waitFor();
    await refresh(bob);
    await card(bob, 'different now').waitFor();
    await card(ada, 'different now').getByRole('button', { name: 'More about this post' }).first().click();
    await ada.getByRole('menuitem', { name: 'Delete' }).click();
    await ada.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await card(ada, 'different now').waitFor({ state: 'detached' });
    await refresh(bob);
    await card(bob, 'different now').waitFor({ state: 'detached' });
  });

  test('a shared folder, and older news on the next page', async () => {
    await bobElsewhere.files.makeDirectory('/bob/Holiday');
    await bobElsewhere.files.write('/bob/Holiday/plan.txt', 'go there');
    await bobElsewhere.shares.share('/bob/Holiday', [{ user: 'ada' }]);
    await refresh(ada);
    // When it was shared nobody has written down; what is shown is said to be what it is.
    await card(ada, 'Holiday')
      .getByText(/last changed .*\d{4}/u)
      .waitFor();
    await ada.getByText('When something was shared is recorded nowhere').waitFor();
    await picture(ada, 'news-share');
    await ada.getByRole('link', { name: 'What you share yourself' }).click();
    await ada.getByRole('tab', { name: 'Shared by me' }).waitFor();
    await open(ada);
    await ada.getByRole('link', { name: 'Holiday' }).click();
    await ada.getByRole('row', { name: 'plan.txt' }).waitFor();
    for (let i = 0; i < 21; i++) await bobElsewhere.posts.create({ text: `number ${i}` });
    await open(ada);
    await card(ada, /number 20/u).waitFor();
    await ada.locator('[role="feed"][aria-busy="false"]').waitFor();
    expect(await card(ada, /number 0(?!\d)/u).count()).toBe(0);
    await ada.getByRole('button', { name: 'Show older news' }).click();
    await card(ada, /number 0(?!\d)/u).waitFor();
    await card(ada, 'Look at').waitFor();
    expect(await ada.getByRole('button', { name: 'Show older news' }).count()).toBe(0);
  });

  test('a large file comes as a stream, and others to store', async () => {
    const large = new Uint8Array(33_000_000).fill(7);
    await bobElsewhere.posts.create({
      text: 'large and small',
      media: [
        { source: large, mimeType: 'application/octet-stream' },
        { source: new TextEncoder().encode('<script>alert(1)</script>'), mimeType: 'text/html' },
      ],
    });
    await refresh(ada);
    const post = card(ada, 'large and small');
    for (const [name, size, stored] of [
      ['Store on this device: File, 33 MB', large.length, 'bob-1'],
      ['Store on this device: Text file, 25 bytes', 25, 'bob-2.html'],
    ] as const) {
      const [download] = await Promise.all([ada.waitForEvent('download'), post.getByRole('button', { name }).click()]);
      expect((await stat(await download.path())).size).toBe(size);
      expect(download.suggestedFilename()).toBe(stored);
    }
  });

  test('on a phone', async () => {
    await bob.setViewportSize({ width: 320, height: 700 });
    await open(bob);
    await card(bob, 'Look at').waitFor();
    await bob.locator('[role="feed"][aria-busy="false"]').waitFor();
    expect(await violations(bob)).toEqual([]);
    await bob.setViewportSize({ width: 360, height: 700 });
    const shown = bob.getByRole('img', { name: 'Picture 1 of ada' });
    await shown.scrollIntoViewIfNeeded();
    // All of the card but its edge and padding.
    const width = await shown.evaluate(
      (image) => [image.getBoundingClientRect().width, image.closest('article')?.clientWidth ?? 0] as const,
    );
    expect(width[0]).toBe(width[1] - 32);
    await picture(bob, 'news-phone');
    await bob.getByRole('button', { name: 'Show picture 1 of ada larger' }).click();
    await bob.getByRole('dialog').getByRole('img').waitFor();
    await picture(bob, 'news-phone-picture');
  });

  test('nobody complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
