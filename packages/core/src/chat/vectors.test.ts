import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { SigningKeyPair, signDetached } from '../keys/signing-key.js';
import { formatCapabilityLink } from '../model/capability-link.js';
import { FileRef } from '../social/file-ref.js';
import v from '../../../../vectors/07/chat.json' with { type: 'json' };
import { ChatMember } from './chat-member.js';
import { ChatReplica } from './chat-replica.js';
import { ChatState } from './chat-state.js';
import { GroupProperty } from './group-property.js';
import { MemberId } from './member-id.js';
import { MessageEnvelope } from './message-envelope.js';
import { type MessagePayload, payloadFromCbor, payloadToCbor } from './message-payload.js';
import { MessageRef } from './message-ref.js';
import { PrivateChatState } from './private-chat-state.js';
import { SignedMessage } from './signed-message.js';
import { TreeClock } from './tree-clock.js';

/** The vectors of chapter 07 sections 2.1 and 11. */

const crypto = await loadCrypto();
const seeded = (seed: string): SigningKeyPair => SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(Number.parseInt(seed, 16)));
const identityA = seeded(v.keys.identityA.seed);
const chatA = seeded(v.keys.chatA.seed);
const identityB = seeded(v.keys.identityB.seed);
const chatB = seeded(v.keys.chatB.seed);
const A = MemberId.creator;
const B = A.child(0);
const proofOf = (identity: SigningKeyPair, chat: SigningKeyPair): OwnerProof =>
  OwnerProof.create(crypto, identity.signer, chat.publicKey.hash);
const proofA = proofOf(identityA, chatA);
const proofB = proofOf(identityB, chatB);
const clock = (a: number, b?: number): TreeClock =>
  TreeClock.of(
    b === undefined
      ? [[A, a]]
      : ([
          [A, a],
          [B, b],
        ] as const),
  );

/** The messages of the log, each naming the one before it. */
function log(): readonly SignedMessage[] {
  const m4 = MessageRef.parse(v.messages[4]?.ref ?? '');
  const m6 = MessageRef.parse(v.messages[6]?.ref ?? '');
  const parts: readonly (readonly [MemberId, TreeClock, MessagePayload, SigningKeyPair])[] = [
    [
      A,
      clock(1),
      { kind: 'join', username: 'alice', identity: identityA.publicKey.hash, chatKey: chatA.publicKey, proof: proofA },
      identityA,
    ],
    [A, clock(2), { kind: 'group-state', key: 'admins', value: 'alice' }, chatA],
    [A, clock(3, 0), { kind: 'invite', username: 'bob', identity: identityB.publicKey.hash, member: B }, chatA],
    [
      B,
      clock(3, 1),
      { kind: 'join', username: 'bob', identity: identityB.publicKey.hash, chatKey: chatB.publicKey, proof: proofB },
      identityB,
    ],
    [A, clock(4, 1), { kind: 'application', body: ['Hello'] }, chatA],
    [B, clock(4, 2), { kind: 'reply', parent: m4, body: ['Hi'] }, chatB],
    [A, clock(5, 2), { kind: 'edit', target: m4, body: ['Hello!'] }, chatA],
    [A, clock(6, 2), { kind: 'delete', target: m6 }, chatA],
    [A, clock(7, 2), { kind: 'remove-member', chatId: v.chatId, member: B }, chatA],
  ];
  let previous: readonly MessageRef[] = [];
  return parts.map(([author, timestamp, payload, keys], i) => {
    const envelope = MessageEnvelope.of({ author, payload, previous, timestamp, time: v.time + i });
    previous = [envelope.ref(crypto)];
    return SignedMessage.of(signDetached(crypto, keys.secretKey, envelope.encode()), envelope);
  });
}

const messages = log();

describe('keys and proofs', () => {
  test.each([
    ['identity A', identityA, v.keys.identityA.publicKey],
    ['chat A', chatA, v.keys.chatA.publicKey],
    ['identity B', identityB, v.keys.identityB.publicKey],
    ['chat B', chatB, v.keys.chatB.publicKey],
  ])('%s', (_, keys, hex) => {
    expect(toHex(keys.publicKey.encode())).toBe(hex);
  });

  test('hash and proof', () => {
    expect(toHex(identityA.publicKey.hash.encode())).toBe(v.identityHashA);
    expect(toHex(proofA.encode())).toBe(v.ownerProofA);
  });
});

