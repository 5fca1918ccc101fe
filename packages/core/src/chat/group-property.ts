import { assertInstance, assertObject } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { assertWellFormed, chatMap } from './chat-fields.js';
import { MemberId } from './member-id.js';
import { TreeClock } from './tree-clock.js';

/** The keys of properties that have a meaning (chapter 07 section 3.7). */
export const ChatProperty = {
  /** Usernames with commas between them. */
  admins: 'admins',
  title: 'title',
  /** A `data:` URL of a picture. */
  icon: 'iconBase64',
} as const;

/** The parts of a {@link GroupProperty}. */
export interface GroupPropertyParts {
  /** Who has set it. */
  readonly author: MemberId;
  /** The clock of the message that did. */
  readonly timestamp: TreeClock;
  readonly value: string;
}

/** A property of a chat (chapter 07 section 3.7). Immutable. */
export class GroupProperty implements ToCbor, GroupPropertyParts {
  private constructor(
    readonly author: MemberId,
    readonly timestamp: TreeClock,
    readonly value: string,
  ) {}

  /** Builds a property. ArgumentError. */
  static of(parts: GroupPropertyParts): GroupProperty {
    assertObject('parts', parts);
    const { author, timestamp, value } = parts;
    assertInstance('author', author, MemberId);
    assertInstance('timestamp', timestamp, TreeClock);
    assertWellFormed('value', value);
    return new GroupProperty(author, timestamp, value);
  }

  /** Reads the map `{"a", "t", "v"}`. */
  static fromCbor(value: CborValue, where = 'GroupProperty'): GroupProperty {
    const fields = chatMap(where, value);
    return new GroupProperty(
      MemberId.fromCbor(fields.list('a'), fields.path('a')),
      TreeClock.fromCbor(fields.list('t'), fields.path('t')),
      fields.text('v'),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): GroupProperty {
    return GroupProperty.fromCbor(decodeCbor(bytes));
  }

  /**
   * Whether whoever set this one had seen `other`. By the counter of the author of `other` alone: a clock that claims to have seen messages that do not exist would
   * otherwise never be overtaken (section 7.3).
   */
  isAfter(other: GroupProperty): boolean {
    assertInstance('other', other, GroupProperty);
    return (this.timestamp.get(other.author) ?? -1) >= (other.timestamp.get(other.author) ?? 0);
  }

  /** Value equality. */
  equals(other: GroupProperty | undefined): boolean {
    return (
      other instanceof GroupProperty &&
      this.author.equals(other.author) &&
      this.timestamp.equals(other.timestamp) &&
      this.value === other.value
    );
  }

  /** The map `{"a", "t", "v"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.author.toCbor()],
      ['t', this.timestamp.toCbor()],
      ['v', this.value],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
