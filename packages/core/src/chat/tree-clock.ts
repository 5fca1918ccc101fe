import { assertInstance, assertIterable } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { MAX_CHAT_CLOCK_ENTRIES } from '../limits.js';
import { chatList } from './chat-fields.js';
import { MemberId } from './member-id.js';

/** A member and how many messages it has written. */
export type ClockEntry = readonly [id: MemberId, counter: number];

/** How much of each member's messages somebody has seen: a vector clock over {@link MemberId} (chapter 07 section 3.5). Immutable. */
export class TreeClock implements ToCbor {
  /** Knows nobody. */
  static readonly empty: TreeClock = new TreeClock(new Map());

  private constructor(
    /** By the text of the id, in any order. */
    private readonly counters: ReadonlyMap<string, ClockEntry>,
  ) {}

  /** Builds a clock; counters are from 0 to 2^53 - 1. ArgumentError for an id that occurs twice. */
  static of(entries: Iterable<ClockEntry>): TreeClock {
    assertIterable('entries', entries);
    const counters = new Map<string, ClockEntry>();
    for (const entry of entries) {
      if (!Array.isArray(entry)) throw new ArgumentError('entries', 'must be pairs of an id and a counter');
      const [id, counter] = entry as ClockEntry;
      assertInstance('id', id, MemberId);
      assertInteger('counter', counter, 0, Number.MAX_SAFE_INTEGER);
      if (counters.has(id.toString())) throw new ArgumentError('entries', 'an id occurs twice');
      counters.set(id.toString(), [id, counter]);
    }
    return new TreeClock(checkSize(counters));
  }

  /** Reads the list of lists of elements and a counter, in any order. */
  static fromCbor(value: CborValue, where = 'TreeClock'): TreeClock {
    const fields = chatList(where, value);
    if (fields.size > MAX_CHAT_CLOCK_ENTRIES) return fields.fail(MAX_CHAT_CLOCK_ENTRIES, 'is one entry too many');
    const counters = new Map<string, ClockEntry>();
    for (let i = 0; i < fields.size; i++) {
      const list = fields.list(i);
      const id = MemberId.fromElements(list, fields.path(i), 1);
      const counter = chatList(fields.path(i), list).integer(list.length - 1, 0);
      if (counters.has(id.toString())) return fields.fail(i, 'is an id that was there before');
      counters.set(id.toString(), [id, counter]);
    }
    return new TreeClock(counters);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): TreeClock {
    return TreeClock.fromCbor(decodeCbor(bytes));
  }

  /** Number of ids. */
  get size(): number {
    return this.counters.size;
  }

  /** The counter of an id, or undefined when it is not in the clock. */
  get(id: MemberId): number | undefined {
    assertInstance('id', id, MemberId);
    return this.counters.get(id.toString())?.[1];
  }

  /** The entries in ascending order of the ids. */
  entries(): readonly ClockEntry[] {
    return [...this.counters.values()].sort(([a], [b]) => a.compare(b));
  }

  /** The entries in no particular order. */
  values(): Iterable<ClockEntry> {
    return this.counters.values();
  }

  /** All ids of both with the higher counter. */
  merge(other: TreeClock): TreeClock {
    assertInstance('other', other, TreeClock);
    return this.mergeIf(other, () => true);
  }

  /** The same with the entries of `other` for which `accept` says so. */
  mergeIf(other: TreeClock, accept: (id: MemberId) => boolean): TreeClock {
    assertInstance('other', other, TreeClock);
    let merged: Map<string, ClockEntry> | undefined;
    for (const [key, entry] of other.counters) {
      const mine = this.counters.get(key);
      if ((mine !== undefined && mine[1] >= entry[1]) || !accept(entry[0])) continue;
      merged ??= new Map(this.counters);
      merged.set(key, entry);
    }
    return merged === undefined ? this : new TreeClock(checkSize(merged));
  }

  /** Whether everything in this clock is in the other one. */
  isBeforeOrEqual(other: TreeClock): boolean {
    assertInstance('other', other, TreeClock);
    for (const [key, [, counter]] of this.counters) {
      const theirs = other.counters.get(key);
      if (theirs === undefined || counter > theirs[1]) return false;
    }
    return true;
  }

  /** Whether an id that both have is further here. */
  hasGreaterCounterThan(other: TreeClock): boolean {
    assertInstance('other', other, TreeClock);
    for (const [key, [, counter]] of this.counters) {
      const theirs = other.counters.get(key);
      if (theirs !== undefined && counter > theirs[1]) return true;
    }
    return false;
  }

  /** Whether each is further than the other at some id that both have. */
  isConcurrent(other: TreeClock): boolean {
    return this.hasGreaterCounterThan(other) && other.hasGreaterCounterThan(this);
  }

  /** The same with the counter of `id` at 0, also where it was higher. */
  withMember(id: MemberId): TreeClock {
    return this.with(id, 0);
  }

  /** The same with another counter of `id`. */
  with(id: MemberId, counter: number): TreeClock {
    assertInstance('id', id, MemberId);
    assertInteger('counter', counter, 0, Number.MAX_SAFE_INTEGER);
    return new TreeClock(checkSize(new Map(this.counters).set(id.toString(), [id, counter])));
  }

  /** The same with the counter of `id` one higher. ArgumentError when `id` is not in the clock. */
  increment(id: MemberId): TreeClock {
    const counter = this.get(id);
    if (counter === undefined) throw new ArgumentError('id', 'is not in the clock');
    return this.with(id, counter + 1);
  }

  /**
   * Whether this clock is the next one of `parent`: one common id is one further, and of those that only one of them has there is at most one, new
   * here with the counter 0.
   */
  isIncrementOf(parent: TreeClock): boolean {
    assertInstance('parent', parent, TreeClock);
    if (Math.abs(this.size - parent.size) > 1) return false;
    let changed = 0;
    for (const [key, [, counter]] of this.counters) {
      const before = parent.counters.get(key);
      if (before === undefined) {
        if (counter !== 0) return false;
      } else if (counter !== before[1]) {
        if (counter !== before[1] + 1) return false;
        changed++;
      }
    }
    return changed === 1;
  }

  /** Value equality. */
  equals(other: TreeClock | undefined): boolean {
    return other instanceof TreeClock && this.size === other.size && this.isBeforeOrEqual(other) && other.isBeforeOrEqual(this);
  }

  /** The list of lists of elements and a counter, in ascending order of the ids. */
  toCbor(): CborValue {
    return this.entries().map(([id, counter]) => [...id.elements, counter]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function checkSize<T extends ReadonlyMap<string, ClockEntry>>(counters: T): T {
  if (counters.size > MAX_CHAT_CLOCK_ENTRIES) throw new ArgumentError('entries', `must be at most ${MAX_CHAT_CLOCK_ENTRIES}`);
  return counters;
}