test('a reference to a file', () => {
  const ref = FileRef.decode(fromHex(v.fileRef.cbor));
  expect([ref.path, ref.contentHash.toString()]).toEqual([v.fileRef.path, v.fileRef.contentHash]);
  expect(formatCapabilityLink(ref.capability)).toBe(v.fileRef.capLink);
  expect(toHex(ref.encode())).toBe(v.fileRef.cbor);
  const payload = payloadFromCbor(
    new Map<string, never>([
      [
        'b',
        [
          new Map([
            ['r', ref.toCbor()],
            ['t', 'Ref'],
          ]),
        ],
      ],
      ['c', 2],
    ] as never),
  );
  expect(toHex(encodeCbor(payloadToCbor(payload)))).toBe(`a2616281a26172${v.fileRef.cbor}617463526566616302`);
});

test('the initial state', () => {
  const state = ChatState.initial({ chatId: v.chatId, username: 'alice', identity: identityA.publicKey.hash });
  expect(toHex(state.encode())).toBe(v.initialState);
  expect(ChatState.decode(fromHex(v.initialState)).equals(state)).toBe(true);
});

describe.each(v.messages.map((vector, i) => ({ ...vector, i })))('$name $what', (vector) => {
  const message = messages[vector.i] as SignedMessage;

  test('is written', () => {
    const { envelope } = message;
    if (vector.envelope !== undefined) expect(toHex(envelope.encode())).toBe(vector.envelope);
    if (vector.payload !== undefined) expect(toHex(encodeCbor(payloadToCbor(envelope.payload)))).toBe(vector.payload);
    expect(message.ref(crypto).toString()).toBe(vector.ref);
    expect(toHex(message.signature)).toBe(vector.signature);
    const length = envelope.encode().length;
    const head = length < 256 ? `58${toHex(Uint8Array.of(length))}` : `59${toHex(Uint8Array.of(length >> 8, length))}`;
    expect(toHex(message.encode())).toBe(`825840${vector.signature}${head}${toHex(envelope.encode())}`);
  });

  test('is read', () => {
    const read = SignedMessage.decode(message.encode());
    expect(read.equals(message)).toBe(true);
    expect(encodeCbor(payloadToCbor(read.envelope.payload))).toEqual(encodeCbor(payloadToCbor(message.envelope.payload)));
    expect(read.envelope.timestamp.equals(message.envelope.timestamp)).toBe(true);
    expect([read.envelope.time, read.ref(crypto).toString()]).toEqual([v.time + vector.i, vector.ref]);
  });
});

test('a reference to M4, and the property of the admins', () => {
  const ref = MessageRef.decode(fromHex(v.refM4));
  expect(ref.toString()).toBe(v.messages[4]?.ref);
  expect(toHex(ref.encode())).toBe(v.refM4);
  const property = GroupProperty.decode(fromHex(v.adminsProperty));
  expect(property.equals(GroupProperty.of({ author: A, timestamp: clock(2), value: 'alice' }))).toBe(true);
  expect(toHex(property.encode())).toBe(v.adminsProperty);
});

test('member B after M4', () => {
  const member = ChatMember.of({
    username: 'bob',
    id: B,
    identity: identityB.publicKey.hash,
    invited: 0,
    mergedUpTo: 2,
    isRemoved: false,
    proof: proofB,
  });
  const hex = `${v.memberBStart}${toHex(proofB.encode())}${v.memberBEnd}`;
  expect(toHex(member.encode())).toBe(hex);
  const read = ChatMember.decode(fromHex(hex));
  expect(read.equals(member)).toBe(true);
  expect(read.chatKey?.equals(chatB.publicKey)).toBe(true);
});

test('the private state', () => {
  const state = PrivateChatState.of(chatA, ['carol', 'bob']);
  expect(toHex(state.encode())).toBe(v.privateState);
  const read = PrivateChatState.decode(crypto, fromHex(v.privateState));
  expect(read.equals(state)).toBe(true);
  expect([read.deleted, String(read)]).toEqual([['bob', 'carol'], 'PrivateChatState(redacted)']);
});

