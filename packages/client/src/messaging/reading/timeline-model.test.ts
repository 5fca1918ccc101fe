import type { MemberId, MessageEnvelope, MessageRef } from '@pyrgos/core/chat';
import { loadCrypto } from '@pyrgos/core/crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChatLogWorld, MemoryLogFile } from '../../../test/chat-log-world.js';
import type { ChatMessage } from '../chat-types.js';
import { OwnLog } from './own-log.js';

const crypto = await loadCrypto();
const NAMES = ['alice', 'bob', 'carol'] as const;

/** One step of somebody; `target` counts from the newest message back, and leads to nowhere beyond the oldest. */
interface Step {
  readonly what: 'say' | 'file' | 'reply' | 'edit' | 'delete' | 'title';
  readonly who: (typeof NAMES)[number];
  readonly target: number;
  readonly text: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('say', 'file', 'reply', 'reply', 'edit', 'edit', 'edit', 'delete', 'title'),
  who: fc.constantFrom(...NAMES),
  target: fc.oneof({ weight: 5, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.nat(60) }),
  text: fc.string({ maxLength: 4 }),
});

function take(world: ChatLogWorld, { what, who, target, text }: Step): void {
  const ref: MessageRef = world.messages.at(-1 - target)?.ref(crypto) ?? world.nowhere(text);
  switch (what) {
    case 'say':
      return void world.say(who, text);
    case 'file':
      return void world.say(who, text, world.file());
    case 'reply':
      return void world.reply(who, ref, text);
    case 'edit':
      return void world.edit(who, ref, text);
    case 'delete':
      return void world.delete(who, ref);
    case 'title':
      return void world.write(world.id(who), { kind: 'group-state', key: 'title', value: text });
  }
}

/** What a message has become, found with all messages in memory and no cleverness. */
interface Naive {
  readonly index: number;
  readonly author: MemberId;
  text: string;
  files: number;
  edited: boolean;
  deleted: boolean;
  readonly parent: MessageRef | undefined;
}

function naive(world: ChatLogWorld): readonly Naive[] {
  const envelopes = world.messages.map(({ envelope }) => envelope);
  const at = new Map(envelopes.map((envelope, i) => [envelope.ref(crypto).toString(), i]));
  /** Follows edits to the message that they are of; `only`: those of one author. */
  const original = (ref: MessageRef, only?: MemberId): number | undefined => {
    const index = at.get(ref.toString());
    const envelope: MessageEnvelope | undefined = index === undefined ? undefined : envelopes[index];
    if (envelope?.payload.kind !== 'edit') return index;
    return only === undefined || envelope.author.equals(only) ? original(envelope.payload.target, only) : undefined;
  };
  const found = new Map<number, Naive>();
  for (const [index, { author, payload }] of envelopes.entries()) {
    if (payload.kind === 'application' || payload.kind === 'reply') {
      const text = payload.body.filter((part) => typeof part === 'string').join('\n');
      const files = payload.body.length - payload.body.filter((part) => typeof part === 'string').length;
      const parent = payload.kind === 'reply' ? payload.parent : undefined;
      found.set(index, { index, author, text, files, edited: false, deleted: false, parent });
    }
    if (payload.kind !== 'edit' && payload.kind !== 'delete') continue;
    const target = found.get(original(payload.target, author) ?? -1);
    if (target === undefined || !target.author.equals(author)) continue;
    if (payload.kind === 'delete') target.deleted = true;
    else {
      target.edited = true;
      target.text = payload.body.filter((part) => typeof part === 'string').join('\n');
    }
  }
  return [...found.values()].map((one) => ({ ...one, parent: one.parent }));
}

function comparable(world: ChatLogWorld): readonly unknown[] {
  const all = naive(world);
  const at = new Map(world.messages.map((message, i) => [message.ref(crypto).toString(), i]));
  const byIndex = new Map(all.map((one) => [one.index, one]));
  const name = (id: MemberId): string => world.members.get(id.toString())?.username ?? '';
  const original = (ref: MessageRef): number | undefined => {
    const index = at.get(ref.toString());
    const payload = index === undefined ? undefined : world.messages[index]?.envelope.payload;
    return payload?.kind === 'edit' ? original(payload.target) : index;
  };
  return all.map(({ index, author, text, files, edited, deleted, parent }) => {
    const quoted = parent === undefined || deleted ? undefined : byIndex.get(original(parent) ?? -1);
    return {
      index,
      author: name(author),
      text: deleted ? '' : text,
      files: deleted ? 0 : files,
      edited: edited && !deleted,
      deleted,
      quote: quoted && {
        index: quoted.index,
        author: name(quoted.author),
        text: quoted.deleted ? '' : quoted.text,
        deleted: quoted.deleted,
      },
    };
  });
}

