import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { png } from './sample-files.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

/** Milliseconds that anything on the screen may take. */
const PATIENCE = 90_000;

describe.skipIf(!hasChromium)('trash, search and moving in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  let device: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    world = await WebWorld.start();
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-trash-'));
    device = await world.device();
    page = await world.open(device);
    page.setDefaultTimeout(PATIENCE);
    await world.signUp(page, 'ada');
    const docs = join(folder, 'docs');
    await mkdir(join(docs, 'deep', 'er'), { recursive: true });
    await mkdir(join(docs, 'archive'));
    await writeFile(join(docs, 'archive', 'old.txt'), 'old');
    await writeFile(join(docs, 'one.txt'), 'one');
    await writeFile(join(docs, 'two.txt'), 'two');
    await writeFile(join(docs, 'Übersicht 2025.txt'), 'x'.repeat(2_500_000));
    await writeFile(join(docs, 'deep', 'photo.png'), png(60, 60, [200, 30, 30]));
    await writeFile(join(docs, 'deep', 'er', 'ONE more.txt'), 'three');
    await writeFile(join(docs, 'deep', 'er', '\u202egpj.one'), 'odd');
    const past = new Date('2020-05-05T12:00:00');
    await utimes(join(docs, 'two.txt'), past, past);
    await page.getByLabel('Upload a folder …').setInputFiles(docs);
    // What is done without problems is not in the way for long.
    await page.getByText('7 files uploaded').waitFor();
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const row = (name: string | RegExp): ReturnType<Page['getByRole']> => page.getByRole('row', { name });
  const select = async (name: string): Promise<void> => row(name).getByRole('gridcell').first().click();
  const go = async (hash: string): Promise<void> => {
    await page.goto(new URL(`/${hash}`, world.daemon.url).href);
  };

  test('properties of a folder count what is in it', async () => {
    await go('#/drive/ada');
    await row('docs').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Properties' }).click();
    await page.getByRole('button', { name: 'Count what is in it' }).click();
    await page.getByText('7 files and 3 folders, 2.5 MB').waitFor();
    await picture(page, 'properties-folder');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  });

  test('what is dragged onto a folder is moved there, and back by the way above', async () => {
    await go('#/drive/ada/docs');
    await row('one.txt').dragTo(row('archive'));
    await page.getByText('1 item was moved to “archive”.').waitFor();
    await row('one.txt').waitFor({ state: 'detached' });
    await row('archive').getByRole('button').click();
    await row('one.txt').waitFor();
    await select('one.txt');
    await row('old.txt').getByRole('gridcell').first().click();
    await row('one.txt').dragTo(page.getByRole('link', { name: 'docs' }));
    await page.getByText('2 items were moved to “docs”.').waitFor();
    await row('one.txt').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await row('one.txt').waitFor();
    await row('old.txt').waitFor();
    await select('one.txt');
    await row('old.txt').getByRole('gridcell').first().click();
    await row('one.txt').dragTo(page.getByRole('link', { name: 'docs' }));
    await row('one.txt').waitFor({ state: 'detached' });
    await go('#/drive/ada/docs');
    await row('one.txt').waitFor();
    await row('old.txt').waitFor();
  });

  test('a folder is not moved into itself', async () => {
    await select('archive');
    await row('archive').dragTo(row('archive'));
    await row('archive').waitFor();
    await page.getByRole('button', { name: 'Select nothing' }).click();
  });

  test('the trash says where things were and when they were deleted', async () => {
    await go('#/drive/ada/docs');
    await row('one.txt').waitFor();
    await select('one.txt');
    await select('deep');
    await page.getByRole('button', { name: 'Delete' }).click();
    await row('deep').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Trash' }).click();
    await row('one.txt').getByText('was in /ada/docs').waitFor();
    await row('deep').waitFor();
    await picture(page, 'trash');
  });

  test('things are restored to where they were', async () => {
    await select('deep');
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('1 item was put back.').waitFor();
    await row('deep').waitFor({ state: 'detached' });
    await go('#/drive/ada/docs');
    await row('deep').waitFor();
  });

  test('… under another name when theirs is in use', async () => {
    await writeFile(join(folder, 'one.txt'), 'another one');
    await page.getByLabel('Files …', { exact: true }).setInputFiles(join(folder, 'one.txt'));
    await row('one.txt').waitFor();
    await go('#/trash');
    await select('one.txt');
    await page.getByRole('button', { name: 'Restore' }).click();
    await row('one.txt').waitFor({ state: 'detached' });
    await page.getByText('The trash is empty').waitFor();
    await go('#/drive/ada/docs');
    await row('one (2).txt').waitFor();
  });

  test('things are deleted for good one by one, and all together, after a question', async () => {
    for (const name of ['one (2).txt', 'two.txt', 'old.txt']) await select(name);
    await page.keyboard.press('Delete');
    await row('old.txt').waitFor({ state: 'detached' });
    await go('#/trash');
    await select('two.txt');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByRole('alertdialog', { name: 'Delete for good?' }).waitFor();
    await picture(page, 'trash-confirm');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    await row('two.txt').waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('Delete');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete for good' }).click();
    await row('two.txt').waitFor({ state: 'detached' });
    await row('old.txt').waitFor();
    await page.getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByText('The trash is empty').waitFor();
    await picture(page, 'trash-empty');
    await page.getByRole('button', { name: 'Back to your files' }).click();
    await row('docs').waitFor();
  });

  test('things are found by name, whatever capitals and accents, and however deep', async () => {
    await page.getByRole('button', { name: 'Search in this folder' }).click();
    await page.getByRole('textbox', { name: 'Part of the name' }).fill('one');
    await page.keyboard.press('Enter');
    await page.getByText('3 found, ').waitFor();
    await row('ONE more.txt').getByText('/ada/docs/deep/er').waitFor();
    await row('‹U+202E›gpj.one').waitFor();
    await picture(page, 'search');
    await page.getByRole('textbox', { name: 'Part of the name' }).fill('ubersicht');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await row('Übersicht 2025.txt').waitFor();
    await page.getByText('1 found, ').waitFor();
  });

  test('… and by kind, size and date', async () => {
    await page.getByRole('textbox', { name: 'Part of the name' }).fill('');
    await page.getByText('Kind, size and date').click();
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('Pictures');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await row('photo.png').waitFor();
    await page.getByText('1 found, ').waitFor();
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('Any');
    await page.getByRole('textbox', { name: 'At least (MB)' }).fill('2');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await row('Übersicht 2025.txt').waitFor();
    await page.getByText('1 found, ').waitFor();
    await page.getByRole('textbox', { name: 'At least (MB)' }).fill('lots');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('A size is a number of megabytes').waitFor();
    await picture(page, 'search-problem');
    await page.getByRole('textbox', { name: 'At least (MB)' }).fill('');
    await page.getByLabel('Changed until').fill('2020-12-31');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('0 found, ').waitFor();
  });

  test('what was found is opened, and the search is still there afterwards', async () => {
    await page.getByLabel('Changed until').fill('');
    await page.getByRole('textbox', { name: 'Part of the name' }).fill('*.png');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await row('photo.png').getByRole('button', { name: 'photo.png' }).click();
    await page.getByRole('img', { name: 'photo.png' }).waitFor();
    await page.keyboard.press('Escape');
    await row('photo.png').waitFor();
    await row('photo.png').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Show in its folder' }).click();
    await page.getByRole('link', { name: 'deep' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#/drive/ada/docs/deep');
  });

  test('on a phone, in the dark', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await go('#/search/ada');
    await page.getByRole('textbox', { name: 'Part of the name' }).fill('e');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await row('ONE more.txt').waitFor();
    await picture(page, 'phone-search');
    await go('#/drive/ada/docs');
    await select('archive');
    await page.getByRole('button', { name: 'Delete' }).click();
    await row('archive').waitFor({ state: 'detached' });
    await go('#/trash');
    await row('archive').waitFor();
    await picture(page, 'phone-trash');
  });

  test('what another tab has deleted for good is not there to be restored, and the list says so', async () => {
    await page.setViewportSize({ width: 1100, height: 750 });
    const other = await world.open(device);
    await world.logIn(other, 'ada');
    await other.goto(new URL('/#/trash', world.daemon.url).href);
    await other.getByRole('row', { name: 'archive' }).getByRole('gridcell').first().click();
    await other.getByRole('button', { name: 'Delete for good' }).click();
    await other.getByRole('alertdialog').getByRole('button', { name: 'Delete for good' }).click();
    await other.getByText('The trash is empty').waitFor();
    await select('archive');
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('That is not there any more.').waitFor();
    await page.getByText('The trash is empty').waitFor();
    await picture(page, 'trash-of-two-tabs');
    await other.close();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
