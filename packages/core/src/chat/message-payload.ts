import { assertInstance, assertList, assertObject } from '../arguments.js';
import type { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { PublicSigningKey } from '../keys/signing-key.js';
import { MAX_CHAT_BODY_ITEMS } from '../limits.js';
import { FileRef } from '../social/file-ref.js';
import { assertFriendName, friendNameField } from '../social/social-fields.js';
import { assertWellFormed, chatMap, keyHashField } from './chat-fields.js';
import { MemberId } from './member-id.js';
import { MessageRef } from './message-ref.js';

/** A part of a message: text, or a file that it shows (chapter 07 section 2). */
export type ChatContent = string | FileRef;

/** Somebody who was invited is there now, and this is the key of its messages. */
export interface JoinPayload {
  readonly kind: 'join';
  readonly username: string;
  readonly identity: PublicKeyHash;
  readonly chatKey: PublicSigningKey;
  /** By which the identity vouches for the chat key (section 3.9). */
  readonly proof: OwnerProof;
}

/** Somebody is to join. */
export interface InvitePayload {
  readonly kind: 'invite';
  readonly username: string;
  readonly identity: PublicKeyHash;
  readonly member: MemberId;
}

/** Text and files. */
export interface ApplicationPayload {
  readonly kind: 'application';
  readonly body: readonly ChatContent[];
}

/** A property of the chat has another value. */
export interface GroupStatePayload {
  readonly kind: 'group-state';
  readonly key: string;
  readonly value: string;
}

/** Text and files that answer to another message. */
export interface ReplyPayload {
  readonly kind: 'reply';
  readonly parent: MessageRef;
  readonly body: readonly ChatContent[];
}

/** A message is to be shown no longer. */
export interface DeletePayload {
  readonly kind: 'delete';
  readonly target: MessageRef;
}

/** A message is to be shown with another content. */
export interface EditPayload {
  readonly kind: 'edit';
  readonly target: MessageRef;
  readonly body: readonly ChatContent[];
}

/** A member leaves, or is made to. */
export interface RemoveMemberPayload {
  readonly kind: 'remove-member';
  readonly chatId: string;
  readonly member: MemberId;
}

/** What a message says (chapter 07 section 4.4). */
export type MessagePayload =
  | JoinPayload
  | InvitePayload
  | ApplicationPayload
  | GroupStatePayload
  | ReplyPayload
  | DeletePayload
  | EditPayload
  | RemoveMemberPayload;

/** The kinds, in the order of their numbers on the wire. */
const KINDS = ['join', 'invite', 'application', 'group-state', 'reply', 'delete', 'edit', 'remove-member'] as const;
const REFERENCE_TYPE = 'Ref';

/** Reads the map of a payload; its key `c` is the kind. FormatError for a kind that is not known. */
export function payloadFromCbor(value: CborValue, where = 'MessagePayload'): MessagePayload {
  const fields = chatMap(where, value);
  const kind = KINDS[fields.integer('c')];
  switch (kind) {
    case 'join':
      return {
        kind,
        username: friendNameField(fields, 'u'),
        identity: keyHashField(fields, 'i'),
        chatKey: PublicSigningKey.fromCbor(fields.list('p'), fields.path('p')),
        proof: OwnerProof.fromCbor(fields.map('ci'), fields.path('ci')),
      };
    case 'invite':
      return {
        kind,
        username: friendNameField(fields, 'u'),
        identity: keyHashField(fields, 'i'),
        member: MemberId.fromCbor(fields.list('r'), fields.path('r')),
      };
    case 'application':
      return { kind, body: bodyField(fields) };
    case 'group-state':
      return { kind, key: fields.text('k'), value: fields.text('v') };
    case 'reply':
      return { kind, parent: refField(fields), body: innerBodyField(fields) };
    case 'delete':
      return { kind, target: refField(fields) };
    case 'edit':
      return { kind, target: refField(fields), body: innerBodyField(fields) };
    case 'remove-member':
      return { kind, chatId: fields.text('u'), member: MemberId.fromCbor(fields.list('m'), fields.path('m')) };
    default:
      return fields.fail('c', 'is a kind of message that is not known');
  }
}

/** The map of a payload. */
export function payloadToCbor(payload: MessagePayload): CborValue {
  return cborMap([...payloadEntries(payload), ['c', KINDS.indexOf(payload.kind)]]);
}

/** A checked copy of what a caller wants to send. ArgumentError. */
export function checkPayload(payload: MessagePayload): MessagePayload {
  assertObject('payload', payload);
  switch (payload.kind) {
    case 'join': {
      const { kind, username, identity, chatKey, proof } = payload;
      assertFriendName('payload.username', username);
      assertInstance('payload.identity', identity, PublicKeyHash);
      assertInstance('payload.chatKey', chatKey, PublicSigningKey);
      assertInstance('payload.proof', proof, OwnerProof);
      return { kind, username, identity, chatKey, proof };
    }
    case 'invite': {
      const { kind, username, identity, member } = payload;
      assertFriendName('payload.username', username);
      assertInstance('payload.identity', identity, PublicKeyHash);
      assertInstance('payload.member', member, MemberId);
      return { kind, username, identity, member };
    }
    case 'application':
      return { kind: payload.kind, body: checkBody(payload.body) };
    case 'group-state': {
      const { kind, key, value } = payload;
      assertWellFormed('payload.key', key);
      assertWellFormed('payload.value', value);
      return { kind, key, value };
    }
    case 'reply':
      assertInstance('payload.parent', payload.parent, MessageRef);
      return { kind: payload.kind, parent: payload.parent, body: checkBody(payload.body) };
    case 'delete':
      assertInstance('payload.target', payload.target, MessageRef);
      return { kind: payload.kind, target: payload.target };
    case 'edit':
      assertInstance('payload.target', payload.target, MessageRef);
      return { kind: payload.kind, target: payload.target, body: checkBody(payload.body) };
    case 'remove-member': {
      const { kind, chatId, member } = payload;
      assertWellFormed('payload.chatId', chatId);
      assertInstance('payload.member', member, MemberId);
      return { kind, chatId, member };
    }
    default:
      throw new ArgumentError('payload.kind', `must be one of ${KINDS.join(', ')}`);
  }
}

/** The files that a payload shows. */
export function filesOf(payload: MessagePayload): readonly FileRef[] {
  return 'body' in payload ? payload.body.filter((part) => part instanceof FileRef) : [];
}

function payloadEntries(payload: MessagePayload): readonly (readonly [string, CborValue])[] {
  switch (payload.kind) {
    case 'join':
      return [
        ['u', payload.username],
        ['i', payload.identity.toCbor()],
        ['p', payload.chatKey.toCbor()],
        ['ci', payload.proof.toCbor()],
      ];
    case 'invite':
      return [
        ['u', payload.username],
        ['i', payload.identity.toCbor()],
        ['r', payload.member.toCbor()],
      ];
    case 'application':
      return [['b', bodyToCbor(payload.body)]];
    case 'group-state':
      return [
        ['k', payload.key],
        ['v', payload.value],
      ];
    case 'reply':
      return [
        ['r', payload.parent.toCbor()],
        ['b', payloadToCbor({ kind: 'application', body: payload.body })],
      ];
    case 'delete':
      return [['r', payload.target.toCbor()]];
    case 'edit':
      return [
        ['r', payload.target.toCbor()],
        ['b', payloadToCbor({ kind: 'application', body: payload.body })],
      ];
    default:
      return [
        ['u', payload.chatId],
        ['m', payload.member.toCbor()],
      ];
  }
}

function refField(fields: CborFields): MessageRef {
  return MessageRef.fromCbor(fields.map('r'), fields.path('r'));
}

function bodyField(fields: CborFields): readonly ChatContent[] {
  const list = fields.list('b');
  if (list.length > MAX_CHAT_BODY_ITEMS) return fields.fail('b', `must be at most ${MAX_CHAT_BODY_ITEMS} parts`);
  return list.map((part, i) => contentFromCbor(part, `${fields.path('b')}[${i}]`));
}

/** The body of an application message that is inside another one. */
function innerBodyField(fields: CborFields): readonly ChatContent[] {
  const inner = chatMap(fields.path('b'), fields.map('b'));
  return KINDS[inner.integer('c')] === 'application' ? bodyField(inner) : inner.fail('c', 'must be that of text and files');
}

function bodyToCbor(body: readonly ChatContent[]): CborValue {
  return body.map((part) =>
    typeof part === 'string'
      ? part
      : cborMap([
          ['r', part.toCbor()],
          ['t', REFERENCE_TYPE],
        ]),
  );
}

function contentFromCbor(value: CborValue, where: string): ChatContent {
  if (typeof value === 'string') return value;
  const fields = chatMap(where, value);
  if (fields.text('t') !== REFERENCE_TYPE) return fields.fail('t', `must be ${REFERENCE_TYPE}`);
  return FileRef.fromCbor(fields.map('r'), fields.path('r'));
}

function checkBody(body: unknown): readonly ChatContent[] {
  assertList('payload.body', body);
  if (body.length > MAX_CHAT_BODY_ITEMS) throw new ArgumentError('payload.body', `must be at most ${MAX_CHAT_BODY_ITEMS} parts`);
  return Array.from(body, (part, i) => {
    if (typeof part !== 'string') assertInstance(`payload.body[${i}]`, part, FileRef);
    else assertWellFormed(`payload.body[${i}]`, part);
    return part;
  });
}
