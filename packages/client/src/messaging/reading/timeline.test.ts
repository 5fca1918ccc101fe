import { MemberId } from '@pyrgos/core/chat';
import { loadCrypto } from '@pyrgos/core/crypto';
import { AbortedError, ArgumentError, LimitError } from '@pyrgos/core/errors';
import { MAX_CHAT_ATTACHMENTS, MAX_CHAT_PAGE, MAX_CHAT_PAGE_SIZE, MAX_CHAT_SEARCH_LENGTH, MAX_CHAT_UNREAD } from '@pyrgos/core/limits';
import { describe, expect, test, vi } from 'vitest';
import { ChatLogWorld, MemoryLogFile } from '../../../test/chat-log-world.js';
import type { ChatMessage } from '../chat-types.js';
import { OwnLog } from './own-log.js';
import { ScannedLog } from './scanned-log.js';

const crypto = await loadCrypto();

/** A page in one line for each message. */
function lines(messages: readonly ChatMessage[]): readonly string[] {
  return messages.map(({ author, kind, text, about, edited, deleted, replyTo }) => {
    const what = kind === 'text' ? (deleted ? '(deleted)' : text) : [kind, ...about].join(' ');
    const quote = replyTo === undefined ? '' : ` > ${replyTo.author ?? 'nobody'}: ${replyTo.deleted ? '(deleted)' : replyTo.text}`;
    return `${author}: ${what}${edited ? ' (edited)' : ''}${quote}`;
  });
}

/** How every chat of a {@link ChatLogWorld} begins. */
const BEGINNING = ['alice: joined', 'alice: invited bob', 'bob: joined', 'alice: invited carol', 'carol: joined'];

async function page(world: ChatLogWorld, options: Parameters<Awaited<ReturnType<ChatLogWorld['shown']>>['page']>[0] = {}) {
  return (await world.shown()).page(options);
}

