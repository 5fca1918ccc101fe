import { afterAll, beforeAll, expect, test } from 'vitest';
import { People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Chat, UserSession } from '../index.js';

let world: ServerWorld;
let ada: UserSession;
let chat: Chat;
beforeAll(async () => {
  world = await ServerWorld.start();
  ada = await new People(world).join('ada');
  chat = await ada.chats.create({ title: 'mine' });
});
afterAll(async () => world.close());

/** What plain JavaScript may pass. */
const junk = (value: unknown): never => value as never;
const OTHERS: readonly unknown[] = [null, 5, 'text', [], true];

/** Calls with wrong options. */
const calls: Readonly<Record<string, (options: never) => unknown>> = {
  list: async (options) => ada.chats.list(options),
  create: async (options) => ada.chats.create(options),
  open: async (options) => ada.chats.open(chat.id, options),
  invitations: async (options) => ada.chats.invitations(options),
  join: async (options) => ada.chats.join({ id: chat.id, inviter: 'bob' }, options),
  decline: async (options) => ada.chats.decline({ id: chat.id, inviter: 'bob' }, options),
  delete: async (options) => ada.chats.delete(chat.id, options),
  refreshAll: async (options) => ada.chats.refresh(options),
  summary: async (options) => chat.summary(options),
  members: async (options) => chat.members(options),
  refresh: async (options) => chat.refresh(options),
  page: async (options) => chat.page(options),
  send: async (options) => chat.send({ text: 'x' }, options),
  edit: async (options) => chat.edit('Qm', 'x', options),
  deleteMessage: async (options) => chat.deleteMessage('Qm', options),
  invite: async (options) => chat.invite([], options),
  remove: async (options) => chat.remove('bob', options),
  leave: async (options) => chat.leave(options),
  setTitle: async (options) => chat.setTitle('x', options),
  setIcon: async (options) => chat.setIcon(undefined, options),
  addAdmin: async (options) => chat.addAdmin('bob', options),
  removeAdmin: async (options) => chat.removeAdmin('bob', options),
  markSeen: async (options) => chat.markSeen(undefined, options),
  unread: async (options) => chat.unread(options),
  search: async (options) => chat.search('x', options).next(),
  changedSince: async (options) => chat.changedSince(0, options).next(),
  media: async (options) => chat.media(options),
  openAttachment: async (options) => chat.openAttachment(junk({}), options),
};

test.each(Object.entries(calls))('%s: wrong options, and a call that is cancelled', async (_, call) => {
  for (const options of [null, 5, 'text', { signal: 7 }]) await expect(call(junk(options))).rejects.toMatchObject({ code: 'argument' });
  await expect(call(junk({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'aborted' });
});

test('wrong arguments are named', async () => {
  const field = async (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'nothing',
      (error: unknown) => (error as { data?: { field?: string } }).data?.field ?? String(error),
    );
  for (const wrong of OTHERS) {
    expect(await field(ada.chats.open(junk(wrong)))).toBe('id');
    expect(await field(ada.chats.delete(junk(wrong)))).toBe('id');
    expect(await field(ada.chats.join(junk({ id: wrong, inviter: 'bob' })))).toBe('invitation.id');
    expect(await field(ada.chats.join(junk({ id: chat.id, inviter: wrong === 'text' ? 'ada' : wrong })))).toBe('invitation.inviter');
    expect(await field(ada.chats.decline(junk({ id: wrong, inviter: 'bob' })))).toBe('invitation.id');
    expect(await field(chat.send({ text: 'x', replyTo: junk(wrong) }))).toBe('message.replyTo');
    expect(await field(chat.edit(junk(wrong), 'x'))).toBe('ref');
    if (!Array.isArray(wrong)) {
      expect(await field(chat.invite(junk(wrong)))).toBe('usernames');
      expect(await field(ada.chats.create({ invite: junk(wrong) }))).toBe('options.invite');
      expect(await field(chat.send({ attachments: junk(wrong) }))).toBe('message.attachments');
    }
    if (wrong !== 'text') {
      expect(await field(chat.send({ text: junk(wrong) }))).toBe('message.text');
      expect(await field(chat.setTitle(junk(wrong)))).toBe('title');
      expect(await field(ada.chats.create({ title: junk(wrong) }))).toBe('options.title');
      expect(await field(chat.remove(junk(wrong)))).toBe('username');
      expect(await field(chat.addAdmin(junk(wrong)))).toBe('username');
      expect(await field(chat.removeAdmin(junk(wrong)))).toBe('username');
      expect(await field(chat.edit('QmNWaejSjrwP7a2mgZ9E9LSA9gaDM1c5xrwEDDdgKn1GNZ', junk(wrong)))).toBe('text');
    }
    if (wrong !== 5) expect(await field(chat.markSeen(junk(wrong)))).toBe('upTo');
    expect(await field(chat.setIcon(junk(wrong)))).toMatch(/^icon/);
    expect(await field(chat.openAttachment(junk({ path: 'x', capability: wrong })))).toBe('attachment.capability');
    expect(await field(chat.send({ attachments: [junk({ source: '', name: wrong === 'text' ? 7 : wrong })] }))).toBe(
      'message.attachments[0].name',
    );
    expect(await field(chat.send({ attachments: [junk({ source: '', name: 'a', mimeType: wrong === 'text' ? 7 : wrong })] }))).toBe(
      'message.attachments[0].mimeType',
    );
    if (wrong !== true) expect(await field(ada.chats.delete(chat.id, { leave: junk(wrong) }))).toBe('options.leave');
  }
  expect(await field(chat.invite(['ada']))).toBe('usernames[0]');
  expect(await field(chat.invite(junk([5])))).toBe('usernames[0]');
  expect(await field(chat.remove('ada'))).toBe('username');
  expect(await field(ada.chats.create({ icon: junk({ bytes: 5, mimeType: 'image/png' }) }))).toBe('options.icon.bytes');
  expect(await field(chat.send({ attachments: [{ source: junk(5), name: 'a.txt' }] }))).toBe('source');
  await expect(chat.invite(['nobody-of-this-name'])).rejects.toMatchObject({ code: 'not-found.user' });
  await expect(chat.remove('bob')).rejects.toMatchObject({ code: 'denied.chat', data: { reason: 'not-member' } });
  await expect(ada.chats.join({ id: chat.id.replace('ada', 'bob'), inviter: 'bob' })).rejects.toMatchObject({ code: 'not-found.chat' });
  await expect(ada.chats.delete(chat.id.replace('ada', 'bob'))).rejects.toMatchObject({ code: 'not-found.chat' });
  expect((await chat.summary()).title).toBe('mine');
  expect((await chat.page()).messages.map(({ kind }) => kind)).toEqual(['joined', 'title']);
});

test('nothing is to be had from a session that is closed', async () => {
  const other = await new People(world).join('bob');
  const own = await other.chats.create();
  other.close();
  for (const call of [
    async () => other.chats.list(),
    async () => other.chats.create(),
    async () => other.chats.refresh(),
    async () => own.summary(),
    async () => own.page(),
    async () => own.send({ text: 'x' }),
    async () => own.refresh(),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'denied.session' });
  }
});
