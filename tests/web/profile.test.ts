import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { landscape } from './sample-files.js';
import { friendsInBrowsers } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('profiles in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let ada: Page;
  let bob: Page;
  beforeAll(async () => {
    world = await WebWorld.start();
    const friends = await friendsInBrowsers(world);
    ({ ada, bob } = friends);
    friends.bobElsewhere.close();
  });
  afterAll(async () => {
    await world?.stop();
  });
  const open = async (page: Page, username: string): Promise<void> => {
    await page.goto(new URL(`/#/profile/${username}`, world.daemon.url).href);
    await page.getByRole('heading', { name: username, level: 1 }).waitFor();
  };

  test('fields, each with its own audience, and a picture', async () => {
    await open(ada, 'ada');
    await ada.getByText('Your profile is empty.').waitFor();
    await ada.getByRole('button', { name: 'Edit profile' }).click();
    await ada.getByRole('textbox', { name: 'First name' }).fill('Ada <b>L.</b>');
    await ada.getByRole('combobox', { name: 'Who sees: First name' }).selectOption('Friends');
    await ada.getByRole('textbox', { name: 'Telephone' }).fill('+1 234');
    await ada.getByRole('textbox', { name: 'About me' }).fill('Counts, see https://example.org/');
    await ada.getByRole('combobox', { name: 'Who sees: About me' }).selectOption('Followers');
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'profile-editor');
    await ada.getByRole('button', { name: 'Save' }).click();
    await ada.getByText('Ada <b>L.</b>').waitFor();
    await ada.getByText('+1 234').waitFor();
    await ada.getByRole('button', { name: 'Edit profile' }).click();
    // There is nothing yet that somebody could see.
    expect(await ada.getByRole('combobox', { name: 'Who sees: Picture' }).isDisabled()).toBe(true);
    await ada.locator('input[type=file]').setInputFiles([{ name: 'me.png', mimeType: 'image/png', buffer: landscape(300, 200, 5) }]);
    const dialog = ada.getByRole('dialog', { name: 'Choose a picture …' });
    await dialog.getByRole('slider', { name: 'Larger or smaller' }).fill('2');
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'profile-crop');
    await dialog.getByRole('button', { name: 'Use this picture' }).click();
    await ada.getByText('The new picture is stored with everything else').waitFor();
    await ada.getByRole('combobox', { name: 'Who sees: Picture' }).selectOption('Friends');
    await picture(ada, 'profile-new-picture');
    await ada.getByRole('textbox', { name: 'Last name' }).fill('Love');
    await ada.getByRole('button', { name: 'Save' }).click();
    await ada.getByText('Love').waitFor();
    await ada.locator('#content img').waitFor();
    expect(await ada.locator('#content img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(400);
    await picture(ada, 'profile-own');
  });

  test('what a friend sees of it', async () => {
    await open(bob, 'ada');
    await bob.getByText('Ada <b>L.</b>').waitFor();
    await bob.getByText('Counts, see').waitFor();
    await bob.locator('#content img').waitFor();
    expect(await bob.getByText('+1 234').count()).toBe(0);
    expect(await bob.getByRole('button', { name: 'Edit profile' }).count()).toBe(0);
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'profile-dark');
    await bob.setViewportSize({ width: 320, height: 700 });
    expect(await violations(bob)).toEqual([]);
    await picture(bob, 'profile-phone');
  });

  test('who is not to see a field any more does not', async () => {
    await ada.getByRole('button', { name: 'Edit profile' }).click();
    await ada.getByRole('combobox', { name: 'Who sees: First name' }).selectOption('Only me');
    await ada.getByRole('button', { name: 'Save' }).click();
    await ada.getByText('Your profile is saved.').waitFor();
    await bob.reload();
    await world.logIn(bob, 'bob');
    await open(bob, 'ada');
    await bob.getByText('Counts, see').waitFor();
    expect(await bob.getByText('Ada <b>L.</b>').count()).toBe(0);
  });

  test('a field that is emptied is private, and so is what is written there next', async () => {
    await ada.getByRole('button', { name: 'Edit profile' }).click();
    const audience = ada.getByRole('combobox', { name: 'Who sees: About me' });
    expect(await audience.inputValue()).toBe('followers');
    await ada.getByRole('textbox', { name: 'About me' }).fill('');
    expect(await audience.isDisabled()).toBe(true);
    expect(await audience.inputValue()).toBe('nobody');
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'profile-emptied');
    await ada.getByRole('button', { name: 'Save' }).click();
    await ada.getByText('Counts, see').waitFor({ state: 'detached' });
    await ada.getByRole('button', { name: 'Edit profile' }).click();
    await ada.getByRole('textbox', { name: 'About me' }).fill('Counts again');
    expect(await audience.inputValue()).toBe('nobody');
    await ada.getByRole('button', { name: 'Save' }).click();
    await ada.getByText('Counts again').waitFor();
    await bob.reload();
    await world.logIn(bob, 'bob');
    await open(bob, 'ada');
    await bob.locator('#content img').waitFor();
    expect(await bob.getByText('Counts').count()).toBe(0);
  });

  test('nobody complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
