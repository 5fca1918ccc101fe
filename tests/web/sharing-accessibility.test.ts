import type { UserSession } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { befriend, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

const LONG = 'A name that is as long as names are when somebody has not thought of telephones and tablets at all';

describe.skipIf(!hasChromium).each([
  ['light', 1100],
  ['dark', 700],
  ['light', 320],
  ['dark', 320],
] as const)('sharing and links, %s, %i wide (needs a Chromium)', (colorScheme, width) => {
  let world: WebWorld;
  let page: Page;
  let ada: UserSession;
  let bob: UserSession;
  let link = '';
  let protectedLink = '';
  const look = async (name: string): Promise<void> => {
    await picture(page, `sharing-${colorScheme}-${width}-${name}`);
    expect(await violations(page)).toEqual([]);
  };
  beforeAll(async () => {
    world = await WebWorld.start();
    [ada, bob] = (await Promise.all(['ada', 'bob'].map(async (name) => person(world, name)))) as [UserSession, UserSession];
    await befriend(bob, ada);
    const folder = `/ada/${LONG}`;
    for (let n = 1; n <= 5; n++) await ada.files.write(`${folder}/Bay ${n}.png`, landscape(320, 200, n), { parents: true });
    await ada.files.write(`${folder}/note.txt`, new TextEncoder().encode('the sea'));
    await ada.shares.share(folder, [{ user: 'bob' }, { group: 'friends' }]);
    await bob.files.write(`/bob/${LONG}.txt`, new TextEncoder().encode('la la'));
    await bob.shares.share(`/bob/${LONG}.txt`, [{ user: 'ada' }]);
    link = new URL(`/${(await ada.links.create(folder, { maxRetrievals: 100 })).text}`, world.daemon.url).href;
    protectedLink = new URL(
      `/${(await ada.links.create(folder, { userPassword: 'copper kettle seven', writable: true })).text}`,
      world.daemon.url,
    ).href;
    page = await world.open(await world.device({ colorScheme, viewport: { width, height: 740 }, reducedMotion: 'reduce' }));
    await world.logIn(page, 'ada');
  });
  afterAll(async () => {
    for (const session of [ada, bob]) session?.close();
    await world?.stop();
  });

  test('the dialog, with all that it can say', async () => {
    await page.getByRole('row', { name: LONG }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Share …' }).click();
    const dialog = page.getByRole('dialog', { name: /^Share/u });
    await dialog.getByRole('button', { name: 'Access of bob: Can view' }).waitFor();
    await dialog.getByRole('button', { name: 'Share', exact: true }).waitFor();
    await look('people');
    await dialog.getByRole('button', { name: 'Access of bob: Can view' }).click();
    await page.getByRole('menuitem', { name: 'Remove access' }).click();
    await page.getByRole('alertdialog').waitFor();
    await look('remove');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    await dialog.getByRole('tab', { name: 'Secret links' }).click();
    await dialog.getByRole('button', { name: 'QR code' }).first().click();
    await look('links');
    await dialog.getByRole('button', { name: 'New link' }).click();
    await dialog.getByRole('checkbox', { name: /Ask for a password/u }).check();
    await dialog.getByRole('checkbox', { name: 'It stops working at some time' }).check();
    await dialog.getByRole('checkbox', { name: /only so many times/u }).check();
    await dialog.getByRole('textbox', { name: 'Password for the link' }).fill('1234');
    await dialog.getByRole('button', { name: 'Make a link' }).click();
    await dialog.locator('[aria-invalid="true"]').waitFor();
    await look('link-form');
    await dialog.getByRole('tab', { name: 'Everybody' }).click();
    await look('public');
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  test('the view of all that is shared', async () => {
    await page.goto(new URL('/#/shared', page.url()).href);
    await page.getByRole('tabpanel').getByText('All my friends, bob: can view').waitFor();
    await look('mine');
    await page.getByRole('tab', { name: 'All links' }).click();
    await page.getByRole('listitem').first().waitFor();
    await look('all-links');
    await page.getByRole('tab', { name: 'Shared with me' }).click();
    await page.getByText('From bob · you can view it').waitFor();
    await look('with-me');
  });

  test('links', async () => {
    await page.goto(link);
    await page.getByRole('row', { name: 'Bay 5.png' }).waitFor();
    await look('guest-gallery');
    await page.getByRole('button', { name: 'Show as a list' }).click();
    await look('guest-list');
    await page.getByRole('row', { name: 'Bay 5.png' }).getByRole('button').click();
    await page.getByRole('img', { name: 'Bay 5.png' }).waitFor();
    await look('guest-picture');
    await page.goto(protectedLink);
    const field = page.getByRole('textbox', { name: 'Password of the link' });
    await field.fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('That is not the password of this link').waitFor();
    await look('guest-password');
    await field.fill('copper kettle seven');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await look('guest-writable');
    await page.goto(link.slice(0, link.indexOf('#') + 1));
    await page.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    await look('guest-failed');
  });
});