describe('merging', () => {
  const initial = ChatState.decode(fromHex(v.initialState));
  const open = (state: ChatState, logLength: number): ChatReplica =>
    new ChatReplica({
      crypto,
      state,
      privateState: PrivateChatState.of(chatA),
      identity: {
        username: 'alice',
        key: identityA.publicKey.hash,
        sign: async (bytes) => signDetached(crypto, identityA.secretKey, bytes),
      },
      now: () => v.time,
      logLength,
      last: undefined,
    });
  const after = async (state: ChatState, from: number, to: number): Promise<ChatReplica> => {
    const replica = open(state, to);
    expect(replica.unrecovered).toEqual({ from, to });
    await replica.recover(messages.slice(from, to));
    return replica;
  };

  test('M0 to M4, then M5 to M8', async () => {
    const { state } = await after(initial, 0, 5);
    expect(state.clock.equals(clock(4, 1))).toBe(true);
    expect([state.member(A), state.member(B)].map((member) => [member?.mergedUpTo, member?.invited])).toEqual([
      [5, 1],
      [2, 0],
    ]);
    expect(toHex(state.member(B)?.encode() ?? new Uint8Array())).toBe(`${v.memberBStart}${toHex(proofB.encode())}${v.memberBEnd}`);
    expect(toHex(state.properties.get('admins')?.encode() ?? new Uint8Array())).toBe(v.adminsProperty);
    expect(state.recent.map((envelope) => envelope.ref(crypto).toString())).toEqual(v.messages.slice(0, 5).map(({ ref }) => ref));

    const replica = await after(state, 5, 9);
    const end = replica.state;
    expect(end.clock.equals(clock(7, 2))).toBe(true);
    expect([end.member(A)?.mergedUpTo, end.member(B)?.mergedUpTo, end.member(B)?.isRemoved]).toEqual([9, 2, true]);
    expect([replica.changes.revoked, replica.changes.appended]).toEqual([['bob'], []]);
    expect(ChatState.decode(end.encode()).equals(end)).toBe(true);
  });

  test('M0 to M2 are what our own writer sends', async () => {
    let time = v.time;
    const replica = new ChatReplica({
      crypto,
      state: initial,
      privateState: PrivateChatState.of(chatA),
      identity: {
        username: 'alice',
        key: identityA.publicKey.hash,
        sign: async (bytes) => signDetached(crypto, identityA.secretKey, bytes),
      },
      now: () => time++,
      logLength: 0,
      last: undefined,
    });
    await replica.join();
    await replica.addAdmin('alice');
    await replica.invite([{ username: 'bob', identity: identityB.publicKey.hash }]);
    expect(replica.changes.appended.map((message) => toHex(message.encode()))).toEqual(
      messages.slice(0, 3).map((message) => toHex(message.encode())),
    );
  });

  test('M8 with another signature is refused, and changes nothing but what was read', async () => {
    const { state } = await after(initial, 0, 8);
    const forged = SignedMessage.of(new Uint8Array(64).fill(7), (messages[8] as SignedMessage).envelope);
    const before = ChatState.of({ ...state, host: B, members: state.members });
    const replica = new ChatReplica({
      crypto,
      state: before,
      privateState: PrivateChatState.of(chatB),
      identity: { username: 'bob', key: identityB.publicKey.hash, sign: async (bytes) => signDetached(crypto, identityB.secretKey, bytes) },
      now: () => v.time,
      logLength: 2,
      last: undefined,
    });
    expect(await replica.merge(A, forged)).toBe('refused');
    const { mergedUpTo = 0 } = before.member(A) ?? {};
    expect(replica.state.equals(before.withMember((before.member(A) as ChatMember).with({ mergedUpTo: mergedUpTo + 1 })))).toBe(true);
    expect(replica.changes.appended).toEqual([]);
    expect(await replica.merge(A, messages[8] as SignedMessage)).toBe('applied');
    expect([replica.state.hostMember.isRemoved, replica.readOnlyReason]).toEqual([true, 'removed']);
  });
});
