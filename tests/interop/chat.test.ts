/**
 * People who chat with different clients: ada and eve with ours, bob and dan with a foreign one that nobody here wrote. They invite each other, send, answer, edit, delete, remove and invite once
 * more, all on our server; what one of them does the others see.
 *
 * What the foreign client does otherwise, and what is therefore not expected of it:
 *   - it does not learn that it was removed, since it cannot read the message that says so; it only reads nothing any more;
 *   - invited once more it loses the key that it has just told the others, and cannot send;
 *   - an attachment of somebody whose files it cannot read makes it give up the member from whom it has got the message, and remove them when it is an admin; so everybody who attaches
 *     something here is followed by it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Chat, type ChatMessage, connect, type UserSession } from '@pyrgos/client';
import { toHex } from '@pyrgos/core/bytes';
import { ChatState, PrivateChatState, readLogItem } from '@pyrgos/core/chat';
import { encodeBase58, Multihash } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ForeignChatter, type ForeignMessage, foreignChatMissing, isForeignChatThere } from './foreign-chat.js';
import { foreignSignUp, runProgram } from './foreign-programs.js';

const TIMEOUT = 300_000;
const MiB = 1024 * 1024;

/** All of a chat that ours shows, oldest first, as far as a page holds it. */
async function shown(chat: Chat): Promise<readonly ChatMessage[]> {
  const { messages, problem } = await chat.page({ limit: 200 });
  expect(problem).toBeUndefined();
  return messages;
}

/** A message that ours shows, in a line. */
function line({ author, kind, text, about, deleted, edited, replyTo, attachments }: ChatMessage): string {
  const marks = [
    ...(deleted ? ['deleted'] : []),
    ...(edited ? ['edited'] : []),
    ...(replyTo === undefined ? [] : [`to ${replyTo.author}: ${replyTo.text}`]),
    ...attachments.map(({ extension }) => `+${extension}`),
  ];
  return [author, kind === 'text' ? text : `${kind} ${about.join(',')}`.trim(), ...marks.map((mark) => `(${mark})`)].join(' ');
}

/** A message that the foreign client reads, in a line. */
function foreignLine({ author, kind, text, files, username, key, value }: ForeignMessage): string {
  const said = { join: '', invite: username, 'remove-member': username, 'group-state': `${key}=${value}`, delete: '' };
  const what = kind in said ? `${kind} ${said[kind as keyof typeof said]}`.trim() : kind === 'application' ? text : `${kind} ${text}`;
  return [author, what, ...(files ?? []).map((path) => `(+${path.split('.').at(-1)})`)].join(' ');
}

function multihash(bytes: Uint8Array): string {
  return encodeBase58(Multihash.sha256(createHash('sha256').update(bytes).digest()).bytes);
}

/** A picture of one dot. */
const tinyPng = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

