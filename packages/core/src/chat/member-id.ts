import { assertInstance, assertList } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { MAX_CHAT_MEMBER_ID_LENGTH } from '../limits.js';
import { chatList } from './chat-fields.js';

/** Elements are signed 32-bit numbers for other clients. */
const MAX_ELEMENT = 2_147_483_647;

/**
 * A member of a chat: the path from the creator along the invitations (chapter 07 section 3.4). Whoever is invited anew after a removal has a new
 * one. Immutable.
 */
export class MemberId implements ToCbor {
  /** The creator of a chat, `[0]`. */
  static readonly creator: MemberId = new MemberId([0]);

  private cachedText: string | undefined;

  private constructor(
    /** Never modify them. */
    readonly elements: readonly number[],
  ) {}

  /** Builds an id of 1 to MAX_CHAT_MEMBER_ID_LENGTH elements, each from 0 to 2^31 - 1. */
  static of(elements: readonly number[]): MemberId {
    assertList('elements', elements);
    assertInteger('elements.length', elements.length, 1, MAX_CHAT_MEMBER_ID_LENGTH);
    const copy = Array.from(elements);
    for (const [i, element] of copy.entries()) assertInteger(`elements[${i}]`, element, 0, MAX_ELEMENT);
    return new MemberId(copy);
  }

  /** Reads the list of the elements. */
  static fromCbor(value: CborValue, where = 'MemberId'): MemberId {
    return MemberId.fromElements(value, where, 0);
  }

  /** Reads a list of the elements with `extra` other items after them. */
  static fromElements(value: CborValue, where: string, extra: number): MemberId {
    const fields = chatList(where, value, 1 + extra);
    const length = fields.size - extra;
    if (length > MAX_CHAT_MEMBER_ID_LENGTH) return fields.fail(MAX_CHAT_MEMBER_ID_LENGTH, 'is one element too many');
    const elements: number[] = [];
    for (let i = 0; i < length; i++) elements.push(fields.integer(i, 0, MAX_ELEMENT));
    return new MemberId(elements);
  }

  /** Reads the text form, for instance `0.1`. ArgumentError. */
  static parse(text: string): MemberId {
    if (typeof text !== 'string' || !/^(?:0|[1-9]\d{0,9})(?:\.(?:0|[1-9]\d{0,9}))*$/.test(text)) {
      throw new ArgumentError('text', 'must be numbers with dots between them');
    }
    return MemberId.of(text.split('.').map(Number));
  }

  /** The `n`-th member, from 0, that this one has invited. */
  child(n: number): MemberId {
    return MemberId.of([...this.elements, n]);
  }

  /** Who has invited this one; undefined for those without one. */
  get parent(): MemberId | undefined {
    return this.elements.length === 1 ? undefined : new MemberId(this.elements.slice(0, -1));
  }

  /** Whether `other` is one of those from whom invitations lead down to this one; not for the same id. */
  descendsFrom(other: MemberId): boolean {
    assertInstance('other', other, MemberId);
    const { length } = other.elements;
    return length < this.elements.length && other.elements.every((element, i) => element === this.elements[i]);
  }

  /** Element by element; of two where one is the beginning of the other, the shorter comes first. */
  compare(other: MemberId): number {
    assertInstance('other', other, MemberId);
    const [a, b] = [this.elements, other.elements];
    const common = Math.min(a.length, b.length);
    for (let i = 0; i < common; i++) {
      const difference = (a[i] as number) - (b[i] as number);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  }

  /** Value equality. */
  equals(other: MemberId | undefined): boolean {
    return other instanceof MemberId && this.toString() === other.toString();
  }

  /** The text form, for instance `0.1`: the key of a member in maps. */
  toString(): string {
    this.cachedText ??= this.elements.join('.');
    return this.cachedText;
  }

  /** The text form, for JSON and logs. */
  toJSON(): string {
    return this.toString();
  }

  /** The list of the elements. */
  toCbor(): CborValue {
    return this.elements;
  }
}
