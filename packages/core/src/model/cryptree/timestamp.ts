import { assertInstance, assertMethods } from '../../arguments.js';
import { assertInteger } from '../../bytes.js';
import { ArgumentError } from '../../errors.js';

const NANOSECONDS_PER_SECOND = 1_000_000_000;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** The one form of an integer: number when it is safe, otherwise bigint, as the CBOR decoder has it. */
function normalised(value: number | bigint): number | bigint {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : BigInt(value);
}

/** A moment in UTC: seconds since 1970 and nanoseconds (chapter 04 section 6). Immutable. */
export class Timestamp {
  private constructor(
    /** Seconds since 1970, signed 64 bits; a bigint exactly when it is no safe integer: the time of later directory chunks is none. */
    readonly seconds: number | bigint,
    /** 0 to 999,999,999. */
    readonly nanoseconds: number,
  ) {}

  /** The time that the reference writes into later chunks of a directory, below -2^53 (chapter 04 section 6). It means nothing. */
  static readonly SUBSEQUENT_CHUNK: Timestamp = new Timestamp(-31_557_014_135_596_800n, 0);

  /** Of seconds in signed 64 bits and nanoseconds. */
  static of(seconds: number | bigint, nanoseconds = 0): Timestamp {
    if (typeof seconds === 'bigint') {
      if (seconds < MIN_INT64 || seconds > MAX_INT64) throw new ArgumentError('seconds', 'must fit in signed 64 bits');
    } else {
      assertInteger('seconds', seconds, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    }
    assertInteger('nanoseconds', nanoseconds, 0, NANOSECONDS_PER_SECOND - 1);
    return new Timestamp(normalised(seconds), nanoseconds);
  }

  /** Of milliseconds since 1970; fractions, as file systems report them, are kept to the nanosecond. */
  static fromMilliseconds(milliseconds: number): Timestamp {
    if (typeof milliseconds !== 'number' || !(Math.abs(milliseconds) <= Number.MAX_SAFE_INTEGER)) {
      throw new ArgumentError('milliseconds', 'must be a number within the safe range');
    }
    const seconds = Math.floor(milliseconds / 1000);
    const nanoseconds = Math.round((milliseconds - seconds * 1000) * 1_000_000);
    return nanoseconds === NANOSECONDS_PER_SECOND ? new Timestamp(seconds + 1, 0) : new Timestamp(seconds, nanoseconds);
  }

  /** The time of a clock in milliseconds since 1970. */
  static now(clock: { now(): number }): Timestamp {
    assertMethods('clock', clock, 'now');
    return Timestamp.fromMilliseconds(clock.now());
  }

  /** Milliseconds since 1970, rounded down; beyond the safe range only roughly, and no `Date` may exist for it. */
  toMilliseconds(): number {
    return Number(this.seconds) * 1000 + Math.floor(this.nanoseconds / 1_000_000);
  }

  /** Negative when this is earlier than `other`, positive when later, 0 when equal. */
  compare(other: Timestamp): number {
    assertInstance('other', other, Timestamp);
    if (this.seconds !== other.seconds) return this.seconds < other.seconds ? -1 : 1;
    return this.nanoseconds - other.nanoseconds;
  }

  /** Value equality. */
  equals(other: Timestamp | undefined): boolean {
    return other instanceof Timestamp && this.seconds === other.seconds && this.nanoseconds === other.nanoseconds;
  }

  /** Seconds with nine decimals; for logs. */
  toString(): string {
    return `${this.seconds}.${String(this.nanoseconds).padStart(9, '0')}`;
  }

  /** As {@link Timestamp.toString}: JSON knows no bigint. */
  toJSON(): string {
    return this.toString();
  }
}