async function said(world: ChatLogWorld): Promise<readonly string[]> {
  const { messages, problem } = await page(world, { limit: MAX_CHAT_PAGE });
  expect(problem).toBeUndefined();
  expect(lines(messages).slice(0, BEGINNING.length)).toEqual(BEGINNING);
  return lines(messages).slice(BEGINNING.length);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('what is shown', () => {
  test('a message has everything that there is to know', async () => {
    const world = new ChatLogWorld(crypto);
    const file = world.file();
    const ref = world.write(world.id('bob'), { kind: 'application', body: ['Hello', file] });
    const { messages, total } = await (await world.shown('alice', 6)).page();
    expect(messages.at(-1)).toEqual({
      index: 6,
      ref: ref.toString(),
      kind: 'text',
      author: 'bob',
      isOwn: false,
      time: new Date(1_700_000_006_000),
      text: 'Hello',
      attachments: [
        {
          path: file.path,
          name: '11111111-2222-4333-8444-555555555555.png',
          extension: 'png',
          capability: file.capability,
          hash: file.contentHash,
        },
      ],
      edited: false,
      deleted: false,
      replyTo: undefined,
      about: [],
      isNew: true,
    });
    expect(total).toBe(7);
    expect(messages.map(({ isOwn, isNew }) => [isOwn, isNew])).toEqual([
      [true, false],
      [true, false],
      [false, false],
      [true, false],
      [false, false],
      [false, true],
    ]);
    const own = (await (await world.shown('bob', 0)).page()).messages.at(-1);
    expect([own?.isOwn, own?.isNew]).toEqual([true, false]);
  });

  test('edits and deletions of those who have written a message count, those of others do not', async () => {
    const world = new ChatLogWorld(crypto);
    const first = world.say('alice', 'first');
    const second = world.say('bob', 'second');
    const third = world.say('carol', 'third', world.file());
    world.edit('alice', first, 'first, edited');
    world.edit('bob', first, 'forged');
    world.edit('alice', first, 'first, edited twice');
    world.delete('carol', second);
    world.delete('carol', third);
    world.edit('carol', third, 'not any more');
    expect(await said(world)).toEqual(['alice: first, edited twice (edited)', 'bob: second', 'carol: (deleted)']);
    const { messages } = await page(world, { limit: 1 });
    expect(messages[0]).toMatchObject({ text: '', attachments: [], edited: false });
  });

  test('what was edited or deleted since some place is told once, as it is now', async () => {
    const world = new ChatLogWorld(crypto);
    const first = world.say('alice', 'first');
    const second = world.say('bob', 'second');
    const third = world.say('carol', 'third');
    world.delete('carol', third);
    world.edit('bob', second, 'second, edited');
    const since = world.messages.length;
    const changed = async (from: number): Promise<readonly string[]> => lines(await all((await world.shown()).changedSince(from)));
    expect(await changed(since)).toEqual([]);
    // After a deletion, of nobody's messages, and by others: nothing has changed.
    world.edit('carol', third, 'not any more');
    world.delete('carol', third);
    world.edit('bob', first, 'forged');
    world.delete('bob', world.nowhere('lost'));
    world.delete('bob', world.messages[0]?.ref(crypto) ?? first);
    expect(await changed(since)).toEqual([]);
    const edit = world.edit('alice', first, 'first, edited');
    world.edit('alice', edit, 'first, edited twice');
    world.edit('alice', first, 'first, edited thrice');
    world.edit('bob', world.say('bob', 'new'), 'new, edited');
    world.delete('bob', second);
    expect(await changed(since)).toEqual(['alice: first, edited thrice (edited)', 'bob: (deleted)']);
    expect(await changed(world.messages.length)).toEqual([]);
    expect(await changed(world.messages.length + 9)).toEqual([]);
    await expect(changed(-1)).rejects.toBeInstanceOf(ArgumentError);
    const stop = new AbortController();
    stop.abort();
    await expect(all((await world.shown()).changedSince(since, { signal: stop.signal }))).rejects.toBeInstanceOf(AbortedError);
  });

  test('files stay when the text is edited', async () => {
    const world = new ChatLogWorld(crypto);
    const ref = world.say('alice', world.file(), 'one', 'two');
    world.edit('alice', ref, 'three', world.file(`alice/.messaging/${ChatLogWorld.chatId}/shared/media/2024/6/other.txt`));
    const { messages } = await page(world, { limit: 1 });
    expect(messages[0]).toMatchObject({ text: 'three', edited: true, attachments: [{ extension: 'png' }] });
  });

  test('what names an edit means what that edits', async () => {
    const world = new ChatLogWorld(crypto);
    const ref = world.say('alice', 'one');
    const edit = world.edit('alice', ref, 'two');
    const again = world.edit('alice', edit, 'three');
    world.reply('bob', again, 'yes');
    expect(await said(world)).toEqual(['alice: three (edited)', 'bob: yes > alice: three']);
    world.delete('bob', again);
    expect(await said(world)).toEqual(['alice: three (edited)', 'bob: yes > alice: three']);
    world.delete('alice', again);
    expect(await said(world)).toEqual(['alice: (deleted)', 'bob: yes > alice: (deleted)']);
  });

  test('answers say what they answer to, as it is now', async () => {
    const world = new ChatLogWorld(crypto);
    const first = world.say('alice', 'x'.repeat(1000), world.file());
    const second = world.reply('bob', first, 'of course');
    world.reply('carol', second, 'no');
    world.reply('carol', world.nowhere('lost'), 'what?');
    world.edit('bob', second, 'perhaps');
    const { messages } = await page(world, { limit: 3 });
    expect(lines(messages)).toEqual([
      `bob: perhaps (edited) > alice: ${'x'.repeat(500)}\u2026`,
      'carol: no > bob: perhaps',
      'carol: what? > nobody: ',
    ]);
    expect(messages.map(({ replyTo }) => replyTo)).toMatchObject([
      { ref: first.toString(), index: 6, hasAttachments: true, deleted: false },
      { ref: second.toString(), index: 7, hasAttachments: false, deleted: false },
      { ref: world.nowhere('lost').toString(), index: undefined, author: undefined },
    ]);
  });

  test('what happens in the chat', async () => {
    const world = new ChatLogWorld(crypto);
    const [alice, bob, carol] = [MemberId.creator, world.id('bob'), world.id('carol')];
    world.write(alice, { kind: 'group-state', key: 'title', value: 'Tea' });
    world.write(bob, { kind: 'group-state', key: 'iconBase64', value: 'data:image/png;base64,AA==' });
    world.write(bob, { kind: 'group-state', key: 'name', value: 'not shown' });
    world.write(alice, { kind: 'group-state', key: 'admins', value: 'alice,bob' });
    world.join('carol', carol);
    world.remove('bob', carol);
    world.remove('bob', bob);
    expect(await said(world)).toEqual([
      'alice: title Tea',
      'bob: icon',
      'alice: admins alice bob',
      'carol: joined',
      'bob: removed carol',
      'bob: left',
    ]);
  });

  test('what has had no effect is not shown', async () => {
    const world = new ChatLogWorld(crypto);
    const bob = world.id('bob');
    world.write(bob, { kind: 'group-state', key: 'admins', value: 'bob' });
    world.write(MemberId.creator, { kind: 'group-state', key: 'admins', value: 'alice' });
    world.remove('bob', world.id('carol'), false);
    const known = world.messages.find(({ envelope }) => envelope.payload.kind === 'join' && envelope.author.equals(bob))?.envelope.payload;
    if (known !== undefined) world.write(bob, known);
    expect(await said(world)).toEqual(['alice: admins alice']);
  });

  test('a name that somebody else has taken is not the same person', async () => {
    const world = new ChatLogWorld(crypto);
    const ref = world.say('bob', 'mine');
    const second = MemberId.creator.child(1).child(0);
    const known = world.members.get(world.id('carol').toString());
    if (known === undefined) throw new Error('carol is there');
    world.join('mallory', second);
    world.members.set(second.toString(), known.with({ id: second, username: 'bob' }));
    world.write(second, { kind: 'delete', target: ref });
    expect((await said(world)).slice(0, 1)).toEqual(['bob: mine']);
  });

  test('who was invited once more is the same person', async () => {
    const world = new ChatLogWorld(crypto);
    const old = world.id('bob');
    const ref = world.say('bob', 'mine');
    world.remove('alice', old);
    const again = MemberId.creator.child(7);
    world.join('bob', again);
    world.write(again, { kind: 'edit', target: ref, body: ['still mine'] });
    expect(await said(world)).toEqual(['bob: still mine (edited)', 'alice: removed bob', 'bob: joined']);
  });
});

describe('pages', () => {
  const world = new ChatLogWorld(crypto);
  for (let i = 0; i < 500; i++) {
    const ref = world.say(i % 3 === 0 ? 'alice' : 'bob', `message ${i}`);
    if (i % 5 === 0) world.edit(i % 3 === 0 ? 'alice' : 'bob', ref, `message ${i}, edited`);
    if (i % 50 === 7) world.delete(i % 3 === 0 ? 'alice' : 'bob', ref);
  }

  test('from the newest to the oldest, from the oldest to the newest, and around any place: always the same', async () => {
    const shown = await world.shown();
    const back: ChatMessage[] = [];
    let before: number | undefined;
    for (;;) {
      const { messages, before: next, total } = await shown.page({ limit: 37, ...(before === undefined ? {} : { before }) });
      expect(total).toBe(world.messages.length);
      back.unshift(...messages);
      if (next === undefined) break;
      expect(messages).toHaveLength(37);
      before = next;
    }
    expect(lines(back).slice(0, 7)).toEqual([...BEGINNING, 'alice: message 0, edited (edited)', 'bob: message 1']);
    expect(back).toHaveLength(505);
    const forth: ChatMessage[] = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const found: Awaited<ReturnType<typeof shown.page>> = await (await world.shown()).page({ limit: MAX_CHAT_PAGE, after });
      forth.push(...found.messages);
      after = found.after;
    }
    expect(forth).toEqual(back);
    for (const middle of [0, 1, 6, 300, 604, 9999]) {
      const { messages, before: older, after } = await (await world.shown()).page({ around: middle, limit: 20 });
      expect(messages).toHaveLength(20);
      const first = back.findIndex(({ index }) => index === messages[0]?.index);
      expect(messages).toEqual(back.slice(first, first + 20));
      expect([older === undefined, after === undefined]).toEqual([first === 0, first + 20 === back.length]);
      const at = messages.findIndex(({ index }) => index >= middle);
      if (middle > 20 && middle < 600) expect(Math.abs(at - 10)).toBeLessThanOrEqual(1);
    }
  });

  test('the newest page remembers what it has passed, and the next ones go on', async () => {
    const timeline = world.timeline();
    const log = await world.open();
    const first = await (await timeline.at(log, world.view())).page();
    const other = new ChatLogWorld(crypto);
    other.messages.splice(0, Infinity, ...world.messages);
    expect((await (await timeline.at(log, other.view())).page()).messages).toEqual(first.messages);
  });

  test('arguments are checked', async () => {
    const shown = await world.shown();
    for (const options of [
      { limit: 0 },
      { limit: MAX_CHAT_PAGE + 1 },
      { before: -1 },
      { after: 0.5 },
      { around: Number.NaN },
      { before: 1, after: 0 },
      { around: 5, before: 9 },
    ]) {
      await expect(shown.page(options)).rejects.toThrow(ArgumentError);
    }
    expect((await shown.page({ limit: MAX_CHAT_PAGE })).messages).toHaveLength(MAX_CHAT_PAGE);
    await expect((await world.shown()).page({ signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
  });

  test('long messages make short pages', async () => {
    /** A chat that ends with a short message, three long ones, and one that makes them have so many bytes. */
    const worldOf = (bytes: number, isEdited = false): ChatLogWorld => {
      const build = (length: number): ChatLogWorld => {
        const long = new ChatLogWorld(crypto);
        long.say('alice', 'before');
        for (let i = 0; i < 3; i++) long.say('alice', 'x'.repeat(MAX_CHAT_PAGE_SIZE / 4));
        if (isEdited) long.edit('alice', long.say('alice', 'short'), 'y'.repeat(length));
        else long.say('alice', 'y'.repeat(length));
        return long;
      };
      const sizeOf = ({ messages }: ChatLogWorld): number => messages.slice(7).reduce((sum, message) => sum + message.encode().length, 0);
      return build(500_000 + bytes - sizeOf(build(500_000)));
    };
    for (const isEdited of [false, true]) {
      const [fits, tooLong] = [worldOf(MAX_CHAT_PAGE_SIZE, isEdited), worldOf(MAX_CHAT_PAGE_SIZE + 1, isEdited)];
      const first = await page(fits);
      expect([first.messages.length, first.messages.at(-1)?.text[0], first.before]).toEqual([4, 'y', 7]);
      expect((await page(fits, { before: 7 })).messages.at(-1)?.text).toBe('before');
      const second = await page(tooLong);
      expect([second.messages.length, second.before]).toEqual([3, 8]);
      expect((await page(tooLong, { before: 8, limit: 2 })).messages.map(({ text }) => text.length)).toEqual([6, MAX_CHAT_PAGE_SIZE / 4]);
      expect((await page(fits, { after: 7 })).messages).toHaveLength(4);
      const forth = await page(tooLong, { after: 7 });
      expect([forth.messages.length, forth.after]).toEqual([3, 10]);
      expect((await page(tooLong, { after: 10 })).messages.map(({ text }) => text[0])).toEqual(['y']);
    }
    const one = new ChatLogWorld(crypto);
    const ref = one.say('alice', 'x'.repeat(3_000_000));
    for (let i = 0; i < 5; i++) one.reply('bob', ref, 'y'.repeat(1_000_000));
    const { messages } = await page(one);
    expect(messages.map(({ replyTo }) => replyTo?.text.length)).toEqual([501, 501, 501, 501]);
  });

  test('a chat that goes on', async () => {
    const growing = new ChatLogWorld(crypto);
    const timeline = growing.timeline();
    const ref = growing.say('alice', 'one');
    let log = await growing.open();
    expect(lines((await (await timeline.at(log, growing.view())).page({ limit: 1 })).messages)).toEqual(['alice: one']);
    growing.edit('alice', ref, 'two');
    growing.reply('bob', ref, 'three');
    const { log: bytes, index } = growing.build();
    const before = log;
    log = await OwnLog.open({ file: new MemoryLogFile(bytes), index, previous: log });
    const shown = await timeline.at(log, growing.view());
    expect(lines((await shown.page({ limit: 2 })).messages)).toEqual(['alice: two (edited)', 'bob: three > alice: two']);
    expect(lines((await (await timeline.at(before, growing.view())).page({ limit: 1 })).messages)).toEqual(['bob: three > alice: two']);
    expect((await shown.last())?.text).toBe('three');
    expect((await shown.message(ref))?.text).toBe('two');
    expect(await shown.message(growing.nowhere('x'))).toBeUndefined();
  });
});

describe('search', () => {
  const world = new ChatLogWorld(crypto);
  world.say('alice', 'Die Straße nach Übersee');
  const cafe = world.say('bob', 'Caf\u00e9 ole\u0301');
  world.say('carol', 'ΟΔΥΣΣΕΥΣ');
  const gone = world.say('bob', 'nobody finds this cafe');
  world.edit('bob', cafe, 'Cafe\u0301 au lait');
  world.delete('bob', gone);
  for (let i = 0; i < 300; i++) world.say('alice', `filler ${i}`);
  world.reply('alice', cafe, 'CAFE, of course');

  const search = async (query: string, options = {}): Promise<readonly string[]> =>
    lines(await all((await world.shown()).search(query, options)));

  test('newest first, what is shown, without capitals and accents', async () => {
    expect(await search('café')).toEqual(['alice: CAFE, of course > bob: Cafe\u0301 au lait', 'bob: Cafe\u0301 au lait (edited)']);
    expect(await search('  AU   LAIT ')).toEqual(['bob: Cafe\u0301 au lait (edited)']);
    expect(await search('olé')).toEqual([]);
    expect(await search('STRASSE')).toHaveLength(1);
    expect(await search('ubersee')).toHaveLength(1);
    expect(await search('οδυσσεύς')).toHaveLength(1);
    expect(await search('nobody')).toEqual([]);
    expect(await search('joined')).toEqual([]);
    expect(await search('filler', { limit: 2 })).toEqual(['alice: filler 299', 'alice: filler 298']);
    expect(await search('filler', { before: 12 })).toEqual([]);
    expect(await search('filler 29', { before: 200 })).toEqual(['alice: filler 29']);
  });

  test('can be cancelled', async () => {
    const stop = new AbortController();
    const found = (await world.shown()).search('filler', { signal: stop.signal });
    expect((await found.next()).done).toBe(false);
    stop.abort();
    await expect(found.next()).rejects.toThrow(AbortedError);
    const other = new AbortController();
    const fruitless = all((await world.shown()).search('nothing of that', { signal: other.signal }));
    setTimeout(() => other.abort(), 0);
    await expect(fruitless).rejects.toThrow(AbortedError);
  });

  test('arguments are checked', async () => {
    const shown = await world.shown();
    for (const query of ['', '   ', '\u0301']) await expect(shown.search(query).next()).rejects.toThrow(ArgumentError);
    await expect(shown.search('x', { limit: 0 }).next()).rejects.toThrow(ArgumentError);
    await expect(shown.search('x', { before: -1 }).next()).rejects.toThrow(ArgumentError);
    await expect(shown.search('x'.repeat(MAX_CHAT_SEARCH_LENGTH + 1)).next()).rejects.toThrow(LimitError);
    expect(await all(shown.search('x'.repeat(MAX_CHAT_SEARCH_LENGTH)))).toEqual([]);
  });
});

describe('media', () => {
  test('newest first, page by page, without those that were deleted', async () => {
    const world = new ChatLogWorld(crypto);
    const file = (name: string) => world.file(`bob/.messaging/${ChatLogWorld.chatId}/shared/media/2024/5/${name}`);
    world.say('bob', 'a', file('a.png'));
    world.say('bob', 'none');
    const gone = world.say('bob', 'b', file('b.JPG'));
    const ref = world.reply('alice', gone, 'c', file('c'), file('d.tar.gz'));
    world.edit('alice', ref, 'x', file('e.png'));
    world.delete('bob', gone);
    const shown = await world.shown();
    const first = await shown.media({ limit: 1 });
    expect(first.items.map(({ name, extension, message }) => [name, extension, message.author, message.text])).toEqual([
      ['c', '', 'alice', 'x'],
      ['d.tar.gz', 'gz', 'alice', 'x'],
    ]);
    const second = await shown.media(first.next === undefined ? {} : { before: first.next });
    expect(second.items.map(({ name }) => name)).toEqual(['a.png']);
    expect(second.next).toBeUndefined();
    await expect(shown.media({ limit: 0 })).rejects.toThrow(ArgumentError);
  });

  test('pages have all files once, however many messages were deleted or have several', async () => {
    const world = new ChatLogWorld(crypto);
    const file = (name: string) => world.file(`bob/.messaging/${ChatLogWorld.chatId}/shared/media/2024/5/${name}`);
    const wanted: string[] = [];
    for (let i = 0; i < 200; i++) {
      const names = Array.from({ length: 1 + (i % 3) }, (_, k) => `${i}-${k}.png`);
      const ref = world.say('bob', 'some', ...names.map(file));
      if (i % 5 === 0) world.delete('bob', ref);
      else wanted.unshift(...names);
      // Of others, which changes nothing.
      if (i % 7 === 0) world.delete('carol', ref);
    }
    for (const limit of [1, 2, 7, MAX_CHAT_PAGE]) {
      const shown = await world.shown();
      const found: string[] = [];
      for (let before: number | undefined = world.messages.length; before !== undefined;) {
        const { items, next } = await shown.media({ before, limit });
        const last = items.at(-1)?.message.index;
        found.push(...[...items].sort((a, b) => b.message.index - a.message.index).map(({ name }) => name));
        expect(items.filter(({ message }) => message.index !== last).length).toBeLessThan(limit);
        before = next;
      }
      expect(found).toEqual(wanted);
    }
  });

  test('of many messages each edit is looked at once or twice, not for each message, and others have a turn', async () => {
    const world = new ChatLogWorld(crypto);
    const elsewhere = world.file('bob/elsewhere/a.png');
    const ref = world.say('alice', 'x');
    const count = 2500;
    for (let i = 0; i < count; i++) world.reply('bob', ref, 'y', elsewhere);
    for (let i = 0; i < count; i++) world.edit(i % 2 === 0 ? 'bob' : 'alice', ref, 'z');
    const shown = await world.shown();
    let passed = 0;
    const { marksOf } = ScannedLog.prototype;
    const spy = vi.spyOn(ScannedLog.prototype, 'marksOf').mockImplementation(function (this: ScannedLog, key: number) {
      const marks = marksOf.call(this, key);
      passed += marks.length;
      return marks;
    });
    try {
      expect(await shown.media()).toEqual({ items: [], next: undefined });
      expect(await all(shown.search('nothing like it'))).toEqual([]);
      expect((await all(shown.search('y', { limit: 300 })))[0]?.replyTo?.text).toBe('z');
    } finally {
      spy.mockRestore();
    }
    expect(passed).toBeLessThan(3 * count);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    await expect(shown.media({ signal: controller.signal })).rejects.toThrow(AbortedError);
  });

  test('files that are not among the media of the chat are left out, and too many', async () => {
    const world = new ChatLogWorld(crypto);
    const base = `bob/.messaging/${ChatLogWorld.chatId}/shared/media`;
    const many = Array.from({ length: MAX_CHAT_ATTACHMENTS + 1 }, (_, i) => world.file(`/${base}/2024/5/${i}.png`));
    world.say('bob', world.file('bob/secret.txt'), world.file('bob/.messaging/other/shared/media/2024/5/x.png'), world.file(base), 'text');
    world.say('bob', ...many);
    const { messages } = await page(world, { limit: 2 });
    expect(messages.map(({ attachments }) => attachments.length)).toEqual([0, MAX_CHAT_ATTACHMENTS]);
    expect(messages[1]?.attachments.at(-1)?.name).toBe(`${MAX_CHAT_ATTACHMENTS - 1}.png`);
  });
});

describe('unread messages', () => {
  test('what others have said and not deleted', async () => {
    const world = new ChatLogWorld(crypto);
    const old = world.say('bob', 'seen');
    const seen = world.messages.length;
    world.say('alice', 'own');
    world.say('bob', 'one');
    const gone = world.say('carol', 'two');
    world.reply('carol', old, 'three');
    world.edit('bob', old, 'edited');
    world.delete('carol', gone);
    world.write(world.id('bob'), { kind: 'group-state', key: 'title', value: 'x' });
    expect(await (await world.shown('alice', seen)).unread()).toBe(2);
    expect(await (await world.shown('alice', 0)).unread()).toBe(3);
    expect(await (await world.shown('bob', seen)).unread()).toBe(2);
    expect(await (await world.shown('alice', world.messages.length)).unread()).toBe(0);
    expect(await (await world.shown('alice', 9999)).unread()).toBe(0);
  });

  test('so many are counted, and no more', async () => {
    const world = new ChatLogWorld(crypto);
    for (let i = 0; i < MAX_CHAT_UNREAD; i++) world.say('bob', 'x');
    expect(await (await world.shown('alice', 7)).unread()).toBe(MAX_CHAT_UNREAD - 1);
    expect(await (await world.shown('alice', 6)).unread()).toBe(MAX_CHAT_UNREAD);
    world.say('bob', 'x');
    expect(await (await world.shown('alice', 6)).unread()).toBe(MAX_CHAT_UNREAD);
  });
});