function shownOf(messages: readonly ChatMessage[]): readonly unknown[] {
  return messages
    .filter(({ kind }) => kind === 'text')
    .map(({ index, author, text, attachments, edited, deleted, replyTo }) => {
      const quote = replyTo?.author !== undefined && replyTo.index !== undefined && isText(messages, replyTo.index) ? replyTo : undefined;
      return {
        index,
        author,
        text,
        files: attachments.length,
        edited,
        deleted,
        quote: quote && { index: quote.index, author: quote.author, text: quote.text, deleted: quote.deleted },
      };
    });
}

/** Whether a place has a message that somebody has said: what names another kind of message has a quote without a text. */
function isText(messages: readonly ChatMessage[], index: number): boolean {
  return messages.some((message) => message.index === index && message.kind === 'text');
}

describe('what is shown is what a look at everything finds', () => {
  test('page by page, of a chat that grows while it is read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(60), fc.integer({ min: 1, max: 9 }), async (steps, cut, limit) => {
        const world = new ChatLogWorld(crypto);
        const timeline = world.timeline();
        for (const one of steps.slice(0, cut)) take(world, one);
        const before = await world.open();
        await (await timeline.at(before, world.view())).page({ limit });
        const since = world.messages.length;
        const was = new Map(naive(world).map((one) => [one.index, one]));
        for (const one of steps.slice(cut)) take(world, one);
        const { log, index } = world.build();
        const after = await OwnLog.open({ file: new MemoryLogFile(log), index, count: world.messages.length, previous: before });
        expect(after.isSameAs(before)).toBe(true);
        const shown = await timeline.at(after, world.view());
        const back: ChatMessage[] = [];
        for (let end: number | undefined = world.messages.length; end !== undefined;) {
          const found: Awaited<ReturnType<typeof shown.page>> = await shown.page({ limit, before: end });
          back.unshift(...found.messages);
          end = found.before;
        }
        expect(shownOf(back)).toEqual(comparable(world));
        const forth: ChatMessage[] = [];
        const fresh = await world.shown();
        for (let start: number | undefined = 0; start !== undefined;) {
          const found: Awaited<ReturnType<typeof fresh.page>> = await fresh.page({ limit, after: start });
          forth.push(...found.messages);
          start = found.after;
        }
        expect(forth).toEqual(back);
        const said = back.filter(({ kind, deleted }) => kind === 'text' && !deleted);
        expect(await shown.unread()).toBe(said.filter(({ isOwn }) => !isOwn).length);
        const changed: ChatMessage[] = [];
        for await (const message of shown.changedSince(since)) changed.push(message);
        const others = naive(world).filter((one) => {
          const { text, deleted } = was.get(one.index) ?? one;
          return one.deleted ? !deleted : one.text !== text;
        });
        expect(changed.map(({ index: at }) => at)).toEqual(expect.arrayContaining(others.map(({ index: at }) => at)));
        expect(changed).toEqual(back.filter(({ index: at }) => changed.some((one) => one.index === at)));
        expect(changed.every(({ index: at, edited, deleted }) => at < since && (edited || deleted))).toBe(true);
        expect(changed.some(({ index: at }) => was.get(at)?.deleted)).toBe(false);
        const middle = world.messages.length >> 1;
        const around = (await (await world.shown()).page({ around: middle, limit })).messages;
        const first = back.findIndex(({ index: at }) => at === around[0]?.index);
        expect(around).toEqual(back.slice(first, first + around.length));
        expect(around).toHaveLength(Math.min(limit, back.length));
      }),
      { numRuns: 150 },
    );
  });

  test('search and media', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom('a', 'b', '1', ' '), async (steps, letter) => {
        const world = new ChatLogWorld(crypto);
        for (const one of steps) take(world, { ...one, text: `${one.text}${one.target % 2 === 0 ? letter : ''}!` });
        const { messages } = await (await world.shown()).page({ limit: 200 });
        const said = messages.filter(({ kind, deleted }) => kind === 'text' && !deleted);
        const wanted = said.filter(({ text }) => text.includes(`${letter}!`)).reverse();
        const found: ChatMessage[] = [];
        for await (const message of (await world.shown()).search(`${letter}!`)) found.push(message);
        const isFolded = ({ text }: ChatMessage): boolean => !text.includes(`${letter}!`);
        expect(found.filter((message) => !isFolded(message))).toEqual(wanted);
        const { items } = await (await world.shown()).media({ limit: 200 });
        expect(items.map(({ message }) => message)).toEqual(said.filter(({ attachments }) => attachments.length > 0).reverse());
      }),
      { numRuns: 50 },
    );
  });
});
