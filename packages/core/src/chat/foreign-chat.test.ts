/** What a client that nobody here wrote has written: its logs, indexes and states are read, and written again to the same bytes. */
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { inlineSigningKey } from '../keys/resolve-signing-key.js';
import v from '../../../../vectors/07/foreign-chat.json' with { type: 'json' };
import { parseChatId } from './chat-id.js';
import type { ChatMember } from './chat-member.js';
import { ChatReplica } from './chat-replica.js';
import { ChatState } from './chat-state.js';
import { mirrorPlace } from './media-path.js';
import { buildLog, readLogItem } from './message-log.js';
import type { MessagePayload } from './message-payload.js';
import { PrivateChatState } from './private-chat-state.js';
import type { SignedMessage } from './signed-message.js';

const crypto = await loadCrypto();
const NAMES = ['bob', 'dan', 'fay'] as const;

/** All messages of a log, of which every one is understood. */
function messagesOf(log: Uint8Array): readonly SignedMessage[] {
  const messages: SignedMessage[] = [];
  for (let offset = 0; offset < log.length;) {
    const item = readLogItem(log, offset);
    if (item?.message === undefined) throw item?.problem ?? new Error('cut off');
    messages.push(item.message);
    offset = item.end;
  }
  return messages;
}

/** The parts of a payload as the vectors name them. */
function described(payload: MessagePayload): object {
  const body = (content: Extract<MessagePayload, { body: unknown }>['body']): object => ({
    text: content.filter((item) => typeof item === 'string').join(''),
    files: content.flatMap((item) => (typeof item === 'string' ? [] : [item.path])),
  });
  switch (payload.kind) {
    case 'join':
      return { kind: 'join', username: payload.username };
    case 'invite':
      return { kind: 'invite', username: payload.username, member: payload.member.toString() };
    case 'application':
      return { kind: 'application', ...body(payload.body) };
    case 'group-state':
      return { kind: 'group-state', key: payload.key, value: payload.value };
    case 'reply':
      return { kind: 'reply', to: payload.parent.toString(), ...body(payload.body) };
    case 'delete':
      return { kind: 'delete', to: payload.target.toString() };
    case 'edit':
      return { kind: 'edit', to: payload.target.toString(), ...body(payload.body) };
    default:
      return { kind: 'remove-member', member: payload.member.toString() };
  }
}

describe.each(NAMES)('the copy of %s', (name) => {
  const copy = v.members[name];
  const log = fromHex(copy.log);

  test('the log: read, and the same bytes again, with its index', () => {
    const messages = messagesOf(log);
    const built = buildLog(messages.map((message) => message.encode()));
    expect(toHex(built.log)).toBe(copy.log);
    expect(toHex(built.index)).toBe(copy.index);
    expect(messages.map((message) => message.ref(crypto).toString())).toEqual(copy.messages.map(({ ref }) => ref));
    for (const [i, { envelope }] of messages.entries()) {
      const expected = copy.messages[i];
      expect(envelope.author.toString()).toBe(expected?.id);
      expect(envelope.time).toBe(expected?.time);
      expect(envelope.previous.map((ref) => ref.toString())).toEqual(expected?.previous);
      expect(expected).toMatchObject(described(envelope.payload));
    }
  });

  test('attachments have a place', () => {
    const files = messagesOf(log).flatMap(({ envelope: { payload } }) =>
      'body' in payload ? payload.body.filter((item) => typeof item !== 'string') : [],
    );
    expect(files.length).toBe(2);
    for (const file of files) {
      expect(mirrorPlace(file, v.chat)).toEqual({ owner: 'bob', names: file.path.split('/').slice(-3) });
      expect(toHex(file.encode()).length).toBeGreaterThan(0);
    }
  });

  test('the state and the private state: read, and the same bytes again', () => {
    const state = ChatState.decode(fromHex(copy.state));
    expect(toHex(state.encode())).toBe(copy.state);
    expect(state).toMatchObject({ chatId: v.chat, title: copy.title, admins: copy.admins });
    expect(state.host.toString()).toBe(copy.host);
    expect([...state.clock.entries()].map(([id, counter]) => [id.toString(), counter])).toEqual(copy.clock);
    expect(
      [...state.members.values()].map(({ username, id, invited, mergedUpTo, isRemoved, proof }) => ({
        username,
        id: id.toString(),
        invited,
        merged: mergedUpTo,
        removed: isRemoved,
        joined: proof !== undefined,
      })),
    ).toEqual(copy.states);
    const own = PrivateChatState.decode(crypto, fromHex(copy.privateState));
    expect(toHex(own.encode())).toBe(copy.privateState);
    // Who was invited once more has told everybody a key that was not kept (chapter 07 section 7.4).
    expect(state.hostMember.chatKey?.equals(own.chatKeys.publicKey)).toBe(name !== 'fay');
  });

  test('every message is signed: with the identity where somebody joins, otherwise with the key that was shown then', () => {
    const state = ChatState.decode(fromHex(copy.state));
    for (const message of messagesOf(log)) {
      const author = state.members.get(message.envelope.author.toString());
      const identity = author && inlineSigningKey(author.identity);
      const key = message.envelope.payload.kind === 'join' ? identity : author?.chatKey;
      expect(key && message.isSignedBy(crypto, key)).toBe(true);
    }
  });
});

