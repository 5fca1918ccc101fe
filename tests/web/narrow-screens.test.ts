import type { UserSession } from '@pyrgos/client';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// The narrowest window that is supported: nothing is cut off, and what belongs together stays together.

describe.skipIf(!hasChromium)('320 pixels (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: UserSession;
  let page: Page;
  beforeAll(async () => {
    world = await WebWorld.start();
    ada = await person(world, 'ada');
    for (const name of ['one.txt', 'two.txt']) await ada.files.write(`/ada/${name}`, 'x');
    page = await world.open(await world.device({ viewport: { width: 320, height: 640 }, hasTouch: true }));
    await world.logIn(page, 'ada');
  });
  afterAll(async () => {
    ada?.close();
    await world?.stop();
  });
  const isWhole = async (shown: Locator): Promise<boolean> =>
    shown.evaluate((element) => element.scrollWidth <= element.clientWidth && element.getBoundingClientRect().right <= innerWidth);

  test('a message has its close button beside its text, and what can be done below', async () => {
    await page.getByRole('row', { name: 'one.txt' }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Delete' }).click();
    const toast = page.getByRole('alertdialog').filter({ hasText: 'was put into the trash' });
    const box = async (shown: Locator): Promise<{ readonly top: number; readonly bottom: number }> => {
      const { y = 0, height = 0 } = (await shown.boundingBox()) ?? {};
      return { top: y, bottom: y + height };
    };
    const [words, close, undo] = [
      await box(toast.getByText('1 item was put into the trash.')),
      await box(toast.getByRole('button', { name: 'Close' })),
      await box(toast.getByRole('button', { name: 'Undo' })),
    ];
    await picture(page, 'narrow-toast');
    expect(close.top).toBeLessThan(words.bottom);
    expect(close.bottom).toBeGreaterThan(words.top);
    expect(undo.top).toBeGreaterThanOrEqual(close.bottom);
    expect(await violations(page)).toEqual([]);
  });

  test.each([
    ['English', 'Trash', 'Empty the trash'],
    ['Deutsch', 'Papierkorb', 'Papierkorb leeren'],
    ['Français', 'Corbeille', 'Vider la corbeille'],
    ['Español', 'Papelera', 'Vaciar la papelera'],
  ])('the heading of the trash and the tabs of what is shared are whole (%s)', async (language, trash, empty) => {
    await page.goto(new URL('/#/settings', world.daemon.url).href);
    await page.getByText(language, { exact: true }).click();
    await page.goto(new URL('/#/trash', world.daemon.url).href);
    const heading = page.getByRole('heading', { name: trash, level: 1 });
    await heading.waitFor();
    await page.getByRole('row', { name: 'one.txt' }).waitFor();
    await picture(page, `narrow-trash-${language}`);
    expect(await isWhole(heading)).toBe(true);
    expect(await isWhole(page.getByRole('button', { name: empty }))).toBe(true);
    await page.getByRole('row', { name: 'one.txt' }).getByRole('gridcell').first().click();
    expect(await isWhole(heading)).toBe(true);
    await page.goto(new URL('/#/shared', world.daemon.url).href);
    const tabs = page.getByRole('tablist');
    await tabs.waitFor();
    await picture(page, `narrow-shared-${language}`);
    expect(await isWhole(tabs)).toBe(true);
    for (const tab of await tabs.getByRole('tab').all()) expect(await isWhole(tab)).toBe(true);
    expect(await violations(page)).toEqual([]);
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
