import { readFile } from 'node:fs/promises';
import type { UserSession } from '@pyrgos/client';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// Secret links: made in the dialog, opened by people without an account.

const LINK_PASSWORD = 'copper kettle seven';
const HOSTILE = '"><img src=x onerror=alert(1)> \u202Etxt.exe';

describe.skipIf(!hasChromium)('secret links (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  let ada: UserSession;
  let visitors: BrowserContext;
  /** Everything that the browser of the visitors has asked for. */
  const asked: string[] = [];
  const dialog = () => page.getByRole('dialog', { name: /^Share/u });
  /** Another person without an account, in a window of its own. */
  const visit = async (link: string): Promise<Page> => world.open(visitors, link);
  const openLinks = async (name: string): Promise<void> => {
    await page.getByRole('row', { name }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Share …' }).click();
    await dialog().getByRole('tab', { name: 'Secret links' }).click();
  };
  const close = async (): Promise<void> => {
    await dialog().getByRole('button', { name: 'Close' }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Select nothing' }).click();
  };
  const make = async (name: string, fill: () => Promise<void> = async () => undefined): Promise<string> => {
    await openLinks(name);
    const another = dialog().getByRole('button', { name: 'New link' });
    await another
      .or(dialog().getByRole('button', { name: 'Make a link' }))
      .first()
      .waitFor();
    if (await another.isVisible()) await another.click();
    await fill();
    await dialog().getByRole('button', { name: 'Make a link' }).click();
    await dialog().getByText('The link is ready').waitFor();
    const made =
      (await dialog()
        .getByText(/\/secret\/z/u)
        .first()
        .textContent()) ?? '';
    await close();
    return made;
  };
  let readLink = '';

  beforeAll(async () => {
    world = await WebWorld.start();
    ada = await person(world, 'ada');
    const text = (content: string): Uint8Array => new TextEncoder().encode(content);
    await ada.files.write('/ada/Summer/note.txt', text('the sea'), { parents: true });
    for (let n = 1; n <= 3; n++) await ada.files.write(`/ada/Summer/Bay ${n}.png`, landscape(320, 200, n));
    await ada.files.write(`/ada/Summer/${HOSTILE}`, text('harmless'));
    await ada.files.makeDirectory('/ada/Inbox');
    await ada.files.write('/ada/Inbox/rules.txt', text('be kind'));
    await ada.files.write('/ada/one.txt', text('only one'));
    page = await world.open(await world.device());
    await world.logIn(page, 'ada');
    visitors = await world.device({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
    visitors.on('request', (request) => asked.push(`${request.url()} ${request.headers()['referer'] ?? ''}`));
  });
  afterAll(async () => {
    ada?.close();
    await world?.stop();
  });

  test('a folder is looked at without an account, on a phone', async () => {
    await openLinks('Summer');
    await picture(page, 'link-new');
    await close();
    readLink = await make('Summer');
    expect(readLink).toMatch(/^http:\/\/[^/]+\/secret\/z[^/]+\/\d+#\w+$/u);
    expect(new URL(readLink).origin).toBe(new URL(page.url()).origin);
    const guest = await visit(readLink);
    await guest.getByRole('row', { name: 'Bay 1.png' }).waitFor();
    // Most of it are pictures: tiles.
    await guest.getByRole('button', { name: 'Show as a list' }).waitFor();
    await guest.getByText('Shared by ada').waitFor();
    await picture(guest, 'link-gallery-phone');
    for (const name of ['Upload', 'New folder']) expect(await guest.getByRole('button', { name }).count()).toBe(0);
    await guest.getByRole('row', { name: 'Bay 1.png' }).getByRole('button').click();
    await guest.getByRole('img', { name: 'Bay 1.png' }).waitFor();
    await guest.getByRole('button', { name: 'Next file' }).click();
    await guest.getByRole('img', { name: 'Bay 2.png' }).waitFor();
    await picture(guest, 'link-picture-phone');
    // The address stays the link, so a reload opens the same.
    expect(guest.url()).toBe(readLink);
    await guest.goBack();
    await guest.getByRole('row', { name: 'note.txt' }).waitFor();
    const secret = new URL(readLink).hash.slice(1);
    expect(await guest.title()).toBe('Summer – Pyrgos');
    expect(asked.filter((line) => line.includes(secret))).toEqual([]);
    expect(asked.filter((line) => / \S/u.test(line))).toEqual([]);
    await guest.close();
  });

  test('a file and the whole folder are downloaded', async () => {
    const guest = await visit(readLink);
    await guest.getByRole('row', { name: 'note.txt' }).getByRole('gridcell').first().click();
    const [file] = await Promise.all([guest.waitForEvent('download'), guest.getByRole('button', { name: 'Download' }).click()]);
    expect((await readFile(await file.path())).toString()).toBe('the sea');
    await guest.getByRole('row', { name: 'Bay 1.png' }).getByRole('gridcell').first().click();
    const [zip] = await Promise.all([guest.waitForEvent('download'), guest.getByRole('button', { name: 'Download' }).click()]);
    expect(zip.suggestedFilename()).toBe('Summer.zip');
    expect((await readFile(await zip.path())).subarray(0, 2).toString()).toBe('PK');
    await guest.getByRole('button', { name: 'Select nothing' }).click();
    await guest.getByRole('button', { name: 'More', exact: true }).click();
    const [all] = await Promise.all([
      guest.waitForEvent('download'),
      guest.getByRole('menuitem', { name: 'Download this folder' }).click(),
    ]);
    expect(all.suggestedFilename()).toBe('Summer.zip');
    expect((await readFile(await all.path())).toString('latin1')).toContain('note.txt');
    await guest.close();
  });

  test('a link to one file shows it, and nothing around it', async () => {
    const guest = await visit(await make('one.txt'));
    await guest.getByText('only one').waitFor();
    await guest.getByRole('heading', { name: 'one.txt' }).waitFor();
    expect(await guest.getByRole('button', { name: 'Back to the folder' }).count()).toBe(0);
    const [file] = await Promise.all([guest.waitForEvent('download'), guest.getByRole('button', { name: 'Download' }).click()]);
    expect((await readFile(await file.path())).toString()).toBe('only one');
    await guest.close();
  });

  test('a password, an end and a number of uses', async () => {
    const link = await make('one.txt', async () => {
      await dialog()
        .getByRole('checkbox', { name: /Ask for a password/u })
        .check();
      await dialog().getByRole('checkbox', { name: 'It stops working at some time' }).check();
      await dialog()
        .getByRole('checkbox', { name: /only so many times/u })
        .check();
      // The rule is there before anything is typed, and what is wrong before anything is sent.
      await dialog().getByText('At least 8 characters.').waitFor();
      await dialog().getByRole('textbox', { name: 'Password for the link' }).fill('1234');
      await dialog().getByText('It is too short: 8 characters at least.').waitFor();
      await dialog().getByText('Strength of the password: Too weak').waitFor();
      await dialog().getByLabel('Works until').fill('2020-01-01T10:00');
      await dialog().getByRole('textbox', { name: 'How many times' }).fill('none');
      await dialog().getByRole('button', { name: 'Make a link' }).click();
      await dialog().getByText('Choose a time that is still to come.').waitFor();
      await dialog().getByText('A whole number, 1 or more.').waitFor();
      expect(await dialog().getByRole('textbox', { name: 'Password for the link' }).getAttribute('aria-invalid')).toBe('true');
      await picture(page, 'link-problems');
      await dialog().getByRole('textbox', { name: 'Password for the link' }).fill(LINK_PASSWORD);
      await dialog().getByLabel('Works until').fill('2099-01-01T10:00');
      await dialog().getByRole('textbox', { name: 'How many times' }).fill('2');
    });
    const guest = await visit(link);
    const field = guest.getByRole('textbox', { name: 'Password of the link' });
    await field.fill('wrong one');
    await guest.getByRole('button', { name: 'Open' }).click();
    await guest.getByText('That is not the password of this link').waitFor();
    await picture(guest, 'link-wrong-password');
    await field.fill(LINK_PASSWORD);
    await guest.getByRole('button', { name: 'Open' }).click();
    await guest.getByText('only one').waitFor();
    await guest.close();
    // The second time is the last.
    const again = await visit(link);
    await again.getByRole('textbox', { name: 'Password of the link' }).waitFor();
    await again.close();
    const late = await visit(link);
    await late.getByRole('heading', { name: 'This link is used up' }).waitFor();
    await late.getByText('Do you have an account on this server?').waitFor();
    await late.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await late.getByRole('button', { name: 'My own files' }).count()).toBe(0);
    expect(await violations(late)).toEqual([]);
    await picture(late, 'link-used-up');
    await openLinks('one.txt');
    await dialog()
      .getByText(/0 of 2 uses left/u)
      .waitFor();
    await dialog().getByText('This link opens nothing any more.').waitFor();
    await picture(page, 'link-list');
    // More uses: the same link opens again.
    const card = dialog().getByRole('listitem').filter({ hasText: 'opens nothing' });
    await card.getByRole('button', { name: 'Change the link' }).click();
    const edit = page.getByRole('dialog', { name: 'Change the link to “one.txt”' });
    await edit.getByRole('textbox', { name: 'How many times' }).fill('5');
    await edit.getByRole('checkbox', { name: /Ask for a password/u }).uncheck();
    await edit.getByRole('button', { name: 'Save' }).click();
    await dialog()
      .getByText(/3 of 5 uses left/u)
      .waitFor();
    await close();
    await late.getByRole('button', { name: 'Try again' }).click();
    await late.getByText('only one').waitFor();
    await late.close();
  });

  test('people upload into a link for editing', async () => {
    const link = await make('Inbox', async () => {
      await dialog().getByRole('radio', { name: 'Can edit' }).check();
      await dialog().getByText('can upload into this folder').waitFor();
    });
    const guest = await visit(link);
    await guest.getByRole('row', { name: 'rules.txt' }).waitFor();
    await guest
      .getByLabel('Files …', { exact: true })
      .setInputFiles([{ name: 'gift.txt', mimeType: 'text/plain', buffer: Buffer.from('for you') }]);
    await guest.getByRole('row', { name: 'gift.txt' }).waitFor();
    await guest.getByRole('button', { name: 'New folder' }).click();
    await guest.getByRole('textbox', { name: 'Name' }).fill('Photos');
    await guest.getByRole('button', { name: 'Create' }).click();
    await guest.getByRole('row', { name: 'Photos' }).waitFor();
    await picture(guest, 'link-writable-phone');
    await guest.getByRole('row', { name: 'rules.txt' }).getByRole('gridcell').first().click();
    await guest.getByRole('button', { name: 'Rename' }).click();
    await guest.getByRole('textbox', { name: 'Name' }).fill('old rules.txt');
    await guest.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    await guest.getByRole('row', { name: 'old rules.txt' }).waitFor();
    await guest.getByRole('button', { name: 'Delete' }).click();
    await guest.getByRole('alertdialog').getByRole('button', { name: 'Delete for good' }).click();
    await guest.getByRole('row', { name: 'old rules.txt' }).waitFor({ state: 'detached' });
    await guest.close();
    ada.files.refresh();
    expect(await ada.files.readText('/ada/Inbox/gift.txt')).toBe('for you');
    expect(await ada.files.find('/ada/Inbox/old rules.txt')).toBeUndefined();
    expect((await ada.files.stat('/ada/Inbox/Photos')).isDirectory).toBe(true);
  });

  test('links that do not open say why', async () => {
    const gone = await make('one.txt');
    await page.goto(new URL('/#/shared', page.url()).href);
    await page.getByRole('tab', { name: 'All links' }).click();
    await page.getByRole('tabpanel').getByText(gone).waitFor();
    await picture(page, 'shared-links');
    const card = page.getByRole('listitem').filter({ hasText: gone });
    await card.getByRole('button', { name: 'QR code' }).click();
    await card.getByRole('img', { name: 'QR code of the link to one.txt' }).waitFor();
    await card.getByRole('button', { name: 'Delete the link' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete the link' }).click();
    await page.getByRole('tabpanel').getByText(gone).waitFor({ state: 'detached' });
    const guest = await visit(gone);
    await guest.getByRole('heading', { name: 'There is nothing behind this link' }).waitFor();
    await guest.getByRole('button', { name: 'Log in' }).waitFor();
    // Nothing comes back to a link that was deleted.
    expect(await guest.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await picture(guest, 'link-gone');
    await guest.goto(readLink.slice(0, readLink.indexOf('#') + 1));
    await guest.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    await guest.goto('about:blank');
    await guest.goto(readLink.split('#')[0] ?? '');
    await guest.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    await guest.close();
    // What the server answered is an error of the console.
    world.complaints.length = 0;
  });

  test('who is logged in here opens a link, and is still logged in afterwards', async () => {
    const device = await world.device();
    const own = await world.open(device);
    await world.signUp(own, 'carol', { keep: true });
    await own.goto(readLink);
    await own.getByRole('row', { name: 'note.txt' }).waitFor();
    await picture(own, 'link-folder');
    await own.getByRole('button', { name: 'My own files' }).click();
    await own.getByText('Nothing here yet').waitFor();
    await own.goto(readLink.slice(0, readLink.indexOf('#') + 1));
    await own.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    await own.getByRole('button', { name: 'My own files' }).click();
    await own.getByText('Nothing here yet').waitFor();
    await device.close();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