/** What must be the same in all copies: everything but the host, and how far the logs of others were read. */
function common({ chatId, clock, members, properties }: ChatState): object {
  return {
    chatId,
    clock: [...clock.entries()].map(([id, counter]) => [id.toString(), counter]),
    members: new Map([...members].map(([id, member]) => [id, toHex(member.with({ mergedUpTo: 0 }).encode())])),
    properties: new Map([...properties].map(([key, property]) => [key, toHex(encodeCbor(property.toCbor()))])),
  };
}

describe('the state machine', () => {
  const states = new Map(NAMES.map((name) => [name, ChatState.decode(fromHex(v.members[name].state))]));
  const logs = new Map(NAMES.map((name) => [name, messagesOf(fromHex(v.members[name].log))]));
  const stateOf = (name: (typeof NAMES)[number]): ChatState => states.get(name) as ChatState;
  const logOf = (name: (typeof NAMES)[number]): readonly SignedMessage[] => logs.get(name) as readonly SignedMessage[];
  const replicaOf = (name: (typeof NAMES)[number], state: ChatState): ChatReplica =>
    new ChatReplica({
      crypto,
      state,
      privateState: PrivateChatState.decode(crypto, fromHex(v.members[name].privateState)),
      identity: { username: name, key: state.hostMember.identity, sign: async () => Promise.reject(new Error('no identity')) },
      now: () => 0,
      logLength: logOf(name).length,
      last: logOf(name).at(-1)?.ref(crypto),
    });

  test.each(NAMES)('makes of the log of %s what the foreign client has made of it', async (name) => {
    const state = stateOf(name);
    const { identity } = stateOf('bob').hostMember;
    const empty = ChatState.initial({ chatId: v.chat, username: 'bob', identity });
    const replica = new ChatReplica({
      crypto,
      state: empty,
      privateState: PrivateChatState.decode(crypto, fromHex(v.members.bob.privateState)),
      identity: { username: 'bob', key: identity, sign: async () => Promise.reject(new Error('no identity')) },
      now: () => 0,
      logLength: logOf(name).length,
      last: undefined,
    });
    await replica.recover(logOf(name));
    expect(common(replica.state)).toEqual(common(state));
    expect(replica.state.recent.map((envelope) => toHex(envelope.encode()))).toEqual(
      state.recent.map((envelope) => toHex(envelope.encode())),
    );
  });

  test.each(NAMES.flatMap((reader) => NAMES.filter((source) => source !== reader).map((source) => [reader, source] as const)))(
    '%s reads the log of %s once more, from where it was read to and from its beginning: nothing is new, and nothing is wrong',
    async (reader, source) => {
      const replica = replicaOf(reader, stateOf(reader));
      if (replica.unrecovered !== undefined) await replica.recover(logOf(reader).slice(replica.unrecovered.from));
      const { id } = stateOf(reader).memberOf(source) as ChatMember;
      for (const from of [replica.positionOf(id), 0]) {
        if (from === 0) replica.rewind(id);
        for (const message of logOf(source).slice(from)) {
          // What fay has written after she was removed stands in her log alone.
          const isLate = message.envelope.payload.kind === 'application' && message.envelope.payload.body[0] === 'too late';
          expect(await replica.merge(id, message)).toMatch(isLate ? /^removed$/ : /^(known|removed)$/);
        }
      }
      expect(replica.changes.appended).toEqual([]);
      expect(common(replica.state)).toEqual(common(stateOf(reader)));
    },
  );
});

test('the id of the chat is that of its creator', () => {
  expect(parseChatId(v.chat)).toMatchObject({ creator: 'bob', app: undefined });
});
