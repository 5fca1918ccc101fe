import { expect } from 'vitest';
import { ShownChat } from '../../client/test/shown-chat.js';
import type { SignedMessage } from '../src/chat/signed-message.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import type { ChatHistory } from './chat-history.js';
import type { ReferenceMessage } from './reference-copy.js';
import type { SimulatedMember } from './simulated-chats.js';

/** What one copy shows of a chat, by the code of the SDK. */
interface Shown {
  readonly member: SimulatedMember;
  /** What was said, by reference. */
  readonly said: ReadonlyMap<string, ReferenceMessage>;
  /** All that is shown, in a line for each: messages, and what has happened in the chat. */
  readonly lines: readonly (readonly [ref: string, line: string])[];
}

/**
 * What must hold once everybody has read everything; returns between how many copies. All that chapter 07 promises, in all histories:
 *
 * - Every copy shows what its own log says: authors, texts, answers, edits, deletions. Whatever the state of a copy is, its log says so, too; that is checked after each step.
 * - Those who are members in the eyes of all members have all that any of them has written, and show the same of it: no edit and no deletion is missing, and nothing that was acknowledged.
 * - Whatever else two copies have, they show the same of it where they have the same edits and deletions of it.
 * - Who has the same settings of a title has the same title.
 *
 * Left open by section 9.2, and so only compared where nothing is removed at the same time (`orderly`): what members have written while they were removed, of whom they had not heard; whom they have
 * invited meanwhile; and, when admins change at the same time, who is an admin and who was removed. The order of messages that know nothing of each other is that of each log, everywhere.
 */
export async function checkAgreement(history: ChatHistory, crypto: CryptoProvider): Promise<number> {
  const shown = new Map<SimulatedMember, Shown>();
  for (const member of history.members) {
    if (member.chat === undefined) continue;
    for (let i = 0; i < member.chat.messages.length; i++) history.checkReader(member, i);
    shown.set(member, await shownBy(member, crypto));
  }
  for (const one of shown.values()) for (const other of shown.values()) compareSaid(one, other);
  const agreed = history.agreed();
  const [first] = agreed;
  if (first === undefined) return 0;
  const ids = new Set(agreed.map(({ state }) => state.host.toString()));
  const isTheirs = ({ envelope }: SignedMessage): boolean => ids.has(envelope.author.toString());
  const refsOf = (member: SimulatedMember, matters: (message: SignedMessage) => boolean): readonly string[] =>
    (member.chat?.messages ?? [])
      .filter(matters)
      .map((message) => message.ref(crypto).toString())
      .sort();
  const acknowledged = [...history.world.sent].filter(([, { message }]) => isTheirs(message)).map(([ref]) => ref);
  const updates = (member: SimulatedMember): string => refsOf(member, ({ envelope }) => envelope.payload.kind === 'group-state').join();
  for (const member of agreed) {
    const refs = refsOf(member, isTheirs);
    expect(refs, `${member.name} has another log`).toEqual(refsOf(first, isTheirs));
    const known = new Set(refs);
    const lost = acknowledged.filter((ref) => !known.has(ref));
    expect(lost, `${member.name} has lost something`).toEqual([]);
    expect(saidBy(shown.get(member), ids), `${member.name} sees something else`).toEqual(saidBy(shown.get(first), ids));
    if (updates(member) === updates(first)) expect(member.state.title, `${member.name} has another title`).toBe(first.state.title);
    if (history.mode !== 'wild') expect(removedOf(member, first), `${member.name} knows other members`).toEqual(removedOf(first, member));
  }
  if (history.mode !== 'orderly') return agreed.length;
  expect(agreed.length, 'somebody disagrees').toBe(history.present.length);
  const { strays } = history.world;
  for (const member of agreed) {
    const all = (message: SignedMessage): boolean => !strays.has(message.ref(crypto).toString());
    expect(refsOf(member, all), `${member.name} has other messages`).toEqual(refsOf(first, all));
    expect(linesOf(shown.get(member), strays), `${member.name} sees something else`).toEqual(linesOf(shown.get(first), strays));
    expect(member.state.clock.equals(first.state.clock), `${member.name} has another clock`).toBe(true);
    expect(membersOf(member), `${member.name} knows other members`).toEqual(membersOf(first));
    expect(propertiesOf(member), `${member.name} has other properties`).toEqual(propertiesOf(first));
  }
  return agreed.length;
}

