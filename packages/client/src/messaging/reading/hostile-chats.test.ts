import { concatBytes } from '@pyrgos/core/bytes';
import { buildLog, MemberId, MessageEnvelope, SignedMessage, TreeClock } from '@pyrgos/core/chat';
import { cborMap, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import { MAX_CHAT_BODY_ITEMS } from '@pyrgos/core/limits';
import { describe, expect, test } from 'vitest';
import { ChatLogWorld, MemoryLogFile } from '../../../test/chat-log-world.js';
import type { ChatMessage } from '../chat-types.js';
import { OwnLog } from './own-log.js';
import type { TimelineView } from './timeline.js';

/** Other clients check less than we do, and what they have taken into their logs may end up in ours: one bad message must not hide the others. */

const crypto = await loadCrypto();

/** The chat with other bytes in the place of some messages, or after them. */
async function shownWith(
  world: ChatLogWorld,
  bytes: (index: number, own: Uint8Array) => Uint8Array,
  more: readonly Uint8Array[] = [],
): Promise<TimelineView> {
  const all = [...world.messages.map((message, i) => bytes(i, message.encode())), ...more];
  const { log, index } = buildLog(all);
  return world.timeline().at(await OwnLog.open({ file: new MemoryLogFile(log), index, count: all.length }), world.view());
}

/** A message with an envelope that nobody has checked. */
function signed(envelope: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x82, 0x58, 64), new Uint8Array(64), encodeCbor(envelope));
}

/** An envelope of bob with another payload. */
function envelopeOf(payload: Parameters<typeof cborMap>[0]): Uint8Array {
  return encodeCbor(
    cborMap([
      ['a', [0, 0]],
      ['p', cborMap(payload)],
      ['r', []],
      ['t', [[0, 0, 9]]],
      ['u', 1_700_000_000_000],
    ]),
  );
}

const texts = (messages: readonly ChatMessage[]): readonly string[] =>
  messages.filter(({ kind }) => kind === 'text').map(({ text }) => text);

describe('messages that no client should have written', () => {
  const world = new ChatLogWorld(crypto);
  world.say('alice', 'before');
  const bad = world.messages.length;
  world.say('bob', 'the bad one');
  world.say('alice', 'after');
  world.say('bob', 'and more');

  test.each([
    ['a kind that is not known', signed(envelopeOf([['c', 99]]))],
    [
      'a body that is none',
      signed(
        envelopeOf([
          ['b', 'text'],
          ['c', 2],
        ]),
      ),
    ],
    [
      'an item of a kind that is not known',
      signed(
        envelopeOf([
          ['b', [['no']]],
          ['c', 2],
        ]),
      ),
    ],
    [
      'more than belongs there',
      signed(
        envelopeOf([
          ['b', ['x']],
          ['c', 2],
          ['x', 1],
        ]),
      ),
    ],
    [
      'too many items',
      signed(
        envelopeOf([
          ['b', Array.from({ length: MAX_CHAT_BODY_ITEMS + 1 }, () => '')],
          ['c', 2],
        ]),
      ),
    ],
    ['no CBOR', signed(Uint8Array.of(0xff, 0x00))],
    ['an empty envelope', signed(new Uint8Array())],
    ['nested as deep as nobody reads', signed(concatBytes(new Uint8Array(5000).fill(0x81), Uint8Array.of(0)))],
    ['lengths that are lies', signed(Uint8Array.of(0xa5, 0x61, 0x61, 0x9a, 0xff, 0xff, 0xff, 0xff))],
    ['a map out of order', signed(Uint8Array.of(0xa2, 0x61, 0x70, 0x00, 0x61, 0x61, 0x00))],
  ])('%s: the one message is told of, all others are shown', async (_, bytes) => {
    const shown = await shownWith(world, (index, own) => (index === bad ? bytes : own));
    const { messages, problem, total } = await shown.page();
    expect(texts(messages)).toEqual(['before', 'after', 'and more']);
    expect(problem).toMatchObject({ code: expect.stringMatching(/^format\./u) });
    expect(total).toBe(world.messages.length);
    expect(await shown.unread()).toBe(1);
    expect((await shown.last())?.text).toBe('and more');
  });

  test('where no message begins the log ends, and says so', async () => {
    for (const bytes of [new Uint8Array(50), Uint8Array.of(0x82), Uint8Array.of(0x82, 0x58, 0x40, 0x00), new Uint8Array(5000).fill(0xff)]) {
      const shown = await shownWith(world, (_, own) => own, [bytes]);
      const { messages, problem } = await shown.page();
      expect(texts(messages)).toEqual(['before', 'the bad one', 'after', 'and more']);
      expect(problem).toBeInstanceOf(FormatError);
    }
  });

  test('of somebody who is no member', async () => {
    const stranger = SignedMessage.of(
      new Uint8Array(64),
      MessageEnvelope.of({
        author: MemberId.of([0, 99]),
        payload: { kind: 'application', body: ['hello'] },
        previous: [],
        timestamp: TreeClock.of([[MemberId.of([0, 99]), 1]]),
        time: 0,
      }),
    );
    const shown = await shownWith(world, (_, own) => own, [stranger.encode()]);
    expect(texts((await shown.page()).messages)).not.toContain('hello');
    expect((await shown.last())?.text).toBe('and more');
  });

  test('times that no calendar has an end of', async () => {
    const other = new ChatLogWorld(crypto);
    const time = 8_640_000_000_000_000;
    const author = other.id('bob');
    const message = (u: number) =>
      SignedMessage.of(
        new Uint8Array(64),
        MessageEnvelope.of({
          author,
          payload: { kind: 'application', body: [String(u)] },
          previous: [],
          timestamp: TreeClock.of([[author, 9]]),
          time: u,
        }),
      ).encode();
    const shown = await shownWith(other, (_, own) => own, [message(time), message(0)]);
    const { messages } = await shown.page({ limit: 2 });
    // In the order of their causes, whatever their clocks say.
    expect(messages.map(({ time: date }) => date.getTime())).toEqual([time, 0]);
  });
});

