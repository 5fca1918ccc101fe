import { assertInstance, assertInstances, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_CHAT_MESSAGE_SIZE, MAX_CHAT_PREVIOUS } from '../limits.js';
import { chatMap } from './chat-fields.js';
import { MemberId } from './member-id.js';
import { checkPayload, type MessagePayload, payloadFromCbor, payloadToCbor } from './message-payload.js';
import { MessageRef } from './message-ref.js';
import { TreeClock } from './tree-clock.js';

/** The last millisecond that has a calendar date. */
const MAX_TIME = 8_640_000_000_000_000;

/** The parts of a {@link MessageEnvelope}. */
export interface MessageEnvelopeParts {
  readonly author: MemberId;
  readonly payload: MessagePayload;
  /** The message before it in the log of the author; others may name none, or several. */
  readonly previous: readonly MessageRef[];
  /** What the author had seen, with this message. */
  readonly timestamp: TreeClock;
  /** Unix time in milliseconds, by the clock of the author. Claimed. */
  readonly time: number;
}

/** A message of a chat without its signature (chapter 07 section 4.2). Everything in it is claimed until the signature is checked. Immutable. */
export class MessageEnvelope implements ToCbor, MessageEnvelopeParts {
  private constructor(
    readonly author: MemberId,
    readonly payload: MessagePayload,
    readonly previous: readonly MessageRef[],
    readonly timestamp: TreeClock,
    readonly time: number,
    private bytes: Uint8Array | undefined,
  ) {}

  /** Builds a message. ArgumentError. */
  static of(parts: MessageEnvelopeParts): MessageEnvelope {
    assertObject('parts', parts);
    const { author, payload, previous, timestamp, time } = parts;
    assertInstance('author', author, MemberId);
    assertInstances('previous', previous, MessageRef);
    if (previous.length > MAX_CHAT_PREVIOUS) throw new ArgumentError('previous', `must be at most ${MAX_CHAT_PREVIOUS}`);
    assertInstance('timestamp', timestamp, TreeClock);
    assertInteger('time', time, 0, MAX_TIME);
    return new MessageEnvelope(author, checkPayload(payload), [...previous], timestamp, time, undefined);
  }

  /** Reads the map `{"a", "p", "r", "t", "u"}`. */
  static fromCbor(value: CborValue, where = 'MessageEnvelope'): MessageEnvelope {
    return MessageEnvelope.read(value, where, undefined);
  }

  /**
   * Reads the CBOR bytes and keeps a view of them. FormatError for what is not written again byte for byte: other clients hash and verify what they write
   * anew (section 4.3).
   */
  static decode(bytes: Uint8Array): MessageEnvelope {
    assertBytes('bytes', bytes);
    const envelope = MessageEnvelope.read(decodeCbor(bytes), 'MessageEnvelope', bytes);
    if (!equalBytes(encodeCbor(envelope.toCbor()), bytes)) {
      throw new FormatError('format.chat', 'MessageEnvelope', 'holds more than belongs to a message');
    }
    return envelope;
  }

  private static read(value: CborValue, where: string, bytes: Uint8Array | undefined): MessageEnvelope {
    const fields = chatMap(where, value);
    const previous = fields.list('r');
    if (previous.length > MAX_CHAT_PREVIOUS) return fields.fail('r', `must be at most ${MAX_CHAT_PREVIOUS}`);
    return new MessageEnvelope(
      MemberId.fromCbor(fields.list('a'), fields.path('a')),
      payloadFromCbor(fields.map('p'), fields.path('p')),
      previous.map((ref, i) => MessageRef.fromCbor(ref, `${fields.path('r')}[${i}]`)),
      TreeClock.fromCbor(fields.list('t'), fields.path('t')),
      fields.integer('u', 0, MAX_TIME),
      bytes,
    );
  }

  /** How many messages the author had written with this one; undefined when the clock does not say, which is never valid. */
  get counter(): number | undefined {
    return this.timestamp.get(this.author);
  }

  /** What other messages name this one by. */
  ref(hasher: Pick<Hasher, 'sha256'>): MessageRef {
    return MessageRef.ofEnvelope(hasher, this.encode());
  }

  /** Value equality. */
  equals(other: MessageEnvelope | undefined): boolean {
    return other instanceof MessageEnvelope && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"a", "p", "r", "t", "u"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.author.toCbor()],
      ['p', payloadToCbor(this.payload)],
      ['r', this.previous.map((ref) => ref.toCbor())],
      ['t', this.timestamp.toCbor()],
      ['u', this.time],
    ]);
  }

  /** The CBOR bytes; never modify them. LimitError, via the encoder or for more than MAX_CHAT_MESSAGE_SIZE at the signed message. */
  encode(): Uint8Array {
    this.bytes ??= encodeCbor(this.toCbor());
    return this.bytes;
  }
}

/** Bytes around the envelope in a signed message: heads and signature. */
export const SIGNED_MESSAGE_OVERHEAD = 72;
/** Longest envelope. */
export const MAX_ENVELOPE_SIZE: number = MAX_CHAT_MESSAGE_SIZE - SIGNED_MESSAGE_OVERHEAD;