/** What is shown to a member, which is what the log says. */
async function shownBy(member: SimulatedMember, crypto: CryptoProvider): Promise<Shown> {
  const { state, reference, chat } = member;
  const messages = chat?.messages ?? [];
  const timeline = new ShownChat(crypto, state.chatId);
  // As if it had been open for a while.
  await timeline.all(messages.slice(0, Math.ceil(messages.length / 2)), state);
  const shown = await timeline.all(messages, state);
  const texts = shown.filter(({ kind }) => kind === 'text');
  const found = texts.map(({ ref, author, text, edited, deleted, replyTo }) => [
    ref,
    author,
    text,
    edited,
    deleted,
    replyTo && quoteOf(replyTo),
  ]);
  const isFirst = new Set(found.map(([ref]) => ref)).size === found.length;
  expect(isFirst, `${member.name} sees a message twice`).toBe(true);
  const expected = reference.said.map((message) => {
    const { ref, username, text, edited, deleted, parent, answers } = message;
    const quote = !answers || deleted ? undefined : [parent?.username, parent?.text ?? '', parent?.deleted ?? false];
    return [ref, username, text, edited, deleted, quote];
  });
  expect(found, `what ${member.name} sees`).toEqual(expected);
  for (const { index, replyTo } of texts) expect(replyTo?.index ?? -1, `${member.name} sees an answer first`).toBeLessThan(index);
  const lines = shown.map(({ ref, kind, author, text, edited, deleted, about, replyTo }) => {
    const line = [ref, kind, author, text, edited, deleted, about.join(), replyTo && quoteOf(replyTo).join()].join(' ');
    return [ref, line] as const;
  });
  return { member, said: new Map(reference.said.map((message) => [message.ref, message])), lines };
}

function linesOf(shown: Shown | undefined, left: ReadonlySet<string>): readonly string[] {
  return (shown?.lines ?? []).flatMap(([ref, line]) => (left.has(ref) ? [] : [line])).sort();
}

function quoteOf({ author, text, deleted }: { author: string | undefined; text: string; deleted: boolean }): readonly unknown[] {
  return [author, text, deleted];
}

/** What two copies have of the same messages is the same where nothing was done to them that only one of them knows. */
function compareSaid(one: Shown, other: Shown): void {
  for (const [ref, message] of one.said) {
    const same = other.said.get(ref);
    if (same === undefined || message.marks.toSorted().join() !== same.marks.toSorted().join()) continue;
    expect(contentOf(message), `${one.member.name} and ${other.member.name} see something else`).toEqual(contentOf(same));
    if (message.parent !== undefined && same.parent !== undefined) expect(message.parent.ref).toBe(same.parent.ref);
  }
}

function contentOf({ ref, username, text, edited, deleted }: ReferenceMessage): readonly unknown[] {
  return [ref, username, text, edited, deleted];
}

/** What some members have said, in the order of references. */
function saidBy(shown: Shown | undefined, ids: ReadonlySet<string>): readonly unknown[] {
  const theirs = [...(shown?.said.values() ?? [])].filter(({ author }) => ids.has(author.toString()));
  return theirs.map(contentOf).sort(([a], [b]) => String(a).localeCompare(String(b)));
}

/** Who was removed in the eyes of one member, of those whom another one knows as well. */
function removedOf({ state }: SimulatedMember, other: SimulatedMember): readonly unknown[] {
  const known = [...state.members.values()].filter(({ id }) => other.state.member(id) !== undefined);
  return known.map(({ id, username, isRemoved }) => `${String(id)} ${username} ${isRemoved}`).sort();
}

function membersOf({ state }: SimulatedMember): unknown {
  return [...state.members.values()]
    .map(({ username, id, isRemoved, invited, proof }) => [id.toString(), username, isRemoved, invited, proof === undefined])
    .sort(([a], [b]) => String(a).localeCompare(String(b)));
}

function propertiesOf({ state }: SimulatedMember): unknown {
  return [...state.properties]
    .map(([key, { value, author }]) => [key, value, author.toString()] as const)
    .sort(([a], [b]) => a.localeCompare(b));
}
