import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guidePicture } from './guide-picture.js';
import { landscape, pdf } from './sample-files.js';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

// The whole story, by the words on the screen: a person with an invitation and no manual, on a computer and then on a phone.
describe.skipIf(!hasChromium)('a family moves in (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  let computer: BrowserContext;
  let page: Page;
  const photos = new Map<string, Buffer>();
  const letter = 'Dear all,\n\nthe roof is tight again.\n';

  beforeAll(async () => {
    world = await WebWorld.start({ 'max-users': '0' });
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-story-'));
    const album = join(folder, 'Summer by the sea');
    await mkdir(join(album, 'Letters'), { recursive: true });
    for (let n = 1; n <= 9; n++) photos.set(`Bay ${n}.png`, landscape(640, 420, n));
    for (const [name, content] of photos) await writeFile(join(album, name), content);
    await writeFile(join(album, 'Tickets.pdf'), pdf(['Ferry tickets', 'The way back']));
    await writeFile(join(album, 'Letters', 'To grandmother.txt'), letter);
    computer = await world.device({ viewport: { width: 1100, height: 700 } });
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('nobody gets in without an invitation', async () => {
    const stranger = await world.open(await world.device());
    await stranger.goto(new URL('/#/sign-up', world.daemon.url).href);
    await stranger.getByRole('textbox', { name: 'User name' }).fill('stranger');
    await stranger.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await stranger.getByRole('textbox', { name: 'Password once more' }).fill(PASSWORD);
    await stranger.getByText('I have written the password down').click();
    await stranger.getByRole('button', { name: 'Sign up' }).click();
    await stranger
      .getByRole('alert')
      .or(stranger.getByText(/invitation/iu))
      .first()
      .waitFor({ timeout: 60_000 });
    expect(await stranger.getByRole('button', { name: 'Upload' }).count()).toBe(0);
    await picture(stranger, 'no-invitation');
    // A link that somebody has made up is not praised, and the refusal stands where it was mentioned.
    await stranger.goto(new URL('/?signup=true&token=nonsense#/sign-up', world.daemon.url).href);
    await stranger.getByRole('status').getByText('This link brings an invitation code along.').waitFor();
    await world.fillSignUp(stranger, 'stranger');
    await stranger.getByRole('alert').getByText('Ask for another link.').waitFor();
    expect(await stranger.getByText('This link brings').count()).toBe(0);
    await picture(stranger, 'bad-invitation');
    await stranger.close();
    // What the server answered is an error of the console.
    world.complaints.length = 0;
  });

  test('the link makes an account, with a passphrase that the page suggests', async () => {
    const link = world.daemon.signUpLink ?? '';
    expect(link).not.toBe('');
    page = await computer.newPage();
    await page.goto(link);
    await page.getByText('This link brings an invitation code along.').waitFor();
    await page.getByRole('textbox', { name: 'User name' }).fill('maria');
    await page.getByRole('button', { name: 'Suggest a passphrase' }).click();
    await page.getByText('Write this passphrase down').waitFor();
    // A passphrase that is known, for the rest of the story.
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByText('Strength of the password').waitFor();
    await page.getByRole('textbox', { name: 'Password once more' }).fill(PASSWORD);
    await page.getByText('I have written the password down').click();
    await page.setViewportSize({ width: 700, height: 1000 });
    await guidePicture(page, 'sign-up');
    await page.setViewportSize({ width: 1100, height: 700 });
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByText('Nothing here yet').waitFor({ timeout: 60_000 });
    // The token of the link has done its work.
    expect(page.url()).not.toContain('token');
  });

  test('a folder with pictures and documents is put in', async () => {
    await page.getByLabel('Upload a folder …').setInputFiles(join(folder, 'Summer by the sea'));
    await page.getByText(/Done · 11 of 11/u).waitFor({ timeout: 60_000 });
    await page.getByRole('row', { name: 'Summer by the sea' }).getByRole('button').click();
    await page.getByRole('row', { name: 'Bay 9.png' }).waitFor();
    await guidePicture(page, 'upload');
    await page.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('button', { name: 'Show as tiles' }).click();
    await page.getByRole('row', { name: 'Bay 9.png' }).locator('img').waitFor();
    await guidePicture(page, 'drive');
  });

  test('the browser is closed, and on the phone everything is there', async () => {
    await computer.close();
    const phone = await world.device({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
    page = await world.open(phone);
    await world.logIn(page, 'maria');
    await page.getByRole('row', { name: 'Summer by the sea' }).getByRole('button').click();
    await page.getByRole('row', { name: 'Bay 1.png' }).waitFor();
    await guidePicture(page, 'phone');
    await page.getByRole('row', { name: 'Bay 1.png' }).getByRole('button').click();
    await page.getByRole('img', { name: 'Bay 1.png' }).waitFor();
    await guidePicture(page, 'phone-picture');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('img', { name: 'Bay 2.png' }).waitFor();
    await page.goBack();
  });

  test('what is downloaded is what was put in', async () => {
    await page.getByRole('row', { name: 'Bay 3.png' }).getByRole('gridcell').first().click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(download.suggestedFilename()).toBe('Bay 3.png');
    expect((await readFile(await download.path())).equals(photos.get('Bay 3.png') ?? Buffer.alloc(0))).toBe(true);
    await page.getByRole('button', { name: 'Select nothing' }).click();
  });

  test('what is written on the phone is read on the computer, without a reload of the page', async () => {
    computer = await world.device({ viewport: { width: 1100, height: 700 } });
    const desk = await world.open(computer);
    await world.logIn(desk, 'maria');
    await page.getByRole('row', { name: 'Letters' }).getByRole('button').click();
    await page.getByRole('row', { name: 'To grandmother.txt' }).getByRole('button').click();
    const editor = page.getByRole('textbox');
    await editor.first().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('Love, Maria');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await desk.getByRole('row', { name: 'Summer by the sea' }).getByRole('button').click();
    await desk.getByRole('row', { name: 'Letters' }).getByRole('button').click();
    await desk.getByRole('row', { name: 'To grandmother.txt' }).getByRole('button').click();
    await desk.getByText('Love, Maria').waitFor();
    await desk.goBack();
    await desk.goBack();
    await desk.getByRole('row', { name: 'Tickets.pdf' }).getByRole('button').click();
    await desk.getByText('Ferry tickets').waitFor();
    await desk.goBack();
    await desk.getByRole('row', { name: 'Bay 4.png' }).getByRole('gridcell').first().click();
    await desk.getByRole('button', { name: 'Delete' }).click();
    await desk.getByText('1 item was put into the trash.').waitFor();
    await desk.getByRole('link', { name: 'Trash' }).click();
    await desk.getByRole('row', { name: 'Bay 4.png' }).waitFor();
    await guidePicture(desk, 'trash');
    await desk.getByRole('link', { name: 'Settings' }).click();
    await desk.getByText(/ of 1\.1 GB used/u).waitFor();
    await guidePicture(desk, 'settings');
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
