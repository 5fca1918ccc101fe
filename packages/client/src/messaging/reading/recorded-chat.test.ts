import { concatBytes, fromHex, toHex } from '@pyrgos/core/bytes';
import {
  buildLog,
  ChatReplica,
  ChatState,
  MemberId,
  MessageEnvelope,
  MessageRef,
  PrivateChatState,
  readLogItem,
  type SignedMessage,
} from '@pyrgos/core/chat';
import { type CborValue, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { type PublicSigningKey, resolveSigningKey, SigningKeyPair } from '@pyrgos/core/keys';
import { describe, expect, test } from 'vitest';
import { MemoryLogFile } from '../../../test/chat-log-world.js';
import v from '../../../../../vectors/07/recorded-chat.json' with { type: 'json' };
import { OwnLog } from './own-log.js';
import { Timeline } from './timeline.js';

/** A chat between two reference clients, byte for byte: both copies end with the same log. */

const crypto = await loadCrypto();
const log = fromHex(v.log);
const VIKTOR = MemberId.creator.child(0);

/** The messages of the first `size` bytes of the log. */
function messagesOf(size: number): readonly SignedMessage[] {
  const found: SignedMessage[] = [];
  for (let at = 0; at < size;) {
    const item = readLogItem(log.subarray(0, size), at);
    if (item?.message === undefined) throw item?.problem ?? new Error(`the log is cut off at ${at}`);
    found.push(item.message);
    at = item.end;
  }
  return found;
}

const all = messagesOf(log.length);
const stateOf = (step: string): ChatState => ChatState.decode(fromHex(v.creator.find((one) => one.step === step)?.state ?? ''));
const messagesAt = (step: string): readonly SignedMessage[] => messagesOf(v.creator.find((one) => one.step === step)?.logSize ?? -1);
const privateState = PrivateChatState.decode(crypto, fromHex(v.privateState));

/** A state as it is recorded, but with the members in the order of their ids, as we write them; the reference client has no order (section 3.7). */
function inOrder(state: string): string {
  const map = decodeCbor(fromHex(state)) as ReadonlyMap<string, CborValue>;
  const members = map.get('m') as readonly CborValue[];
  const pairs = members.flatMap((item, i) =>
    i % 2 === 0 ? [{ id: item as readonly number[], pair: [item, members[i + 1] ?? null] }] : [],
  );
  pairs.sort((a, b) => a.id.length - b.id.length);
  return toHex(encodeCbor(new Map([...map, ['m', pairs.flatMap(({ pair }) => pair)]])));
}

function replicaOf(state: ChatState, own: PrivateChatState, logLength: number, last: MessageRef | undefined): ChatReplica {
  const { username, identity: key } = state.hostMember;
  const sign = async (): Promise<never> => Promise.reject(new Error('nothing is signed here'));
  return new ChatReplica({ crypto, state, privateState: own, identity: { username, key, sign }, now: () => 0, logLength, last });
}

describe('a recorded chat', () => {
  test('states, messages, references and the log are written as they were read', () => {
    for (const { state } of [...v.creator, v.invitee]) expect(toHex(ChatState.decode(fromHex(state)).encode())).toBe(inOrder(state));
    expect(toHex(privateState.encode())).toBe(v.privateState);
    expect(toHex(concatBytes(...all.map((message) => message.encode())))).toBe(v.log);
    const built = buildLog(all.map((message) => message.encode()));
    expect([toHex(built.log), toHex(built.index)]).toEqual([v.log, v.index]);
    for (const [i, { envelope }] of all.entries()) {
      expect(toHex(MessageEnvelope.of(envelope).encode())).toBe(toHex(envelope.encode()));
      const last = all[i - 1]?.ref(crypto);
      expect(envelope.previous.map(String)).toEqual(last === undefined ? [] : [last.toString()]);
      expect(MessageRef.parse(envelope.ref(crypto).toString()).equals(envelope.ref(crypto))).toBe(true);
    }
    expect(all.map(({ envelope }) => envelope.payload.kind)).toEqual([
      'join',
      'group-state',
      'invite',
      'application',
      'join',
      'application',
    ]);
  });

  test('every message is signed by whom it should be', async () => {
    const { members } = stateOf('answered');
    for (const message of all) {
      const { author, payload } = message.envelope;
      const member = members.get(author.toString());
      const blocks = { getBlock: async () => Promise.reject(new Error('keys are inline')) };
      if (member === undefined) throw new Error('everybody is a member');
      const identity = await resolveSigningKey(member.identity, { hasher: crypto, blocks, context: { owner: member.identity } });
      const key: PublicSigningKey | undefined = payload.kind === 'join' ? identity : member.chatKey;
      expect(key !== undefined && message.isSignedBy(crypto, key)).toBe(true);
      expect(message.isSignedBy(crypto, payload.kind === 'join' ? privateState.chatKeys.publicKey : identity)).toBe(false);
    }
  });

  test.each([
    ['created', 'joined'],
    ['joined', 'admins'],
    ['admins', 'invited'],
    ['invited', 'sent'],
  ])('the log leads from what was stored when the chat was %s to %s', async (from, to) => {
    const [before, after] = [messagesAt(from), messagesAt(to)];
    const replica = replicaOf(stateOf(from), privateState, after.length, after.at(-1)?.ref(crypto));
    await replica.recover(after.slice(before.length));
    expect(toHex(replica.state.encode())).toBe(inOrder(v.creator.find(({ step }) => step === to)?.state ?? ''));
    expect(replica.changes.appended).toEqual([]);
  });

  test('the answer is merged as the reference client has merged it', async () => {
    const before = messagesAt('sent');
    const replica = replicaOf(stateOf('sent'), privateState, before.length, before.at(-1)?.ref(crypto));
    for (const message of all.slice(replica.positionOf(VIKTOR))) await replica.merge(VIKTOR, message);
    const { appended, state, joined, revoked } = replica.changes;
    expect(toHex(state.encode())).toBe(inOrder(v.creator.at(-1)?.state ?? ''));
    expect(appended.map(String)).toHaveLength(2);
    expect(toHex(concatBytes(...before.map((message) => message.encode()), ...appended.map((message) => message.encode())))).toBe(v.log);
    expect([joined, revoked]).toEqual([['viktor'], []]);
  });

  test('who was invited comes to the same state as well', async () => {
    const sent = stateOf('sent');
    const viktor = sent.members.get(VIKTOR.toString());
    if (viktor === undefined) throw new Error('viktor is invited');
    const count = messagesAt('sent').length;
    // Section 6.5: the state of the inviter, with another host.
    const start = sent.with({ host: VIKTOR, members: new Map(sent.members).set(VIKTOR.toString(), viktor.with({ mergedUpTo: count })) });
    const own = PrivateChatState.of(SigningKeyPair.fromSeed(crypto, new Uint8Array(32)));
    const replica = replicaOf(start, own, all.length, all.at(-1)?.ref(crypto));
    await replica.recover(all.slice(count));
    expect(toHex(replica.state.encode())).toBe(inOrder(v.invitee.state));
  });

  test('is shown', async () => {
    for (const hex of [v.creator.at(-1)?.state ?? '', v.invitee.state]) {
      const state = ChatState.decode(fromHex(hex));
      const own = await OwnLog.open({ file: new MemoryLogFile(log), index: fromHex(v.index), count: state.hostMember.mergedUpTo });
      const shown = await new Timeline({ hasher: crypto, chatId: v.chatId }).at(own, { state, seen: 0 });
      const { messages, problem, total } = await shown.page();
      expect([problem, total]).toEqual([undefined, all.length]);
      expect(messages.map(({ author, kind, about, text }) => [author, kind, ...about, text])).toEqual(v.shown);
      expect(await shown.unread()).toBe(1);
    }
  });
});
