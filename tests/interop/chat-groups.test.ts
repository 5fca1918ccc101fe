/**
 * More people who chat with different clients: ada and eve with ours, bob and dan with a foreign one that nobody here wrote. They chat with three and four, remove and invite once
 * more, and what they store is compared byte for byte.
 *
 * What the foreign client does otherwise, and what is therefore not expected of it:
 *   - it does not learn that it was removed, since it cannot read the message that says so; it only reads nothing any more;
 *   - invited once more it loses the key that it has just told the others, and cannot send;
 *   - an attachment of somebody whose files it cannot read makes it give up the member from whom it has got the message, and remove them when it is an admin; so everybody who attaches
 *     something here is followed by it.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { toHex } from '@pyrgos/core/bytes';
import { ChatState, PrivateChatState, readLogItem } from '@pyrgos/core/chat';
import { loadCrypto } from '@pyrgos/core/crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatPeople, content, refresh, shown } from './chat-people.js';
import { foreignChatMissing, isForeignChatThere } from './foreign-chat.js';

const TIMEOUT = 300_000;

describe.skipIf(!isForeignChatThere)(`chats of several people with our client and with a foreign one${foreignChatMissing}`, () => {
  let people: ChatPeople;
  beforeAll(async () => {
    people = await ChatPeople.start();
  }, 240_000);
  afterAll(async () => people?.close());

  describe('three members and four', () => {
    test('through somebody of theirs, whom both know: ada and eve do not follow each other', { timeout: TIMEOUT }, async () => {
      const bob = people.theirs('bob');
      const ada = await people.ours('ada').chats.create({ title: 'Three', invite: ['bob'] });
      await bob.join(ada.id, 'ada');
      await bob.do('invite', ada.id, 'eve');
      const eve = await people.joinAs('eve', ada.id, 'bob');
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
      expect(await people.lines('ada', ada.id)).toEqual(all);
      expect(await people.lines('eve', ada.id)).toEqual(all);
      expect((await shown(eve)).find(({ ref }) => ref === reply.ref)).toMatchObject({ author: 'ada' });
      expect(await bob.state(ada.id)).toMatchObject({ names: ['ada', 'bob', 'eve'], pending: [], gone: [] });
      for (const chat of [ada, eve]) {
        expect(await chat.members()).toMatchObject([{ username: 'ada' }, { username: 'bob' }, { username: 'eve' }]);
        expect((await chat.summary()).members).toEqual(['ada', 'bob', 'eve']);
      }
    });

    test('through somebody of ours: an attachment, of which she has a copy', { timeout: TIMEOUT }, async () => {
      // bob and dan follow each other, and have their messages from ada.
      const [bob, dan] = [people.theirs('bob'), people.theirs('dan')];
      const ada = await people.ours('ada').chats.create({ invite: ['bob', 'dan'] });
      await bob.join(ada.id, 'ada');
      await dan.join(ada.id, 'ada');
      await bob.do('attach', ada.id, 'see', 'txt', await people.local('see.txt', 'seen by all'));
      await refresh(ada);
      await dan.do('merge', ada.id, 'ada');
      expect(await ada.summary()).toMatchObject({ members: ['ada', 'bob', 'dan'] });
      const got = (await shown(ada)).find(({ text }) => text === 'see')!;
      expect((await content('ada', ada, got)).toString()).toBe('seen by all');
      await dan.do('send', ada.id, 'dan');
      await refresh(ada);
      await bob.do('merge', ada.id, 'ada');
      expect((await people.foreignLines('bob', ada.id)).at(-1)).toBe('dan dan');
      expect(await bob.state(ada.id)).toMatchObject({ names: ['ada', 'bob', 'dan'], gone: [] });
      expect(await people.lines('ada', ada.id)).toContain('bob see (+txt)');
    });

    test('whose copy ours cannot read, although she follows them, stays in the chat', { timeout: TIMEOUT }, async () => {
      // ada, an admin, follows dan; but dan shares his copy with bob alone, who has invited him.
      const [bob, dan] = [people.theirs('bob'), people.theirs('dan')];
      const ada = await people.ours('ada').chats.create({ invite: ['bob'] });
      await bob.join(ada.id, 'ada');
      await refresh(ada);
      await bob.do('invite', ada.id, 'dan');
      await dan.join(ada.id, 'bob');
      await dan.do('send', ada.id, 'dan, whom only bob can read');
      await bob.do('merge', ada.id);
      for (let i = 0; i < 3; i++) await ada.refresh();
      expect(await ada.summary()).toMatchObject({ members: ['ada', 'bob', 'dan'], pending: [] });
      expect(await ada.members()).toMatchObject([{ state: 'joined' }, { state: 'joined' }, { username: 'dan', state: 'joined' }]);
      expect((await people.lines('ada', ada.id)).at(-1)).toBe('dan dan, whom only bob can read');
      await ada.send({ text: 'for dan' });
      await bob.do('merge', ada.id);
      await dan.do('merge', ada.id, 'bob');
      expect((await people.foreignLines('dan', ada.id)).at(-1)).toBe('ada for dan');
    });

    test('two of theirs and two of ours, all writing in random turns, hold the same in the end', { timeout: TIMEOUT }, async () => {
      const [bob, dan] = [people.theirs('bob'), people.theirs('dan')];
      const ada = await people.ours('ada').chats.create({ title: 'Four', invite: ['bob', 'dan'] });
      const { id } = ada;
      await bob.join(id, 'ada');
      await dan.join(id, 'ada');
      await bob.do('invite', id, 'eve');
      const eve = await people.joinAs('eve', id, 'bob');
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
      const [bob, dan] = [people.theirs('bob'), people.theirs('dan')];
      const ada = await people.ours('ada').chats.create({ invite: ['bob', 'dan'] });
      const { id } = ada;
      await bob.join(id, 'ada');
      await dan.join(id, 'ada');
      await refresh(ada);
      await ada.send({ text: 'for all' });
      await bob.do('merge', id);
      await ada.remove('bob');
      await ada.send({ text: 'secret of now' });
      await bob.do('merge', id);
      await expect(
        bob.do('fetch', `/ada/.messaging/${id}/shared/peergos-chat-messages.cborstream`, people.localPath('no')),
      ).rejects.toThrow();
      expect(await people.foreignLines('bob', id)).not.toContain('ada secret of now');
      await bob.do('send', id, 'too late');
      await refresh(ada);
      await dan.do('merge', id);
      expect(await people.lines('ada', id)).not.toContain('bob too late');
      expect((await people.lines('ada', id)).slice(-2)).toEqual(['ada removed bob', 'ada secret of now']);
      expect(await dan.state(id)).toMatchObject({ names: ['ada', 'dan'] });
      expect((await people.foreignLines('dan', id)).at(-1)).toBe('ada secret of now');

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
      expect((await people.foreignLines('bob', id)).at(-1)).toBe('ada welcome back');
    });

    test(
      'ours by theirs: she reads nothing that was written after; invited once more she writes and reads',
      { timeout: TIMEOUT },
      async () => {
        const [bob, dan] = [people.theirs('bob'), people.theirs('dan')];
        const id = await bob.create();
        await bob.do('invite', id, 'ada', 'dan');
        const ada = await people.joinAs('ada', id, 'bob');
        await dan.join(id, 'bob');
        await ada.send({ text: 'from ada' });
        await bob.do('merge', id);
        await dan.do('merge', id);
        await refresh(ada);
        await bob.do('remove', id, 'ada');
        await bob.do('send', id, 'secret of now');
        await ada.refresh();
        expect(await people.lines('ada', id)).not.toContain('bob secret of now');
        await expect(people.ours('ada').files.read(`/bob/.messaging/${id}/shared/peergos-chat-state.cbor`)).rejects.toMatchObject({
          name: expect.stringMatching(/NotFound|Denied/) as unknown,
        });

        await bob.do('invite', id, 'ada');
        const invitation = (await people.ours('ada').chats.invitations()).find((one) => one.id === id);
        expect(invitation).toMatchObject({ id, inviter: 'bob', isKnown: true });
        const again = await people.ours('ada').chats.join({ id, inviter: 'bob' });
        expect(await again.summary()).toMatchObject({ members: expect.arrayContaining(['ada', 'bob']) as unknown, writable: 'yes' });
        const back = await again.send({ text: 'ada is back' });
        await bob.do('merge', id);
        expect((await bob.messages(id)).at(-1)).toMatchObject({ author: 'ada', text: 'ada is back', ref: back.ref });
        const { members } = await bob.state(id);
        expect(members.filter(({ username }) => username === 'ada')).toMatchObject([{ removed: true }, { removed: false, joined: true }]);
        await bob.do('send', id, 'good');
        await dan.do('merge', id);
        await refresh(again);
        expect((await people.lines('ada', id)).slice(-2)).toEqual(['ada ada is back', 'bob good']);
        expect((await people.foreignLines('dan', id)).slice(-2)).toEqual(['ada ada is back', 'bob good']);
      },
    );

    test('a copy that was deleted: the others go on', { timeout: TIMEOUT }, async () => {
      const bob = people.theirs('bob');
      const ada = await people.ours('ada').chats.create({ invite: ['bob'] });
      await bob.join(ada.id, 'ada');
      await refresh(ada);
      await people.ours('ada').chats.delete(ada.id);
      await bob.do('merge', ada.id);
      expect(await people.ours('ada').chats.list()).toMatchObject({ damaged: [] });
      expect((await people.ours('ada').chats.list()).chats.map(({ id }) => id)).not.toContain(ada.id);
      // The foreign client takes no notice of a copy that is gone, and goes on alone.
      await bob.do('send', ada.id, 'anybody here?');
      expect((await bob.messages(ada.id)).at(-1)).toMatchObject({ author: 'bob', text: 'anybody here?' });
      // Ours shows whose copy was deleted as unreachable, and removes nobody.
      const fresh = await people.ours('ada').chats.create({ invite: ['bob'] });
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
        const session = await people.logIn(username);
        for (const { id } of (await session.chats.list()).chats) {
          for (const [kind, name] of [
            ['log', LOG],
            ['state', STATE],
            ['private', PRIVATE],
          ] as const) {
            const bytes = await session.files.read(`/${username}/.messaging/${id}/${name}`);
            const path = await people.local(`${username}-${++count}`, bytes);
            const where = `${kind} of ${username} in ${id}`;
            const { same } = await people.theirs('bob').do('recode', kind, path, `${path}.back`);
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
        const session = await people.logIn(username);
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
