import type { UserSession } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guidePicture } from './guide-picture.js';
import { landscape } from './sample-files.js';
import { befriend, person } from './two-people.js';
import { hasChromium, WebWorld } from './web-world.js';

// The family of the story with its friends: what the user guide shows of people and of sharing.
describe.skipIf(!hasChromium)('people and sharing, for the user guide (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  const people: UserSession[] = [];
  beforeAll(async () => {
    world = await WebWorld.start();
    for (const name of ['maria', 'jonas', 'grandmother', 'tom']) people.push(await person(world, name));
    const [maria, jonas, grandmother, tom] = people as [UserSession, UserSession, UserSession, UserSession];
    await befriend(maria, jonas);
    await befriend(maria, grandmother);
    await tom.friends.follow('maria');
    for (let n = 1; n <= 3; n++)
      await maria.files.write(`/maria/Summer by the sea/Bay ${n}.png`, landscape(640, 420, n), { parents: true });
    await maria.shares.share('/maria/Summer by the sea', [{ user: 'jonas' }]);
    page = await world.open(await world.device({ viewport: { width: 1100, height: 700 } }));
    await world.logIn(page, 'maria');
  });
  afterAll(async () => {
    for (const session of people) session.close();
    await world?.stop();
  });

  test('friends, and who wants to be one', async () => {
    await page.goto(new URL('/#/people', world.daemon.url).href);
    await page.getByText('grandmother').first().waitFor();
    await page.getByText('tom').first().waitFor();
    await guidePicture(page, 'people');
  });

  test('with whom a folder is shared', async () => {
    await page.goto(new URL('/#/drive/maria', world.daemon.url).href);
    await page.getByRole('row', { name: 'Summer by the sea' }).getByRole('gridcell').first().click();
    await page.getByRole('button', { name: 'Share …' }).click();
    const dialog = page.getByRole('dialog', { name: /^Share/u });
    await dialog.getByText('jonas').first().waitFor();
    await guidePicture(page, 'share');
  });

  test('a chat', async () => {
    const [maria, jonas] = people as [UserSession, UserSession];
    const chat = await maria.chats.create({ title: 'Holidays', invite: ['jonas', 'grandmother'] });
    await chat.send({ text: 'The bay was wonderful yesterday. Who comes along tomorrow?' });
    const there = await jonas.chats.join({ id: chat.id, inviter: 'maria' });
    const { messages } = await there.page();
    await there.send({ text: 'I do! I bring the boat.', replyTo: messages.find(({ kind }) => kind === 'text')?.ref ?? '' });
    await chat.refresh();
    await chat.send({
      text: 'Then we need this one:',
      attachments: [{ source: landscape(640, 420, 3), name: 'map.png', mimeType: 'image/png' }],
    });
    await page.goto(new URL(`/#/chats/${encodeURIComponent(chat.id)}`, world.daemon.url).href);
    await page.getByRole('img', { name: 'Picture of maria' }).waitFor();
    await guidePicture(page, 'chat');
  });

  test('the people of a chat', async () => {
    await page.getByRole('button', { name: 'More about this chat' }).click();
    await page.getByRole('menuitem', { name: 'People' }).click();
    const dialog = page.getByRole('dialog', { name: /^People in/u });
    await dialog.getByText('Invited, has not joined yet').waitFor();
    await guidePicture(page, 'chat-people');
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