describe('references that lead astray', () => {
  test('thousands of edits and deletions of what others have written change nothing, and cost little', async () => {
    const world = new ChatLogWorld(crypto);
    const ref = world.say('alice', 'true');
    let last = ref;
    for (let i = 0; i < 3000; i++) {
      last = world.edit('bob', i % 2 === 0 ? ref : last, `forged ${i}`);
      if (i % 10 === 0) world.delete('bob', last);
    }
    world.reply('carol', last, 'look');
    const file = new MemoryLogFile(world.build().log);
    const log = await OwnLog.open({ file, index: new Uint8Array() });
    const shown = await world.timeline().at(log, world.view());
    const { messages } = await shown.page({ limit: 2 });
    expect(messages.map(({ text, edited, deleted }) => [text, edited, deleted])).toEqual([
      ['true', false, false],
      ['look', false, false],
    ]);
    expect(messages[1]?.replyTo).toMatchObject({ author: 'alice', text: 'true' });
    expect(file.reads.length).toBeLessThan(100);
  });

  test('edits of edits of edits are followed so far, and no further', async () => {
    const world = new ChatLogWorld(crypto);
    const first = world.say('alice', 'first');
    let last = first;
    for (let i = 1; i <= 101; i++) last = world.edit('alice', last, `edit ${i}`);
    world.reply('bob', last, 'to the last');
    const { messages } = await (await world.shown()).page({ limit: 2 });
    expect(texts(messages)).toEqual(['edit 101', 'to the last']);
    const further = world.edit('alice', last, 'too far');
    world.reply('bob', further, 'to one further');
    const after = await (await world.shown()).page({ limit: 3 });
    expect(texts(after.messages)).toEqual(['edit 101', 'to the last', 'to one further']);
  });

  test('answers to what has no text', async () => {
    const world = new ChatLogWorld(crypto);
    const title = world.write(world.id('bob'), { kind: 'group-state', key: 'title', value: 'x' });
    const gone = world.say('bob', 'gone');
    const deletion = world.delete('bob', gone);
    const hidden = world.write(world.id('bob'), { kind: 'group-state', key: 'other', value: 'x' });
    for (const ref of [title, gone, deletion, hidden, world.nowhere('x')]) world.reply('carol', ref, 'what?');
    const { messages } = await (await world.shown()).page({ limit: 5 });
    expect(messages.map(({ replyTo }) => [replyTo?.author, replyTo?.text, replyTo?.deleted])).toEqual([
      ['bob', '', false],
      ['bob', '', true],
      [undefined, '', false],
      [undefined, '', false],
      [undefined, '', false],
    ]);
  });

  test('an edit or a deletion of what is no text changes nothing', async () => {
    const world = new ChatLogWorld(crypto);
    const title = world.write(world.id('bob'), { kind: 'group-state', key: 'title', value: 'x' });
    world.edit('bob', title, 'y');
    const deletion = world.delete('bob', title);
    world.delete('bob', deletion);
    const { messages } = await (await world.shown()).page({ limit: 1 });
    expect(messages).toMatchObject([{ kind: 'title', about: ['x'], deleted: false, edited: false }]);
  });

  test('an answer to a message of which nobody here knows stands where it came', async () => {
    const world = new ChatLogWorld(crypto);
    const later = new ChatLogWorld(crypto);
    later.say('bob', 'filler');
    const ref = later.say('carol', 'the parent, known to bob alone');
    world.say('bob', 'filler');
    world.reply('bob', ref, 'the answer');
    const { messages } = await (await world.shown()).page({ limit: 1 });
    expect(messages[0]).toMatchObject({ text: 'the answer', replyTo: { author: undefined, index: undefined } });
  });
});

