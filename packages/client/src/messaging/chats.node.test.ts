import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinNewest, kindsOf, logOf, memberNames, ownChat, privateOf, stateOf, textsOf } from '../../test/chat-world.js';
import { told } from '../../test/feed-world.js';
import { later } from '../../test/later.js';
import { People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { given, ownSpaceOf } from '../../test/social-world.js';
import type { Chat, UserSession } from '../index.js';
import { readIndex } from './chat-files.js';

/** Milliseconds after which a copy that is still not there is gone. */
const ABSENT = 660_000;

/** Two friends in a chat that the first one has made. */
interface Pair {
  readonly a: UserSession;
  readonly b: UserSession;
  readonly chatA: Chat;
  readonly chatB: Chat;
}

describe('chats, on a real server: the scenarios of chapter 07 section 12', () => {
  let world: ServerWorld;
  let people: People;
  beforeAll(async () => {
    world = await ServerWorld.start();
    people = new People(world);
  });
  afterAll(async () => world.close());

  async function pair(): Promise<Pair> {
    const [a, b] = await people.friends('ada', 'bob');
    const chatA = await a.chats.create({ invite: [b.username] });
    const chatB = await joinNewest(b, a);
    return { a, b, chatA, chatB };
  }

  const length = async (session: UserSession, chat: Chat): Promise<number> => {
    const { mergedUpTo } = (await stateOf(session, chat)).hostMember;
    expect(await logOf(session, chat)).toHaveLength(mergedUpTo);
    return mergedUpTo;
  };

  test('C6: who creates a chat is its admin', async () => {
    const [a] = await people.friends('ada');
    const chat = await a.chats.create();
    expect(chat.id).toMatch(new RegExp(`^chat\\$${a.username}\\$[0-9a-f-]{36}$`));
    expect(await kindsOf(a, chat)).toEqual(['join', 'group-state']);
    const { admins, isAdmin, members, title, writable } = await chat.summary();
    expect({ admins, isAdmin, members, title, writable }).toEqual({
      admins: [a.username],
      isAdmin: true,
      members: [a.username],
      title: '',
      writable: 'yes',
    });
    expect((await a.files.stat(`/${a.username}/.messaging`)).isHidden).toBe(true);
    expect((await a.files.stat(`/${a.username}/.messaging/${chat.id}/shared`)).isHidden).toBe(false);
  });

  test('C7 to C10: an invitation is accepted, messages and properties come across, a reply names what it answers to', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatA = await a.chats.create({ title: 'Boats' });
    await chatA.invite([b.username]);
    const invitations = await b.chats.invitations();
    expect(invitations).toEqual([
      {
        id: chatA.id,
        inviter: a.username,
        title: 'Boats',
        app: undefined,
        isKnown: false,
        path: `/${a.username}/.messaging/${chatA.id}/shared`,
      },
    ]);
    // An invitation is no file that somebody shares.
    await b.feed.update();
    expect(await told(b)).toEqual([]);
    expect(await b.feed.unread()).toBe(0);
    const chatB = await b.chats.join(invitations[0] ?? { id: '', inviter: '' });
    await chatB.refresh();
    expect(await b.chats.invitations()).toEqual([]);
    expect(await kindsOf(b, chatB)).toEqual(['join', 'group-state', 'group-state', 'invite', 'join']);
    expect(await length(a, chatA)).toBe(4);
    expect((await chatA.summary()).pending).toEqual([b.username]);

    const sent = await chatA.send({ text: 'a message' });
    expect(sent).toMatchObject({ kind: 'text', author: a.username, isOwn: true, text: 'a message', replyTo: undefined });
    expect(await chatB.refresh()).toEqual({ id: chatB.id, added: 1, refused: 0, more: false, problems: [] });
    expect(await length(b, chatB)).toBe(6);
    expect((await logOf(b, chatB)).at(-1)?.envelope.payload).toEqual((await logOf(a, chatA)).at(-1)?.envelope.payload);
    expect((await chatB.summary()).unread).toBe(1);

    const reply = await chatB.send({ text: 'an answer', replyTo: sent.ref });
    expect(reply.replyTo).toMatchObject({ ref: sent.ref, author: a.username, text: 'a message', deleted: false });
    await chatA.refresh();
    expect([await length(a, chatA), await length(b, chatB)]).toEqual([7, 7]);
    expect((await chatA.summary()).last).toMatchObject({
      text: 'an answer',
      author: b.username,
      replyTo: { ref: sent.ref, text: 'a message' },
    });
    expect((await chatA.summary()).members).toEqual([a.username, b.username].sort());

    await chatA.setTitle('Ships');
    await chatB.refresh();
    expect((await chatB.summary()).title).toBe('Ships');
    expect([await length(a, chatA), await length(b, chatB)]).toEqual([8, 8]);
    await chatB.markSeen();
    expect(await chatB.unread()).toBe(0);
    const { chats, invitations: left, damaged } = await b.chats.list();
    expect(chats).toEqual([await chatB.summary()]);
    expect([left, damaged]).toEqual([[], []]);
  });

  test('C11: texts of 1 MiB cross the chunks of the log, and the index finds what is behind them', async () => {
    const { a, b, chatA, chatB } = await pair();
    await chatA.refresh();
    for (let i = 0; i < 6; i++) await chatA.send({ text: '\0'.repeat(1_048_576) });
    expect((await chatB.refresh()).added).toBe(6);
    for (const [session, chat] of [
      [a, chatA],
      [b, chatB],
    ] as const) {
      const found = await chat.page({ around: 9, limit: 1 });
      expect(found.messages.map(({ index, text }) => [index, text.length])).toEqual([[9, 1_048_576]]);
      const own = await ownChat(session, chat.id);
      const index = await ownSpaceOf(session).look(undefined, async (view) => readIndex(view, own.index));
      expect(index.length).toBe(32);
      expect(own.state.encode().length).toBeLessThan(3_000_000);
    }
    await chatB.send({ text: 'read' });
    await chatA.refresh();
    expect((await chatA.summary()).last?.text).toBe('read');
  }, 120_000);

  test('C12: an attachment is read at its author, and copied by who has got it', async () => {
    const { a, b, chatA, chatB } = await pair();
    const bytes = new Uint8Array(100_000).fill(7);
    const sent = await chatA.send({ text: 'look', attachments: [{ source: bytes, name: 'holiday.TXT' }] });
    const [attachment] = sent.attachments;
    expect(attachment?.extension).toBe('txt');
    expect(attachment?.hash.digest).toEqual(world.crypto.sha256(bytes));
    const date = new Date();
    const folder = `.messaging/${chatA.id}/shared/media/${date.getUTCFullYear()}/${date.getUTCMonth() + 1}`;
    expect(attachment?.path).toBe(`${a.username}/${folder}/${attachment?.name}`);
    await chatB.refresh();
    const [shown] = (await chatB.summary()).last?.attachments ?? [];
    if (shown === undefined) throw new Error('the attachment has not come');
    expect(await (await chatB.openAttachment(shown)).reader.read()).toEqual(bytes);
    expect(await b.files.read(`/${b.username}/${folder}/${shown.name}`)).toEqual(bytes);
    expect((await chatB.media()).items.map(({ name }) => name)).toEqual([shown.name]);
    // The copy is enough when the author has deleted the file.
    await a.files.remove(`/${attachment?.path}`);
    expect(await (await chatB.openAttachment(shown)).reader.read()).toEqual(bytes);
    await expect(chatA.openAttachment(shown)).rejects.toMatchObject({ code: 'not-found.file' });
  });

  test('C13 and C14: who is removed reads nothing that comes after, and can be invited once more', async () => {
    const { a, b, chatA, chatB } = await pair();
    await chatA.refresh();
    await chatB.send({ text: 'hello' });
    await chatA.refresh();
    const before = await length(b, chatB);
    const keys = (await privateOf(b, chatB)).chatKeys;
    const oldId = (await stateOf(b, chatB)).host;
    await chatA.remove(b.username);
    await chatA.send({ text: 'not for bob' });
    await chatB.refresh();
    expect(await length(b, chatB)).toBe(before);
    expect((await chatB.members()).find(({ username }) => username === a.username)?.state).toBe('unreachable');
    expect((await chatB.summary()).writable).toBe('alone');
    await chatB.refresh();
    await later(ABSENT, async () => chatB.refresh());
    expect(await memberNames(b, chatB)).toEqual([b.username]);
    expect((await stateOf(a, chatA)).memberOf(b.username)?.isRemoved).toBe(true);
    expect((await a.shares.sharedWith(`/${a.username}/.messaging/${chatA.id}/shared`)).readers).toEqual([]);
    expect(await b.files.find(`/${a.username}/.messaging/${chatA.id}/shared`)).toBeUndefined();

    await chatA.invite([b.username]);
    const [invitation] = await b.chats.invitations();
    expect(invitation).toMatchObject({ id: chatA.id, inviter: a.username, isKnown: true });
    const again = await b.chats.join(invitation ?? { id: '', inviter: '' });
    expect(again.id).toBe(chatB.id);
    const state = await stateOf(b, again);
    expect(state.host.equals(oldId)).toBe(false);
    expect(state.hostMember).toMatchObject({ username: b.username, isRemoved: false });
    expect((await privateOf(b, again)).chatKeys.equals(keys)).toBe(false);
    expect((await stateOf(a, chatA)).memberOf(b.username)?.isRemoved).toBe(false);
    await again.send({ text: 'here I am' });
    await chatA.refresh();
    await chatA.send({ text: 'welcome' });
    await again.refresh();
    expect(await textsOf(again)).toEqual(await textsOf(chatA));
    expect((await textsOf(chatA)).slice(-2)).toEqual(['here I am', 'welcome']);
    expect((await chatA.summary()).members).toEqual([a.username, b.username].sort());
  });

  test('an invitation is declined on all devices, whoever passes it on; a later one is another one', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chat = await a.chats.create({ title: 'Boats', invite: [b.username] });
    const other = await a.chats.create({ title: 'Cars', invite: [b.username] });
    const invitation = { id: chat.id, inviter: a.username };
    const titles = async (): Promise<readonly string[]> => (await b.chats.list()).invitations.map(({ title }) => title);
    expect(await titles()).toEqual(['Boats', 'Cars']);
    await b.chats.decline(invitation);
    expect(await titles()).toEqual(['Cars']);
    const device = await people.again(b);
    expect((await device.chats.invitations()).map(({ title }) => title)).toEqual(['Cars']);
    await device.chats.decline({ id: other.id, inviter: a.username });
    await b.chats.decline(invitation);
    expect(await titles()).toEqual([]);
    expect((await b.files.stat(`/${b.username}/.pyrgos-declined-chats.cbor`)).isHidden).toBe(true);
    expect((await chat.summary()).pending).toEqual([b.username]);
    // Whoever changes their mind still can.
    await b.chats.join(invitation);
    expect((await b.chats.list()).chats.map(({ title }) => title)).toEqual(['Boats']);
    await other.remove(b.username);
    await other.invite([b.username]);
    expect(await titles()).toEqual(['Cars']);
    const nobody = { id: `chat$${a.username}$00000000-0000-4000-8000-000000000000`, inviter: a.username };
    await expect(b.chats.decline(nobody)).rejects.toMatchObject({ code: 'not-found.chat' });
    device.close();
  });

  test('C15: five users are invited in one call, and a second invitation changes nothing', async () => {
    const [a, ...others] = await people.friends('ada', 'bob', 'cleo', 'dora', 'emil', 'finn');
    if (a === undefined) throw new Error('no one');
    const chat = await a.chats.create();
    const names = others.map(({ username }) => username);
    await chat.invite(names);
    await chat.invite(names);
    expect(await memberNames(a, chat)).toEqual([a.username, ...names].sort());
    expect(await kindsOf(a, chat)).toEqual(['join', 'group-state', ...names.map(() => 'invite')]);
    expect(new Set((await chat.members()).map(({ id }) => id)).size).toBe(6);
    for (const name of names) expect(await given(a, name, 'read')).toHaveLength(3);
  }, 60_000);

  test('C16: the copy of a member is gone: it shows at once, is noted after some minutes, and nobody is removed', async () => {
    const [a, b, c] = await people.friends('ada', 'bob', 'cleo');
    const chatA = await a.chats.create({ invite: [b.username, c.username] });
    const chatB = await joinNewest(b, a);
    const chatC = await joinNewest(c, a);
    await chatA.refresh();
    await chatB.refresh();
    await chatC.refresh();
    await chatC.send({ text: 'I am here' });
    await chatB.refresh();
    await chatA.refresh();
    await c.chats.delete(chatC.id, { leave: false });
    await expect(c.chats.open(chatC.id)).rejects.toMatchObject({ code: 'not-found.chat' });
    await expect(chatC.summary()).rejects.toMatchObject({ code: 'not-found.chat' });
    await chatB.send({ text: 'where is cleo' });
    const stateIn = async (chat: Chat): Promise<string | undefined> =>
      (await chat.members()).find(({ username }) => username === c.username)?.state;
    for (const [session, chat] of [
      [a, chatA],
      [b, chatB],
    ] as const) {
      expect((await chat.refresh()).problems).toEqual([]);
      await chat.refresh();
      expect(await stateIn(chat)).toBe('unreachable');
      expect((await privateOf(session, chat)).deleted).toEqual([]);
      await later(ABSENT, async () => chat.refresh());
      expect((await privateOf(session, chat)).deleted).toEqual([c.username]);
      expect(await stateIn(chat)).toBe('unreachable');
    }
    expect(await textsOf(chatA)).toEqual(['I am here', 'where is cleo']);
    expect(await kindsOf(a, chatA)).not.toContain('remove-member');
    // Removing is for people.
    await chatA.remove(c.username);
    await chatB.refresh();
    expect(await stateIn(chatB)).toBe('removed');
  }, 60_000);

  test('a copy that is not shared for a while is read again', async () => {
    const { a, b, chatA, chatB } = await pair();
    for (const chat of [chatA, chatB, chatA]) await chat.refresh();
    const path = `/${b.username}/.messaging/${chatB.id}/shared`;
    await b.shares.unshare(path, [{ user: a.username }]);
    for (let i = 0; i < 3; i++) await chatA.refresh();
    expect((await chatA.members()).map(({ state }) => state)).toEqual(['joined', 'unreachable']);
    await later(ABSENT, async () => chatA.refresh());
    expect((await privateOf(a, chatA)).deleted).toEqual([b.username]);
    expect((await stateOf(a, chatA)).memberOf(b.username)?.isRemoved).toBe(false);
    await chatB.send({ text: 'still here' });
    await b.shares.share(path, [{ user: a.username }], { access: 'read' });
    await later(1_300_000, async () => chatA.refresh());
    expect((await privateOf(a, chatA)).deleted).toEqual([]);
    expect((await chatA.members()).map(({ state }) => state)).toEqual(['joined', 'joined']);
    expect(await textsOf(chatA)).toEqual(['still here']);
  }, 60_000);

  test('C17: two devices merge at once, and every text is there once', async () => {
    const { a, b, chatA, chatB } = await pair();
    const other = await people.again(b);
    const sameChat = await other.chats.open(chatB.id);
    for (let round = 0; round < 3; round++) {
      await chatA.send({ text: `one ${round}` });
      await chatA.send({ text: `two ${round}` });
      await Promise.all([chatB.refresh(), sameChat.refresh()]);
      await Promise.all([chatB.send({ text: `mine ${round}` }), sameChat.send({ text: `also mine ${round}` })]);
    }
    await chatA.refresh();
    await Promise.all([chatB.refresh(), sameChat.refresh()]);
    const texts = [0, 1, 2].flatMap((round) => [`one ${round}`, `two ${round}`, `mine ${round}`, `also mine ${round}`]);
    for (const chat of [chatA, chatB, sameChat]) expect([...(await textsOf(chat))].sort()).toEqual([...texts].sort());
    await length(b, chatB);
    await length(a, chatA);
  }, 60_000);

  test('C18: a message is edited, and the edit deleted', async () => {
    const { a, b, chatA, chatB } = await pair();
    await chatA.refresh();
    const sent = await chatA.send({ text: 'Hello' });
    const edited = await chatA.edit(sent.ref, 'Hello!');
    expect(edited).toMatchObject({ ref: sent.ref, index: sent.index, text: 'Hello!', edited: true });
    const twice = await chatA.edit(sent.ref, 'Hello!!');
    expect(twice.text).toBe('Hello!!');
    await chatB.refresh();
    expect(await textsOf(chatB)).toEqual(['Hello!!']);
    await expect(chatB.edit(sent.ref, 'mine')).rejects.toMatchObject({ code: 'denied.chat' });
    await expect(chatB.deleteMessage(sent.ref)).rejects.toMatchObject({ code: 'denied.chat' });
    await chatA.deleteMessage(sent.ref);
    await chatB.refresh();
    expect((await chatB.page()).messages.find(({ ref }) => ref === sent.ref)).toMatchObject({ deleted: true, text: '' });
    expect((await kindsOf(a, chatA)).slice(-4)).toEqual(['application', 'edit', 'edit', 'delete']);
    expect(await kindsOf(b, chatB)).toEqual(await kindsOf(a, chatA));
    await expect(chatA.edit(sent.ref, 'again')).rejects.toMatchObject({ code: 'denied.chat' });
  });

  test('C19: an answer to a message of oneself has an attachment, which nobody copies', async () => {
    const { a, chatA } = await pair();
    const sent = await chatA.send({ text: 'mine' });
    const reply = await chatA.send({ text: '', replyTo: sent.ref, attachments: [{ source: 'content', name: 'a.txt' }] });
    expect(reply.attachments).toHaveLength(1);
    expect(reply.replyTo?.ref).toBe(sent.ref);
    await chatA.refresh();
    await a.chats.settled();
    expect((await ownChat(a, chatA.id)).mediaFile).toBeUndefined();
  });

  test('C20: B joins after three texts and has all seven messages', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatA = await a.chats.create({ invite: [b.username] });
    for (const text of ['one', 'two', 'three']) await chatA.send({ text });
    const chatB = await joinNewest(b, a);
    await chatB.refresh();
    expect(await length(b, chatB)).toBe(7);
    expect(await textsOf(chatB)).toEqual(['one', 'two', 'three']);
  });

  test('three members hear of each other, whoever has invited whom; admins, icon, leaving', async () => {
    const [a, b, c] = await people.friends('ada', 'bob', 'cleo');
    const icon = { bytes: new Uint8Array([1, 2, 3]), mimeType: 'image/png' };
    const chatA = await a.chats.create({ title: 'three', invite: [b.username], icon });
    const chatB = await joinNewest(b, a);
    expect((await chatB.summary()).icon).toEqual(icon);
    await chatB.invite([c.username]);
    const chatC = await joinNewest(c, b);
    await chatB.refresh();
    await chatA.refresh();
    await chatC.send({ text: 'from cleo' });
    // Ada and Cleo are friends: they read each other without Bob.
    await chatA.refresh();
    expect(await textsOf(chatA)).toEqual(['from cleo']);
    await expect(chatB.remove(c.username)).rejects.toMatchObject({ code: 'denied.chat' });
    await expect(chatB.addAdmin(c.username)).rejects.toMatchObject({ code: 'denied.chat' });
    await chatA.addAdmin(b.username);
    await chatB.refresh();
    expect((await chatB.summary()).admins).toEqual([a.username, b.username].sort());
    await chatB.remove(c.username);
    await chatA.refresh();
    expect((await chatA.summary()).members).toEqual([a.username, b.username].sort());
    await chatA.removeAdmin(a.username);
    await expect(chatA.remove(b.username)).rejects.toMatchObject({ code: 'denied.chat' });
    await chatA.leave();
    expect((await chatA.summary()).writable).toBe('left');
    await expect(chatA.send({ text: 'too late' })).rejects.toMatchObject({ code: 'denied.chat' });
    await chatB.refresh();
    expect((await chatB.summary()).members).toEqual([b.username]);
    expect((await chatB.page()).messages.at(-1)).toMatchObject({ kind: 'left', author: a.username });
    await chatA.refresh();
    await a.chats.delete(chatA.id);
    expect((await a.chats.list()).chats).toEqual([]);
  }, 60_000);
});
