/**
 * Two people who chat with different clients: ada with ours, bob with a foreign one that nobody here wrote. They invite each other, send, answer, edit, delete and leave, all on our server; what
 * one of them does the other sees.
 */
import { randomBytes } from 'node:crypto';
import type { Chat, ChatMessage } from '@pyrgos/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatPeople, content, foreignLine, line, multihash, refresh, shown } from './chat-people.js';
import { foreignChatMissing, isForeignChatThere } from './foreign-chat.js';

const TIMEOUT = 300_000;
const MiB = 1024 * 1024;

/** A picture of one dot. */
const tinyPng = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

describe.skipIf(!isForeignChatThere)(`a chat of somebody with our client and somebody with a foreign one${foreignChatMissing}`, () => {
  let people: ChatPeople;
  beforeAll(async () => {
    people = await ChatPeople.start();
  }, 240_000);
  afterAll(async () => people?.close());

  describe('theirs creates, ours joins', () => {
    let id: string;
    let chat: Chat;
    const small = randomBytes(600);
    const big = randomBytes(6 * MiB);

    test('the invitation, and texts both ways', { timeout: TIMEOUT }, async () => {
      const bob = people.theirs('bob');
      id = await bob.create();
      await bob.do('title', id, 'Größe 🗼');
      await bob.do('invite', id, 'ada');
      await bob.do('send', id, 'before she has joined');
      expect(await people.ours('ada').chats.invitations()).toMatchObject([
        { id, inviter: 'bob', title: 'Größe 🗼', isKnown: false, app: undefined },
      ]);
      chat = await people.joinAs('ada', id, 'bob');
      expect(await people.ours('ada').chats.invitations()).toEqual([]);
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
      expect(await people.lines('ada', id)).toEqual(all);
      expect(await people.foreignLines('bob', id)).toEqual([
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
      const bob = people.theirs('bob');
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
      const bob = people.theirs('bob');
      await bob.do('send', id, 'with a mistale');
      await bob.do('send', id, 'not meant');
      await bob.do('send', id, 'stays');
      const length = (await bob.state(id)).length;
      await bob.do('edit', id, String(length - 3), 'with a mistake');
      await bob.do('edit', id, String(length - 3), 'without a mistake');
      await bob.do('delete', id, String(length - 2));
      await refresh(chat);
      expect((await people.lines('ada', id)).slice(-3)).toEqual(['bob without a mistake (edited)', 'bob  (deleted)', 'bob stays']);
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
      const bob = people.theirs('bob');
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
      const bob = people.theirs('bob');
      await bob.do('attach', id, 'a small one', 'bin', await people.local('small.bin', small));
      await bob.do('attach', id, '', 'dat', await people.local('big.dat', big));
      const length = (await bob.state(id)).length;
      await bob.do('reply', id, String(length - 2), 'and in a reply', 'txt', await people.local('reply.txt', 'in a reply'));
      await refresh(chat);
      await people.ours('ada').chats.settled();
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
      expect((await people.foreignLines('bob', id)).slice(-2)).toEqual(['ada from ada (+png)', 'ada reply  (+gz) (+)']);
      const end = (await bob.state(id)).length;
      const seen = [...(await bob.media(id, end - 2)), ...(await bob.media(id, end - 1))];
      for (const [i, bytes] of [small, big, Buffer.alloc(0)].entries()) {
        const hash = multihash(bytes);
        expect(seen[i], `attachment ${i}`).toMatchObject({ hash, origin: hash, local: hash });
      }
    });

    test('title, icon and admins, set by either', { timeout: TIMEOUT }, async () => {
      const bob = people.theirs('bob');
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
      expect((await people.lines('ada', id)).filter((text) => text.includes(' admins '))).toEqual([
        'bob admins ada,bob',
        'ada admins ada',
        'ada admins ada,bob',
      ]);
    });

    test('the same chat in the account of bob, with our client, which goes on in it', { timeout: TIMEOUT }, async () => {
      const bob = people.theirs('bob');
      const session = await people.logIn('bob');
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
      const bob = people.theirs('bob');
      await chat.leave();
      expect(await chat.summary()).toMatchObject({ writable: 'left', members: ['bob'] });
      await bob.do('merge', id);
      expect(await bob.state(id)).toMatchObject({ names: ['bob'], gone: [] });
      expect((await people.foreignLines('bob', id)).at(-1)).toBe('ada remove-member ada');
    });
  });

  describe('ours creates, theirs joins', () => {
    let id: string;
    let chat: Chat;

    test('the invitation, texts, replies, edits, deletions and an attachment', { timeout: TIMEOUT }, async () => {
      const bob = people.theirs('bob');
      chat = await people.ours('ada').chats.create({ title: 'Chat of ada', invite: ['bob'] });
      ({ id } = chat);
      const first = await chat.send({ text: 'before he has joined' });
      const fixed = await chat.send({ text: 'wrog' });
      await chat.edit(fixed.ref, 'right');
      await bob.join(id, 'ada');
      await bob.do('send', id, 'here I am');
      await bob.do('reply', id, String((await bob.messages(id)).find(({ ref }) => ref === first.ref)!.index), 'yes');
      await refresh(chat);
      expect(await people.lines('ada', id)).toEqual([
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
        const bob = people.theirs('bob');
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
      const bob = people.theirs('bob');
      const second = await people.logIn('ada');
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
      const mine = (await people.lines('ada', id)).slice(-12);
      const his = (await people.foreignLines('bob', id)).slice(-12);
      expect([...mine].sort()).toEqual([...all].sort());
      expect([...his].sort()).toEqual([...all].sort());
    });

    test('theirs leaves', { timeout: TIMEOUT }, async () => {
      await people.theirs('bob').do('remove', id, 'bob');
      await refresh(chat);
      expect((await people.lines('ada', id)).at(-1)).toBe('bob left');
      expect(await chat.summary()).toMatchObject({ members: ['ada'], pending: [] });
    });
  });
});