describe('texts that lie', () => {
  test('come as they are: they are shown as text, and nothing of them is interpreted', async () => {
    const world = new ChatLogWorld(crypto);
    const strange = [
      '<img src=x onerror=alert(1)>',
      '\u202egnp.exe',
      '\u0000\u0007\u001b[31m',
      'a'.repeat(300_000),
      '__proto__',
      '\n\n\n',
      '',
    ];
    for (const text of strange) world.say('bob', text);
    world.write(world.id('bob'), { kind: 'group-state', key: 'title', value: '<script>\u202e' });
    const { messages } = await (await world.shown()).page();
    expect(texts(messages)).toEqual(strange);
    expect(messages.at(-1)).toMatchObject({ kind: 'title', about: ['<script>\u202e'] });
  });

  test('files outside the media of the chat are not offered, wherever they are', async () => {
    const world = new ChatLogWorld(crypto);
    const base = `.messaging/${ChatLogWorld.chatId}/shared/media`;
    const paths = [
      `bob/${base}`,
      `bob/${base}/`,
      `bob//${base}/2024/5/x.png`,
      `bob/${base}/./x.png`,
      `bob/${base}/2024//x.png`,
      `bob/.messaging/chat$bob$00000000-0000-4000-8000-000000000000/shared/media/2024/5/x.png`,
      `bob/.messaging/${ChatLogWorld.chatId}/private-chat-state.cbor`,
      `bob/${base}/${'x/'.repeat(40)}y`,
      `bob/${base}/${'x'.repeat(300)}`,
      'x',
      '',
    ];
    world.say('bob', 'none', ...paths.map((path) => world.file(path)));
    world.say(
      'bob',
      'some',
      world.file(`bob/${base}/2024/5/a.B\u0131N`),
      world.file(`/bob/${base}/no-dot`),
      world.file(`bob/${base}/5/.hidden`),
    );
    const { messages } = await (await world.shown()).page({ limit: 2 });
    expect(messages.map(({ attachments }) => attachments.map(({ name, extension }) => [name, extension]))).toEqual([
      [],
      [
        ['a.B\u0131N', 'b\u0131n'],
        ['no-dot', ''],
        ['.hidden', 'hidden'],
      ],
    ]);
  });

  test('the admins that somebody makes up are not told of', async () => {
    const world = new ChatLogWorld(crypto);
    const admins = world.properties.get('admins');
    world.write(world.id('bob'), { kind: 'group-state', key: 'admins', value: 'bob' });
    if (admins !== undefined) world.properties.set('admins', admins);
    expect((await (await world.shown()).last())?.kind).toBe('joined');
    world.write(MemberId.creator, { kind: 'group-state', key: 'admins', value: 'alice,,carol,' });
    expect(await (await world.shown()).last()).toMatchObject({ kind: 'admins', about: ['alice', 'carol'] });
  });
});
