import { assertInstance, assertIterable } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { LimitError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { PublicSigningKey, SecretSigningKey, SIGNING_SEED_SIZE, SigningKeyPair } from '../keys/signing-key.js';
import { MAX_CHAT_STATE_SIZE } from '../limits.js';
import { assertFriendName, isFriendName } from '../social/social-fields.js';
import { chatMap, keyHashField } from './chat-fields.js';
import { GroupProperty } from './group-property.js';
import type { MemberRemovals } from './member-removals.js';
import { TreeClock } from './tree-clock.js';

/** Updates of properties that others have not overtaken, by the key of the property; see {@link PrivateChatState.contenders}. */
export type PropertyContenders = ReadonlyMap<string, readonly GroupProperty[]>;

const NONE: PropertyContenders = new Map();
const NO_REMOVALS: MemberRemovals = new Map();

/** What only the owner of a copy has: `private-chat-state.cbor` (chapter 07 section 3.8). A secret. Immutable. */
export class PrivateChatState extends Secret implements ToCbor {
  protected readonly secretKind: string = 'PrivateChatState';

  private constructor(
    /** What signs the messages. */
    readonly chatKeys: SigningKeyPair,
    /** Usernames whose copies are gone, in ascending order: they are not polled any more. */
    readonly deleted: readonly string[],
    /**
     * Values of properties that were set at the same time as the present one, and lost: one of them may win over a later one that has only seen the present one
     * (section 7.3). Ours; other clients drop it.
     */
    readonly contenders: PropertyContenders,
    /** Which removals of members were applied: who is invited anew stays out unless that was by somebody who had seen them (section 7.3). Ours; other clients drop it. */
    readonly removals: MemberRemovals,
  ) {
    super();
  }

  /** Builds a state. ArgumentError. */
  static of(
    chatKeys: SigningKeyPair,
    deleted: Iterable<string> = [],
    contenders: PropertyContenders = NONE,
    removals: MemberRemovals = NO_REMOVALS,
  ): PrivateChatState {
    assertInstance('chatKeys', chatKeys, SigningKeyPair);
    assertIterable('deleted', deleted);
    const names = [...deleted];
    for (const name of names) assertFriendName('deleted', name);
    assertInstance('contenders', contenders, Map);
    assertInstance('removals', removals, Map);
    return new PrivateChatState(chatKeys, [...new Set(names)].sort(), contenders, removals);
  }

  /** Reads the map `{"d", "g"?, "p", "r"?, "ci"}`. FormatError when the keys do not belong together. */
  static fromCbor(crypto: CryptoProvider, value: CborValue, where = 'PrivateChatState'): PrivateChatState {
    const fields = chatMap(where, value);
    const publicKey = PublicSigningKey.fromCbor(fields.list('p'), fields.path('p'));
    const inner = chatMap(fields.path('ci'), fields.map('ci'));
    const secretKey = SecretSigningKey.fromCbor(inner.list('s'), inner.path('s'));
    const chatKeys = SigningKeyPair.fromSeed(crypto, secretKey.bytes.slice(0, SIGNING_SEED_SIZE));
    if (!chatKeys.secretKey.equals(secretKey)) return inner.fail('s', 'public half does not match the seed');
    if (!chatKeys.publicKey.equals(publicKey)) return inner.fail('s', 'does not belong to the public key');
    if (!keyHashField(inner, 'p').equals(publicKey.hash)) return inner.fail('p', 'must be the hash of the public key');
    const deleted = (fields.optionalList('d') ?? []).filter(isFriendName);
    const contenders = readContenders(fields.optionalMap('g') ?? new Map(), fields.path('g'));
    return PrivateChatState.of(chatKeys, deleted, contenders, readRemovals(fields));
  }

  /** Reads the file; anything after the item is an error. LimitError beyond MAX_CHAT_STATE_SIZE. */
  static decode(crypto: CryptoProvider, bytes: Uint8Array): PrivateChatState {
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_CHAT_STATE_SIZE) throw new LimitError('private chat state', bytes.length, MAX_CHAT_STATE_SIZE);
    return PrivateChatState.fromCbor(crypto, decodeCbor(bytes));
  }

  /** The same with a name more. */
  withDeleted(username: string): PrivateChatState {
    assertFriendName('username', username);
    return this.deleted.includes(username)
      ? this
      : PrivateChatState.of(this.chatKeys, [...this.deleted, username], this.contenders, this.removals);
  }

  /** The same without a name. */
  withoutDeleted(username: string): PrivateChatState {
    if (!this.deleted.includes(username)) return this;
    const rest = this.deleted.filter((name) => name !== username);
    return PrivateChatState.of(this.chatKeys, rest, this.contenders, this.removals);
  }

  /** The same with other keys. */
  withKeys(chatKeys: SigningKeyPair): PrivateChatState {
    return PrivateChatState.of(chatKeys, this.deleted, this.contenders, this.removals);
  }

  /** The same with other contenders for a property; none: an empty list. */
  withContenders(key: string, contenders: readonly GroupProperty[]): PrivateChatState {
    if (contenders.length === 0 && !this.contenders.has(key)) return this;
    const next = new Map(this.contenders);
    if (contenders.length === 0) next.delete(key);
    else next.set(key, contenders);
    return PrivateChatState.of(this.chatKeys, this.deleted, next, this.removals);
  }

  /** What two devices know: the keys of `newer`, and all names (section 3.8). */
  merge(newer: PrivateChatState): PrivateChatState {
    assertInstance('newer', newer, PrivateChatState);
    return PrivateChatState.of(newer.chatKeys, [...this.deleted, ...newer.deleted], newer.contenders, newer.removals);
  }

  /** Value equality. */
  equals(other: PrivateChatState | undefined): boolean {
    return (
      other instanceof PrivateChatState &&
      this.chatKeys.equals(other.chatKeys) &&
      this.deleted.length === other.deleted.length &&
      this.deleted.every((name, i) => name === other.deleted[i]) &&
      sameContenders(this.contenders, other.contenders) &&
      this.removals.size === other.removals.size &&
      [...this.removals].every(([id, clock]) => clock.equals(other.removals.get(id)))
    );
  }

  /** The map `{"d", "g"?, "p", "r"?, "ci"}`. */
  toCbor(): CborValue {
    const contenders = [...this.contenders].map(([key, list]) => [key, list.map((property) => property.encode())] as const);
    return cborMap([
      ['d', this.deleted],
      ['g', contenders.length === 0 ? undefined : new Map(contenders)],
      ['p', this.chatKeys.publicKey.toCbor()],
      ['r', this.removals.size === 0 ? undefined : new Map([...this.removals].map(([id, clock]) => [id, clock.encode()]))],
      ['ci', this.chatKeys.signer.toCbor()],
    ]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function readContenders(map: ReadonlyMap<string, CborValue>, where: string): PropertyContenders {
  if (map.size === 0) return NONE;
  const found = new Map<string, readonly GroupProperty[]>();
  for (const [key, list] of map) {
    const items = Array.isArray(list) ? (list as readonly CborValue[]) : [];
    if (items.length > 0)
      found.set(
        key,
        items.map((item, i) =>
          item instanceof Uint8Array ? GroupProperty.decode(item) : GroupProperty.fromCbor(item, `${where}[${key}][${i}]`),
        ),
      );
  }
  return found;
}

function readRemovals(fields: CborFields): MemberRemovals {
  const map = fields.optionalMap('r');
  if (map === undefined) return NO_REMOVALS;
  const removals = chatMap(fields.path('r'), map);
  return new Map([...map.keys()].map((id) => [id, TreeClock.decode(removals.bytes(id))]));
}

function sameContenders(a: PropertyContenders, b: PropertyContenders): boolean {
  return (
    a.size === b.size &&
    [...a].every(([key, list]) => {
      const other = b.get(key);
      return list.length === other?.length && list.every((property, i) => property.equals(other[i]));
    })
  );
}
