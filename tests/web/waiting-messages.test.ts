import type { Chat, UserSession } from '@pyrgos/client';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { befriend, person } from './two-people.js';
import { hasChromium, WebWorld } from './web-world.js';

/** What this device keeps of messages that wait: how many there are, and all their bytes as text. */
async function kept(page: Page): Promise<{ readonly count: number; readonly text: string }> {
  return page.evaluate(async () => {
    const done = async <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result));
        request.addEventListener('error', () => reject(new Error('the database cannot be read')));
      });
    const database = await done(indexedDB.open('pyrgos-waiting'));
    if (!database.objectStoreNames.contains('waiting')) return { count: 0, text: '' };
    const rows = (await done(database.transaction('waiting').objectStore('waiting').getAll())) as {
      readonly parts: readonly { readonly sealed: ArrayBuffer }[];
    }[];
    database.close();
    const text = rows.flatMap(({ parts }) => parts.map(({ sealed }) => new TextDecoder('latin1').decode(sealed))).join('\n');
    return { count: rows.length, text: `${text}\n${JSON.stringify(rows)}` };
  });
}

describe.skipIf(!hasChromium)('messages that wait while the page is closed (needs a Chromium)', () => {
  let world: WebWorld;
  let device: BrowserContext;
  let page: Page;
  let bob: UserSession;
  let chat: Chat;
  beforeAll(async () => {
    world = await WebWorld.start();
    const ada = await person(world, 'ada');
    bob = await person(world, 'bob');
    await befriend(ada, bob);
    const { id } = await ada.chats.create({ title: 'Lake', invite: ['bob'] });
    ada.close();
    chat = await bob.chats.join({ id, inviter: 'ada' });
    device = await world.device();
    page = await world.open(device);
    await world.logIn(page, 'ada', { keep: true });
  });
  afterAll(async () => {
    bob?.close();
    await world?.stop();
  });

  const openChat = async (): Promise<void> => {
    await page.getByRole('link', { name: /^Chats/u }).click();
    await page.getByRole('link', { name: 'Lake' }).click();
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
  };
  const said = async (words: string): Promise<number> => {
    await chat.refresh();
    return (await chat.page()).messages.filter(({ text }) => text === words).length;
  };

  test('what waits is kept, and nobody can read it there', async () => {
    await openChat();
    await page.locator('article').filter({ hasText: 'bob has joined.' }).waitFor();
    await device.setOffline(true);
    await page
      .locator('input[type=file]')
      .setInputFiles([{ name: 'secret.txt', mimeType: 'text/plain', buffer: Buffer.from('what is in the file') }]);
    await page.getByRole('textbox', { name: 'Message' }).fill('late but not lost');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Waits for the connection').waitFor();
    await expect.poll(async () => (await kept(page)).count).toBe(1);
    const { text } = await kept(page);
    for (const secret of ['late but', 'secret.txt', 'in the file']) expect(text).not.toContain(secret);
  });

  test('another window leaves it alone as long as its own is there', async () => {
    await device.setOffline(false);
    await expect.poll(async () => said('late but not lost')).toBe(1);
    await expect.poll(async () => (await kept(page)).count).toBe(0);
    await device.setOffline(true);
    await page.getByRole('textbox', { name: 'Message' }).fill('once more');
    await page.getByRole('textbox', { name: 'Message' }).press('Enter');
    await expect.poll(async () => (await kept(page)).count).toBe(1);
    await page.close({ runBeforeUnload: false });
    await device.setOffline(false);
  });

  test('the next page sends it, once, with its file', async () => {
    page = await world.open(device);
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await expect.poll(async () => said('once more')).toBe(1);
    await expect.poll(async () => (await kept(page)).count).toBe(0);
    expect(await said('once more')).toBe(1);
    const { messages } = await chat.page();
    const [attachment] = messages.find(({ text }) => text === 'late but not lost')?.attachments ?? [];
    if (attachment === undefined) throw new Error('the file is missing');
    const { reader } = await chat.openAttachment(attachment);
    expect(new TextDecoder().decode(await reader.read())).toBe('what is in the file');
  });

  test('equal messages are each sent once, also when the page is closed while nobody knows what came of the first one', async () => {
    await openChat();
    // The first one arrives, and its answer never does.
    let sent = 0;
    await device.route(/mutable\/setPointer/u, async (route) => {
      await route.fetch();
      sent++;
      await route.abort();
      await device.setOffline(true);
    });
    const write = async (words: string): Promise<void> => {
      await page.getByRole('textbox', { name: 'Message' }).fill(words);
      await page.getByRole('textbox', { name: 'Message' }).press('Enter');
    };
    const before = (await kept(page)).count;
    await write('ok');
    await expect.poll(() => sent).toBeGreaterThan(0);
    await write('ok');
    await write('ok');
    for (const content of ['one picture', 'another picture', 'one picture']) {
      await page.locator('input[type=file]').setInputFiles([{ name: 'same.txt', mimeType: 'text/plain', buffer: Buffer.from(content) }]);
      await page.getByRole('button', { name: 'Send' }).click();
    }
    await expect.poll(async () => (await kept(page)).count).toBe(before + 6);
    await page.close({ runBeforeUnload: false });
    await device.unroute(/mutable\/setPointer/u);
    await device.setOffline(false);
    page = await world.open(device);
    const other = await world.open(device);
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await expect.poll(async () => (await kept(page)).count).toBe(0);
    await other.close();
    expect(await said('ok')).toBe(3);
    const contents: string[] = [];
    for (const { text, attachments } of (await chat.page()).messages) {
      if (text !== '' || attachments[0] === undefined) continue;
      const { reader } = await chat.openAttachment(attachments[0]);
      contents.push(new TextDecoder().decode(await reader.read()));
    }
    expect(contents).toEqual(['one picture', 'another picture', 'one picture']);
  });

  test('whoever logs out leaves nothing behind', async () => {
    await openChat();
    await device.setOffline(true);
    await page.getByRole('textbox', { name: 'Message' }).fill('never mind');
    await page.getByRole('textbox', { name: 'Message' }).press('Enter');
    await expect.poll(async () => (await kept(page)).count).toBe(1);
    await device.setOffline(false);
    await expect.poll(async () => said('never mind')).toBe(1);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    expect((await kept(page)).count).toBe(0);
  });
});
