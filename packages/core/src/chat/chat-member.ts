import { assertInstance, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError, FormatError } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { inlineSigningKey } from '../keys/resolve-signing-key.js';
import { type PublicSigningKey, SIGNATURE_SIZE } from '../keys/signing-key.js';
import { assertFriendName, friendNameField } from '../social/social-fields.js';
import { chatMap, keyHashField } from './chat-fields.js';
import { MemberId } from './member-id.js';

/** The parts of a {@link ChatMember}. */
export interface ChatMemberParts {
  readonly username: string;
  readonly id: MemberId;
  /** The identity key, as the invitation has named it. */
  readonly identity: PublicKeyHash;
  /** How many members it has invited. */
  readonly invited: number;
  /** How many messages of its own log were read here; of the host: how many its log has. */
  readonly mergedUpTo: number;
  readonly isRemoved: boolean;
  /** By which the identity vouches for the chat key; undefined until it has joined. */
  readonly proof: OwnerProof | undefined;
}

/** A member of a chat, present or past (chapter 07 section 3.6). Immutable. */
export class ChatMember implements ToCbor, ChatMemberParts {
  private cachedKey: PublicSigningKey | undefined;

  private constructor(
    readonly username: string,
    readonly id: MemberId,
    readonly identity: PublicKeyHash,
    readonly invited: number,
    readonly mergedUpTo: number,
    readonly isRemoved: boolean,
    readonly proof: OwnerProof | undefined,
  ) {}

  /** Builds a member. ArgumentError. */
  static of(parts: ChatMemberParts): ChatMember {
    assertObject('parts', parts);
    const { username, id, identity, invited, mergedUpTo, isRemoved, proof } = parts;
    assertFriendName('username', username);
    assertInstance('id', id, MemberId);
    assertInstance('identity', identity, PublicKeyHash);
    assertInteger('invited', invited, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('mergedUpTo', mergedUpTo, 0, Number.MAX_SAFE_INTEGER);
    if (typeof isRemoved !== 'boolean') throw new ArgumentError('isRemoved', 'must be a boolean');
    assertOptionalInstance('proof', proof, OwnerProof);
    return new ChatMember(username, id, identity, invited, mergedUpTo, isRemoved, proof);
  }

  /** Reads the map `{"c", "i", "m", "p", "r"?, "s"?, "u"}`. */
  static fromCbor(value: CborValue, where = 'ChatMember'): ChatMember {
    const fields = chatMap(where, value);
    const proof = fields.optionalMap('s');
    return new ChatMember(
      friendNameField(fields, 'u'),
      MemberId.fromCbor(fields.list('i'), fields.path('i')),
      keyHashField(fields, 'p'),
      fields.integer('c', 0),
      fields.integer('m', 0),
      fields.boolean('r', false),
      proof === undefined ? undefined : OwnerProof.fromCbor(proof, fields.path('s')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): ChatMember {
    return ChatMember.fromCbor(decodeCbor(bytes));
  }

  /** The same with other values in some places. */
  with(changes: Partial<ChatMemberParts>): ChatMember {
    const next = ChatMember.of({ ...this.parts, ...changes });
    if (next.proof === this.proof) next.cachedKey = this.cachedKey;
    return next;
  }

  /** Whether it is invited and has not joined yet. */
  get isPending(): boolean {
    return !this.isRemoved && this.proof === undefined;
  }

  /**
   * The key of its messages, which the proof names; undefined until it has joined. The proof was verified when the member joined and is not verified again. FormatError
   * when the key is not part of its hash, as all chat keys are.
   */
  get chatKey(): PublicSigningKey | undefined {
    if (this.proof !== undefined) this.cachedKey ??= claimedChatKey(this.proof);
    return this.cachedKey;
  }

  /** Value equality. */
  equals(other: ChatMember | undefined): boolean {
    return (
      other instanceof ChatMember &&
      this.username === other.username &&
      this.id.equals(other.id) &&
      this.identity.equals(other.identity) &&
      this.invited === other.invited &&
      this.mergedUpTo === other.mergedUpTo &&
      this.isRemoved === other.isRemoved &&
      (this.proof === undefined ? other.proof === undefined : this.proof.equals(other.proof))
    );
  }

  /** The map `{"c", "i", "m", "p", "r", "s"?, "u"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.invited],
      ['i', this.id.toCbor()],
      ['m', this.mergedUpTo],
      ['p', this.identity.toCbor()],
      ['r', this.isRemoved],
      ['s', this.proof?.toCbor()],
      ['u', this.username],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  private get parts(): ChatMemberParts {
    const { username, id, identity, invited, mergedUpTo, isRemoved, proof } = this;
    return { username, id, identity, invited, mergedUpTo, isRemoved, proof };
  }
}

/** The chat key that a proof names, which is part of its hash. Not verified. FormatError. */
function claimedChatKey(proof: OwnerProof): PublicSigningKey {
  const hash = decodeCbor(proof.proof.subarray(SIGNATURE_SIZE));
  const key = hash instanceof Cid ? inlineSigningKey(PublicKeyHash.fromCid(hash, 'OwnerProof.p')) : undefined;
  if (key === undefined) throw new FormatError('format.chat', 'OwnerProof.p', 'must be the hash of a chat key, with the key in it');
  return key;
}