describe.skipIf(!isForeignChatThere)(`chats of people with our client and people with a foreign one${foreignChatMissing}`, () => {
  let daemon: DaemonProcess;
  let home: string;
  const password = randomBytes(12).toString('hex');
  const sessions = new Map<string, UserSession>();
  const chatters = new Map<string, ForeignChatter>();

  /** Somebody with our client. */
  const ours = (username: string): UserSession => sessions.get(username) ?? raise(username);
  /** Somebody with the foreign client. */
  const theirs = (username: string): ForeignChatter => chatters.get(username) ?? raise(username);
  const raise = (username: string): never => {
    throw new Error(`${username} is not signed in`);
  };
  const logIn = async (username: string): Promise<UserSession> => (await connect(daemon.url)).logIn({ username, password });
  /** What a user of ours reads after a new log-in, when nothing is remembered. */
  const lines = async (username: string, id: string): Promise<readonly string[]> => {
    const session = await logIn(username);
    try {
      return (await shown(await session.chats.open(id))).map(line);
    } finally {
      session.close();
    }
  };
  const foreignLines = async (username: string, id: string): Promise<readonly string[]> =>
    (await theirs(username).messages(id)).map(foreignLine);
  /** Ours joins a chat to which somebody has invited, as people do: from what is listed. */
  const joinAs = async (username: string, id: string, inviter: string): Promise<Chat> => {
    const { chats } = ours(username);
    const found = (await chats.invitations()).find((invitation) => invitation.id === id && invitation.inviter === inviter);
    expect(found).toMatchObject({ isKnown: false, path: `/${inviter}/.messaging/${id}/shared` });
    return chats.join({ id, inviter });
  };
  const refresh = async (chat: Chat): Promise<void> => {
    expect(await chat.refresh()).toMatchObject({ problems: [], refused: 0 });
  };
  const content = async (username: string, chat: Chat, message: ChatMessage): Promise<Buffer> => {
    expect(message.attachments.length, username).toBe(1);
    const { reader } = await chat.openAttachment(message.attachments[0]!);
    const parts: Uint8Array[] = [];
    for await (const part of reader) parts.push(new Uint8Array(part));
    return Buffer.concat(parts);
  };
  const local = async (name: string, bytes: string | Uint8Array): Promise<string> => {
    const path = join(home, name);
    await writeFile(path, bytes);
    return path;
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pyrgos-chat-'));
    daemon = await startDaemonProcess({ 'max-users': '20', 'default-quota': '1g' });
    for (const username of ['ada', 'eve']) sessions.set(username, await (await connect(daemon.url)).signUp({ username, password }));
    for (const username of ['bob', 'dan']) {
      await runProgram(foreignSignUp, [daemon.url, username, password], '', home);
      chatters.set(username, await ForeignChatter.signIn(daemon.url, username, password, home));
    }
    // Everybody with everybody, except that ada and eve do not know each other: their messages travel through others.
    for (const our of ['ada', 'eve']) {
      for (const their of ['bob', 'dan']) {
        await ours(our).friends.follow(their);
        await theirs(their).do('accept');
      }
      expect(await ours(our).friends.state()).toMatchObject({ friends: ['bob', 'dan'] });
    }
    await theirs('bob').do('follow', 'dan');
    await theirs('dan').do('accept');
    await theirs('bob').do('accept');
  }, 240_000);

  afterAll(async () => {
    for (const session of sessions.values()) session.close();
    for (const chatter of chatters.values()) await chatter.close();
    await daemon?.stop();
    await rm(home, { recursive: true, force: true });
  });

  describe('theirs creates, ours joins', () => {
    let id: string;
    let chat: Chat;
    const small = randomBytes(600);
    const big = randomBytes(6 * MiB);

    test('the invitation, and texts both ways', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      id = await bob.create();
      await bob.do('title', id, 'Größe 🗼');
      await bob.do('invite', id, 'ada');
      await bob.do('send', id, 'before she has joined');
      expect(await ours('ada').chats.invitations()).toMatchObject([
        { id, inviter: 'bob', title: 'Größe 🗼', isKnown: false, app: undefined },
      ]);
      chat = await joinAs('ada', id, 'bob');
      expect(await ours('ada').chats.invitations()).toEqual([]);
      await bob.do('merge', id);
      await bob.do('send', id, 'two\nlines\tand "quotes" \\');
      await refresh(chat);
      const sent = await chat.send({ text: '👍🏽 <b>none</b> 日本語' });
      expect(sent).toMatchObject({ author: 'ada', isOwn: true, kind: 'text', replyTo: undefined });
      await bob.do('merge', id);
      const all = [
        'bob joined',
        'bob title Größe 🗼',
        'bob invited ada',
        'bob before she has joined',
        'ada joined',
        'bob two\nlines\tand "quotes" \\',
        'ada 👍🏽 <b>none</b> 日本語',
      ];
      expect(await lines('ada', id)).toEqual(all);
      expect(await foreignLines('bob', id)).toEqual([
        'bob join',
        'bob group-state admins=bob',
        'bob group-state title=Größe 🗼',
        'bob invite ada',
        ...all.slice(3, 4),
        'ada join',
        ...all.slice(5),
      ]);
      expect(await bob.state(id)).toMatchObject({ names: ['ada', 'bob'], pending: [], gone: [], title: 'Größe 🗼' });
      expect(await chat.summary()).toMatchObject({
        title: 'Größe 🗼',
        members: ['ada', 'bob'],
        pending: [],
        admins: ['bob'],
        isAdmin: false,
        writable: 'yes',
      });
    });

    test('replies both ways, also to a reply', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      const question = (await shown(chat)).find(({ text }) => text.startsWith('two'))!;
      const reply = await chat.send({ text: 'an answer', replyTo: question.ref });
      await bob.do('merge', id);
      const got = (await bob.messages(id)).at(-1)!;
      expect(got).toMatchObject({ kind: 'reply', author: 'ada', ref: reply.ref, to: question.ref, text: 'an answer', files: [] });
      await bob.do('reply', id, String(got.index), 'and again');
      await refresh(chat);
      expect((await shown(chat)).at(-1)).toMatchObject({
        author: 'bob',
        text: 'and again',
        replyTo: { ref: reply.ref, author: 'ada', text: 'an answer', deleted: false, index: reply.index },
      });
    });

    test('edits and deletions both ways', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      await bob.do('send', id, 'with a mistale');
      await bob.do('send', id, 'not meant');
      await bob.do('send', id, 'stays');
      const length = (await bob.state(id)).length;
      await bob.do('edit', id, String(length - 3), 'with a mistake');
      await bob.do('edit', id, String(length - 3), 'without a mistake');
      await bob.do('delete', id, String(length - 2));
      await refresh(chat);
      expect((await lines('ada', id)).slice(-3)).toEqual(['bob without a mistake (edited)', 'bob  (deleted)', 'bob stays']);
      const wrong = await chat.send({ text: 'wrog' });
      const gone = await chat.send({ text: 'gone' });
      await chat.edit(wrong.ref, 'wrong');
      await chat.edit(wrong.ref, 'right');
      await chat.deleteMessage(gone.ref);
      await bob.do('merge', id);
      expect((await bob.messages(id)).slice(-3)).toMatchObject([
        { kind: 'edit', author: 'ada', to: wrong.ref, text: 'wrong' },
        { kind: 'edit', author: 'ada', to: wrong.ref, text: 'right' },
        { kind: 'delete', author: 'ada', to: gone.ref },
      ]);
    });

    test('what is not of the one who edits or deletes it stays as it was', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      const mine = await chat.send({ text: 'of ada' });
      await bob.do('merge', id);
      const index = String((await bob.state(id)).length - 1);
      await bob.do('edit', id, index, 'of bob');
      await bob.do('delete', id, index);
      await refresh(chat);
      const found = (await shown(chat)).find(({ ref }) => ref === mine.ref);
      expect(found).toMatchObject({ text: 'of ada', edited: false, deleted: false });
      const his = (await shown(chat)).find(({ text }) => text === 'stays')!;
      await expect(chat.edit(his.ref, 'no')).rejects.toMatchObject({ code: expect.stringMatching(/^denied\./) as unknown });
      await expect(chat.deleteMessage(his.ref)).rejects.toMatchObject({ code: expect.stringMatching(/^denied\./) as unknown });
    });

    test('attachments both ways, small and of several chunks, also in a reply', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      await bob.do('attach', id, 'a small one', 'bin', await local('small.bin', small));
      await bob.do('attach', id, '', 'dat', await local('big.dat', big));
      const length = (await bob.state(id)).length;
      await bob.do('reply', id, String(length - 2), 'and in a reply', 'txt', await local('reply.txt', 'in a reply'));
      await refresh(chat);
      await ours('ada').chats.settled();
      const got = (await shown(chat)).slice(-3);
      expect(got.map(line)).toEqual(['bob a small one (+bin)', 'bob  (+dat)', 'bob and in a reply (to bob: a small one) (+txt)']);
      const contents = [small, big, Buffer.from('in a reply')];
      for (const [i, message] of got.entries()) expect((await content('ada', chat, message)).equals(contents[i]!)).toBe(true);
      const one = await chat.send({ text: 'from ada', attachments: [{ source: new Uint8Array(small), name: 'hers.png' }] });
      await chat.send({
        attachments: [
          { source: new Uint8Array(big), name: 'hers.tar.gz' },
          { source: new Uint8Array(), name: 'empty' },
        ],
        replyTo: one.ref,
      });
      await bob.do('merge', id);
      expect((await foreignLines('bob', id)).slice(-2)).toEqual(['ada from ada (+png)', 'ada reply  (+gz) (+)']);
      const end = (await bob.state(id)).length;
      const seen = [...(await bob.media(id, end - 2)), ...(await bob.media(id, end - 1))];
      for (const [i, bytes] of [small, big, Buffer.alloc(0)].entries()) {
        const hash = multihash(bytes);
        expect(seen[i], `attachment ${i}`).toMatchObject({ hash, origin: hash, local: hash });
      }
    });

    test('title, icon and admins, set by either', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      await chat.setTitle('A title of ada: äöü, 🗼');
      await expect(chat.addAdmin('ada')).rejects.toMatchObject({ code: expect.stringMatching(/^denied\./) as unknown });
      await bob.do('merge', id);
      expect(await bob.state(id)).toMatchObject({ title: 'A title of ada: äöü, 🗼', admins: ['bob'] });
      await bob.do('admin', id, 'ada');
      await bob.do('property', id, 'iconBase64', `data:image/png;base64,${tinyPng.toString('base64')}`);
      await refresh(chat);
      const summary = await chat.summary();
      expect(summary).toMatchObject({ admins: ['ada', 'bob'], isAdmin: true, icon: { mimeType: 'image/png' } });
      expect(Buffer.from(summary.icon!.bytes).equals(tinyPng)).toBe(true);
      await chat.removeAdmin('bob');
      await bob.do('merge', id);
      expect(await bob.state(id)).toMatchObject({ admins: ['ada'] });
      await expect(bob.do('admin', id, 'bob')).rejects.toThrow();
      await chat.addAdmin('bob');
      await bob.do('merge', id);
      expect(await bob.state(id)).toMatchObject({ admins: ['ada', 'bob'] });
      expect((await lines('ada', id)).filter((text) => text.includes(' admins '))).toEqual([
        'bob admins ada,bob',
        'ada admins ada',
        'ada admins ada,bob',
      ]);
    });

    test('the same chat in the account of bob, with our client, which goes on in it', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      const session = await logIn('bob');
      const same = await session.chats.open(id);
      const texts = (messages: readonly ChatMessage[]): readonly string[] =>
        messages.map(({ ref, author, text }) => `${author} ${ref} ${text}`);
      // The logs differ in their order where both have written at once, and hold the same.
      expect(new Set(texts(await shown(same)))).toEqual(new Set(texts(await shown(chat))));
      expect(await same.summary()).toMatchObject({ members: ['ada', 'bob'], isAdmin: true, writable: 'yes' });
      const sent = await same.send({ text: 'from bob, with ours', attachments: [{ source: 'a text', name: 'a.txt' }] });
      session.close();
      await bob.do('merge', id);
      expect((await bob.messages(id)).at(-1)).toMatchObject({ author: 'bob', ref: sent.ref, text: 'from bob, with ours' });
      await bob.do('send', id, 'from bob, with theirs');
      await refresh(chat);
      expect((await shown(chat)).slice(-2).map(line)).toEqual(['bob from bob, with ours (+txt)', 'bob from bob, with theirs']);
    });

    test('ours leaves', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      await chat.leave();
      expect(await chat.summary()).toMatchObject({ writable: 'left', members: ['bob'] });
      await bob.do('merge', id);
      expect(await bob.state(id)).toMatchObject({ names: ['bob'], gone: [] });
      expect((await foreignLines('bob', id)).at(-1)).toBe('ada remove-member ada');
    });
  });

  describe('ours creates, theirs joins', () => {
    let id: string;
    let chat: Chat;

    test('the invitation, texts, replies, edits, deletions and an attachment', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      chat = await ours('ada').chats.create({ title: 'Chat of ada', invite: ['bob'] });
      ({ id } = chat);
      const first = await chat.send({ text: 'before he has joined' });
      const fixed = await chat.send({ text: 'wrog' });
      await chat.edit(fixed.ref, 'right');
      await bob.join(id, 'ada');
      await bob.do('send', id, 'here I am');
      await bob.do('reply', id, String((await bob.messages(id)).find(({ ref }) => ref === first.ref)!.index), 'yes');
      await refresh(chat);
      expect(await lines('ada', id)).toEqual([
        'ada joined',
        'ada title Chat of ada',
        'ada invited bob',
        'ada before he has joined',
        'ada right (edited)',
        'bob joined',
        'bob here I am',
        'bob yes (to ada: before he has joined)',
      ]);
      const answer = (await shown(chat)).at(-1)!;
      const reply = await chat.send({ text: 'with a file', attachments: [{ source: 'its text', name: 'x.txt' }], replyTo: answer.ref });
      await chat.deleteMessage(first.ref);
      await bob.do('merge', id);
      const got = (await bob.messages(id)).slice(-2);
      expect(got).toMatchObject([
        { kind: 'reply', author: 'ada', ref: reply.ref, to: answer.ref, text: 'with a file' },
        { kind: 'delete', author: 'ada', to: first.ref },
      ]);
      const hash = multihash(Buffer.from('its text'));
      expect(await bob.media(id, got[0]!.index)).toMatchObject([{ hash, local: hash, origin: hash }]);
      expect(await bob.state(id)).toMatchObject({ title: 'Chat of ada', admins: ['ada'], names: ['ada', 'bob'], gone: [] });
    });

    test(
      'both send at once, again and again, and merge: everything is there once, in all copies, and what is known before comes before',
      {
        timeout: TIMEOUT,
      },
      async () => {
        const bob = theirs('bob');
        for (let round = 0; round < 3; round++) {
          await Promise.all([
            bob.do('burst', id, `theirs ${round}`, '5'),
            (async () => {
              for (let n = 0; n < 5; n++) await chat.send({ text: `ours ${round} ${n}` });
            })(),
          ]);
          await Promise.all([bob.do('merge', id), refresh(chat)]);
        }
        await refresh(chat);
        await bob.do('merge', id);
        const mine = (await shown(chat)).slice(-30);
        const his = (await bob.messages(id)).slice(-30);
        const expected = [0, 1, 2].flatMap((round) =>
          [0, 1, 2, 3, 4].flatMap((n) => [`ada ours ${round} ${n}`, `bob theirs ${round} ${n}`]),
        );
        expect(new Set(mine.map(line))).toEqual(new Set(expected));
        expect(new Set(his.map(foreignLine))).toEqual(new Set(expected));
        expect(new Set(mine.map(({ ref }) => ref))).toEqual(new Set(his.map(({ ref }) => ref)));
        for (const order of [mine.map(line), his.map(foreignLine)]) {
          for (const who of ['ada', 'bob']) {
            const own = order.filter((text) => text.startsWith(who));
            expect(own).toEqual(expected.filter((text) => text.startsWith(who)));
          }
        }
      },
    );

    test('two devices of ada and bob at once', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      const second = await logIn('ada');
      const other = await second.chats.open(id);
      await Promise.all([
        bob.do('burst', id, 'his', '4'),
        (async () => {
          for (let n = 0; n < 4; n++) await chat.send({ text: `first ${n}` });
        })(),
        (async () => {
          for (let n = 0; n < 4; n++) {
            await other.send({ text: `second ${n}` });
            await other.refresh();
          }
        })(),
      ]);
      await Promise.all([refresh(other), refresh(chat)]);
      second.close();
      await bob.do('merge', id);
      const all = ['first', 'second', 'his'].flatMap((who) => [0, 1, 2, 3].map((n) => `${who === 'his' ? 'bob' : 'ada'} ${who} ${n}`));
      const mine = (await lines('ada', id)).slice(-12);
      const his = (await foreignLines('bob', id)).slice(-12);
      expect([...mine].sort()).toEqual([...all].sort());
      expect([...his].sort()).toEqual([...all].sort());
    });

    test('theirs leaves', { timeout: TIMEOUT }, async () => {
      await theirs('bob').do('remove', id, 'bob');
      await refresh(chat);
      expect((await lines('ada', id)).at(-1)).toBe('bob left');
      expect(await chat.summary()).toMatchObject({ members: ['ada'], pending: [] });
    });
  });

  describe('three members and four', () => {
    test('through somebody of theirs, whom both know: ada and eve do not follow each other', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      const ada = await ours('ada').chats.create({ title: 'Three', invite: ['bob'] });
      await bob.join(ada.id, 'ada');
      await bob.do('invite', ada.id, 'eve');
      const eve = await joinAs('eve', ada.id, 'bob');
      const question = await eve.send({ text: 'eve, through bob' });
      await bob.do('merge', ada.id);
      await refresh(ada);
      const reply = await ada.send({ text: 'ada, through bob', replyTo: question.ref });
      await bob.do('merge', ada.id);
      await refresh(eve);
      await eve.edit(question.ref, 'eve, by way of bob');
      await bob.do('merge', ada.id);
      await bob.do('send', ada.id, 'bob');
      await refresh(ada);
      await refresh(eve);
      const all = [
        'ada joined',
        'ada title Three',
        'ada invited bob',
        'bob joined',
        'bob invited eve',
        'eve joined',
        'eve eve, by way of bob (edited)',
        'ada ada, through bob (to eve: eve, by way of bob)',
        'bob bob',
      ];
      expect(await lines('ada', ada.id)).toEqual(all);
      expect(await lines('eve', ada.id)).toEqual(all);
      expect((await shown(eve)).find(({ ref }) => ref === reply.ref)).toMatchObject({ author: 'ada' });
      expect(await bob.state(ada.id)).toMatchObject({ names: ['ada', 'bob', 'eve'], pending: [], gone: [] });
      for (const chat of [ada, eve]) {
        expect(await chat.members()).toMatchObject([{ username: 'ada' }, { username: 'bob' }, { username: 'eve' }]);
        expect((await chat.summary()).members).toEqual(['ada', 'bob', 'eve']);
      }
    });

    test('through somebody of ours: an attachment, of which she has a copy', { timeout: TIMEOUT }, async () => {
      // bob and dan follow each other, and have their messages from ada.
      const [bob, dan] = [theirs('bob'), theirs('dan')];
      const ada = await ours('ada').chats.create({ invite: ['bob', 'dan'] });
      await bob.join(ada.id, 'ada');
      await dan.join(ada.id, 'ada');
      await bob.do('attach', ada.id, 'see', 'txt', await local('see.txt', 'seen by all'));
      await refresh(ada);
      await dan.do('merge', ada.id, 'ada');
      expect(await ada.summary()).toMatchObject({ members: ['ada', 'bob', 'dan'] });
      const got = (await shown(ada)).find(({ text }) => text === 'see')!;
      expect((await content('ada', ada, got)).toString()).toBe('seen by all');
      await dan.do('send', ada.id, 'dan');
      await refresh(ada);
      await bob.do('merge', ada.id, 'ada');
      expect((await foreignLines('bob', ada.id)).at(-1)).toBe('dan dan');
      expect(await bob.state(ada.id)).toMatchObject({ names: ['ada', 'bob', 'dan'], gone: [] });
      expect(await lines('ada', ada.id)).toContain('bob see (+txt)');
    });

    test('whose copy ours cannot read, although she follows them, stays in the chat', { timeout: TIMEOUT }, async () => {
      // ada, an admin, follows dan; but dan shares his copy with bob alone, who has invited him.
      const [bob, dan] = [theirs('bob'), theirs('dan')];
      const ada = await ours('ada').chats.create({ invite: ['bob'] });
      await bob.join(ada.id, 'ada');
      await refresh(ada);
      await bob.do('invite', ada.id, 'dan');
      await dan.join(ada.id, 'bob');
      await dan.do('send', ada.id, 'dan, whom only bob can read');
      await bob.do('merge', ada.id);
      for (let i = 0; i < 3; i++) await ada.refresh();
      expect(await ada.summary()).toMatchObject({ members: ['ada', 'bob', 'dan'], pending: [] });
      expect(await ada.members()).toMatchObject([{ state: 'joined' }, { state: 'joined' }, { username: 'dan', state: 'joined' }]);
      expect((await lines('ada', ada.id)).at(-1)).toBe('dan dan, whom only bob can read');
      await ada.send({ text: 'for dan' });
      await bob.do('merge', ada.id);
      await dan.do('merge', ada.id, 'bob');
      expect((await foreignLines('dan', ada.id)).at(-1)).toBe('ada for dan');
    });

    test('two of theirs and two of ours, all writing in random turns, hold the same in the end', { timeout: TIMEOUT }, async () => {
      const [bob, dan] = [theirs('bob'), theirs('dan')];
      const ada = await ours('ada').chats.create({ title: 'Four', invite: ['bob', 'dan'] });
      const { id } = ada;
      await bob.join(id, 'ada');
      await dan.join(id, 'ada');
      await bob.do('invite', id, 'eve');
      const eve = await joinAs('eve', id, 'bob');
      const turns = [...randomBytes(40)];
      for (const [n, byte] of turns.entries()) {
        const chat = byte % 2 === 0 ? ada : eve;
        const foreign = byte % 2 === 0 ? bob : dan;
        switch ((byte >> 1) % 4) {
          case 0:
            await chat.send({ text: `text ${n}` });
            break;
          case 1:
            await foreign.do('send', id, `text ${n}`);
            break;
          case 2:
            await refresh(chat);
            break;
          default:
            await foreign.do('merge', id);
        }
      }
      // Enough rounds for everything to be everywhere.
      for (let round = 0; round < 3; round++) {
        for (const chat of [ada, eve]) await refresh(chat);
        for (const foreign of [bob, dan]) await foreign.do('merge', id);
      }
      const context = `turns ${turns.join()}`;
      const all = new Set((await shown(ada)).map(({ ref, author }) => `${author} ${ref}`));
      const sent = turns.flatMap((byte, n) => ((byte >> 1) % 4 < 2 ? [`text ${n}`] : []));
      expect((await shown(ada)).flatMap(({ text }) => (text.startsWith('text') ? [text] : [])).sort(), context).toEqual(sent.sort());
      expect(new Set((await shown(eve)).map(({ ref, author }) => `${author} ${ref}`)), context).toEqual(all);
      for (const foreign of [bob, dan]) {
        // Ours does not show who the admins are in the beginning.
        const read = (await foreign.messages(id)).filter(({ key }) => key !== 'admins');
        expect(new Set(read.map(({ ref, author }) => `${author} ${ref}`)), context).toEqual(all);
        expect(await foreign.state(id), context).toMatchObject({ names: ['ada', 'bob', 'dan', 'eve'], pending: [], gone: [] });
      }
      // What each of them takes for the time of the chat is the same.
      expect((await bob.state(id)).clock, context).toEqual((await dan.state(id)).clock);
    });
  });

  describe('removed', () => {
    test('theirs by ours: it reads nothing that was written after, and what it writes nobody reads', { timeout: TIMEOUT }, async () => {
      const [bob, dan] = [theirs('bob'), theirs('dan')];
      const ada = await ours('ada').chats.create({ invite: ['bob', 'dan'] });
      const { id } = ada;
      await bob.join(id, 'ada');
      await dan.join(id, 'ada');
      await refresh(ada);
      await ada.send({ text: 'for all' });
      await bob.do('merge', id);
      await ada.remove('bob');
      await ada.send({ text: 'secret of now' });
      await bob.do('merge', id);
      await expect(bob.do('fetch', `/ada/.messaging/${id}/shared/peergos-chat-messages.cborstream`, join(home, 'no'))).rejects.toThrow();
      expect(await foreignLines('bob', id)).not.toContain('ada secret of now');
      await bob.do('send', id, 'too late');
      await refresh(ada);
      await dan.do('merge', id);
      expect(await lines('ada', id)).not.toContain('bob too late');
      expect((await lines('ada', id)).slice(-2)).toEqual(['ada removed bob', 'ada secret of now']);
      expect(await dan.state(id)).toMatchObject({ names: ['ada', 'dan'] });
      expect((await foreignLines('dan', id)).at(-1)).toBe('ada secret of now');

      // Invited once more, it is a new member.
      await ada.invite(['bob']);
      await bob.do('merge', id, 'ada');
      const { members, host } = await bob.state(id);
      expect(members.filter(({ username }) => username === 'bob')).toMatchObject([
        { removed: true, joined: true },
        { removed: false, joined: true, id: host },
      ]);
      await refresh(ada);
      expect(await ada.summary()).toMatchObject({ members: ['ada', 'bob', 'dan'], pending: [] });
      await ada.send({ text: 'welcome back' });
      await bob.do('merge', id);
      expect((await foreignLines('bob', id)).at(-1)).toBe('ada welcome back');
    });

    test(
      'ours by theirs: she reads nothing that was written after; invited once more she writes and reads',
      { timeout: TIMEOUT },
      async () => {
        const [bob, dan] = [theirs('bob'), theirs('dan')];
        const id = await bob.create();
        await bob.do('invite', id, 'ada', 'dan');
        const ada = await joinAs('ada', id, 'bob');
        await dan.join(id, 'bob');
        await ada.send({ text: 'from ada' });
        await bob.do('merge', id);
        await dan.do('merge', id);
        await refresh(ada);
        await bob.do('remove', id, 'ada');
        await bob.do('send', id, 'secret of now');
        await ada.refresh();
        expect(await lines('ada', id)).not.toContain('bob secret of now');
        await expect(ours('ada').files.read(`/bob/.messaging/${id}/shared/peergos-chat-state.cbor`)).rejects.toMatchObject({
          name: expect.stringMatching(/NotFound|Denied/) as unknown,
        });

        await bob.do('invite', id, 'ada');
        const invitation = (await ours('ada').chats.invitations()).find((one) => one.id === id);
        expect(invitation).toMatchObject({ id, inviter: 'bob', isKnown: true });
        const again = await ours('ada').chats.join({ id, inviter: 'bob' });
        expect(await again.summary()).toMatchObject({ members: expect.arrayContaining(['ada', 'bob']) as unknown, writable: 'yes' });
        const back = await again.send({ text: 'ada is back' });
        await bob.do('merge', id);
        expect((await bob.messages(id)).at(-1)).toMatchObject({ author: 'ada', text: 'ada is back', ref: back.ref });
        const { members } = await bob.state(id);
        expect(members.filter(({ username }) => username === 'ada')).toMatchObject([{ removed: true }, { removed: false, joined: true }]);
        await bob.do('send', id, 'good');
        await dan.do('merge', id);
        await refresh(again);
        expect((await lines('ada', id)).slice(-2)).toEqual(['ada ada is back', 'bob good']);
        expect((await foreignLines('dan', id)).slice(-2)).toEqual(['ada ada is back', 'bob good']);
      },
    );

    test('a copy that was deleted: the others go on', { timeout: TIMEOUT }, async () => {
      const bob = theirs('bob');
      const ada = await ours('ada').chats.create({ invite: ['bob'] });
      await bob.join(ada.id, 'ada');
      await refresh(ada);
      await ours('ada').chats.delete(ada.id);
      await bob.do('merge', ada.id);
      expect(await ours('ada').chats.list()).toMatchObject({ damaged: [] });
      expect((await ours('ada').chats.list()).chats.map(({ id }) => id)).not.toContain(ada.id);
      // The foreign client takes no notice of a copy that is gone, and goes on alone.
      await bob.do('send', ada.id, 'anybody here?');
      expect((await bob.messages(ada.id)).at(-1)).toMatchObject({ author: 'bob', text: 'anybody here?' });
      // Ours shows whose copy was deleted as unreachable, and removes nobody.
      const fresh = await ours('ada').chats.create({ invite: ['bob'] });
      await bob.join(fresh.id, 'ada');
      await refresh(fresh);
      await bob.do('drop', fresh.id);
      await refresh(fresh);
      expect(await fresh.members()).toMatchObject([
        { username: 'ada', state: 'joined' },
        { username: 'bob', state: 'unreachable' },
      ]);
      await fresh.remove('bob');
      expect(await fresh.summary()).toMatchObject({ members: ['ada'] });
    });
  });

  describe('byte for byte', () => {
    const LOG = 'shared/peergos-chat-messages.cborstream';
    const STATE = 'shared/peergos-chat-state.cbor';
    const PRIVATE = 'private-chat-state.cbor';

    test('what ours has written theirs reads, and writes the same', { timeout: TIMEOUT }, async () => {
      const crypto = await loadCrypto();
      let count = 0;
      for (const username of ['ada', 'eve']) {
        const session = await logIn(username);
        for (const { id } of (await session.chats.list()).chats) {
          for (const [kind, name] of [
            ['log', LOG],
            ['state', STATE],
            ['private', PRIVATE],
          ] as const) {
            const bytes = await session.files.read(`/${username}/.messaging/${id}/${name}`);
            const path = await local(`${username}-${++count}`, bytes);
            const where = `${kind} of ${username} in ${id}`;
            const { same } = await theirs('bob').do('recode', kind, path, `${path}.back`);
            if (kind !== 'private') {
              expect(same, where).toBe(true);
              continue;
            }
            // What ours remembers beyond the format the foreign client passes over.
            const { chatKeys, deleted } = PrivateChatState.decode(crypto, bytes);
            expect(new Uint8Array(await readFile(`${path}.back`)), where).toEqual(PrivateChatState.of(chatKeys, deleted).encode());
          }
        }
        session.close();
      }
      expect(count).toBeGreaterThanOrEqual(15);
    });

    test('what theirs has written ours reads, and writes the same', { timeout: TIMEOUT }, async () => {
      const crypto = await loadCrypto();
      let count = 0;
      for (const username of ['bob', 'dan']) {
        const session = await logIn(username);
        for (const { id } of (await session.chats.list()).chats) {
          const file = async (name: string): Promise<Uint8Array> => session.files.read(`/${username}/.messaging/${id}/${name}`);
          const [log, state, own] = [await file(LOG), await file(STATE), await file(PRIVATE)];
          const context = `${username} in ${id}`;
          expect(toHex(ChatState.decode(state).encode()), context).toBe(toHex(state));
          expect(toHex(PrivateChatState.decode(crypto, own).encode()), context).toBe(toHex(own));
          for (let offset = 0; offset < log.length;) {
            const item = readLogItem(log, offset);
            expect(item?.problem, context).toBeUndefined();
            expect(toHex(item!.message!.encode()), context).toBe(toHex(log.subarray(offset, item!.end)));
            offset = item!.end;
            count++;
          }
        }
        session.close();
      }
      expect(count).toBeGreaterThan(100);
    });
  });
});
