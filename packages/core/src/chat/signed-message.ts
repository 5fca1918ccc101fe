import { assertInstance } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes, copyBytes, equalBytes } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CryptoProvider, Hasher } from '../crypto/provider.js';
import { FormatError, LimitError } from '../errors.js';
import { type PublicSigningKey, SIGNATURE_SIZE, verifyDetached } from '../keys/signing-key.js';
import { MAX_CHAT_MESSAGE_SIZE } from '../limits.js';
import { MessageEnvelope } from './message-envelope.js';
import type { MessageRef } from './message-ref.js';

/** A list of two, and a byte string of 64. */
const HEAD = Uint8Array.of(0x82, 0x58, SIGNATURE_SIZE);
const SIGNATURE_END = HEAD.length + SIGNATURE_SIZE;

/** A message of a chat with its signature, as logs hold it (chapter 07 section 4.3). Immutable; not verified by reading it. */
export class SignedMessage {
  private cachedRef: MessageRef | undefined;

  private constructor(
    /** 64 bytes; never modify them. */
    readonly signature: Uint8Array,
    readonly envelope: MessageEnvelope,
  ) {}

  /** Puts a signature to a message. LimitError for one that is longer than MAX_CHAT_MESSAGE_SIZE. */
  static of(signature: Uint8Array, envelope: MessageEnvelope): SignedMessage {
    assertBytes('signature', signature, SIGNATURE_SIZE);
    assertInstance('envelope', envelope, MessageEnvelope);
    const size = SIGNATURE_END + headSize(envelope.encode().length) + envelope.encode().length;
    if (size > MAX_CHAT_MESSAGE_SIZE) throw new LimitError('chat message', size, MAX_CHAT_MESSAGE_SIZE);
    return new SignedMessage(copyBytes(signature), envelope);
  }

  /** Reads one message that fills the whole input. FormatError. */
  static decode(bytes: Uint8Array): SignedMessage {
    const frame = frameAt(bytes, 0);
    if (frame === undefined || frame.end !== bytes.length) {
      throw new FormatError('format.chat', 'SignedMessage', frame === undefined ? 'is cut off' : 'has bytes after it');
    }
    return SignedMessage.ofFrame(bytes, frame);
  }

  /** What stands between two offsets that {@link frameAt} has found. Takes a copy of the bytes. */
  static ofFrame(bytes: Uint8Array, frame: MessageFrame): SignedMessage {
    assertBytes('bytes', bytes);
    const { start, envelopeStart, end } = frame;
    // One copy: what was verified must not change any more, and a view would keep the whole log in memory.
    const own = copyBytes(bytes.subarray(start, end));
    const envelope = MessageEnvelope.decode(own.subarray(envelopeStart - start));
    return new SignedMessage(own.subarray(HEAD.length, SIGNATURE_END), envelope);
  }

  /** Whether `key` has signed exactly this message. */
  isSignedBy(crypto: CryptoProvider, key: PublicSigningKey): boolean {
    return verifyDetached(crypto, key, this.signature, this.envelope.encode());
  }

  /** What other messages name this one by; computed once. */
  ref(hasher: Pick<Hasher, 'sha256'>): MessageRef {
    this.cachedRef ??= this.envelope.ref(hasher);
    return this.cachedRef;
  }

  /** Value equality. */
  equals(other: SignedMessage | undefined): boolean {
    return other instanceof SignedMessage && equalBytes(this.signature, other.signature) && this.envelope.equals(other.envelope);
  }

  /** The list of the signature and the bytes of the message. */
  encode(): Uint8Array {
    return concatBytes(HEAD, this.signature, encodeCbor(this.envelope.encode()));
  }
}

/** Where a message stands in a log. */
export interface MessageFrame {
  readonly start: number;
  readonly envelopeStart: number;
  readonly end: number;
}

/**
 * The bounds of the message that begins at `start`, without looking into it: a message with a content that is not understood can be skipped. Undefined when
 * the bytes end before it does: there may be more. FormatError when no message begins there: what follows in this log is lost.
 */
export function frameAt(bytes: Uint8Array, start: number): MessageFrame | undefined {
  assertBytes('bytes', bytes);
  assertInteger('start', start, 0, bytes.length);
  const at = (index: number): number => bytes[start + index] ?? 0;
  const present = bytes.length - start;
  for (let i = 0; i < Math.min(HEAD.length, present); i++) if (at(i) !== HEAD[i]) return noMessage(start, 'is no list of two byte strings');
  if (present <= SIGNATURE_END) return undefined;
  const initial = at(SIGNATURE_END);
  const extra = initial < 0x58 ? 0 : 1 << (initial - 0x58);
  if (initial < 0x40 || initial > 0x5a) return noMessage(start, 'has no byte string after the signature');
  const envelopeStart = SIGNATURE_END + 1 + extra;
  if (present < envelopeStart) return undefined;
  let length = initial - 0x40;
  if (extra > 0) {
    length = 0;
    for (let i = 0; i < extra; i++) length = length * 256 + at(SIGNATURE_END + 1 + i);
  }
  if (headSize(length) !== 1 + extra) return noMessage(start, 'has a length that is not the shortest');
  const end = envelopeStart + length;
  if (end > MAX_CHAT_MESSAGE_SIZE) return noMessage(start, `is longer than ${MAX_CHAT_MESSAGE_SIZE} bytes`);
  return present < end ? undefined : { start, envelopeStart: start + envelopeStart, end: start + end };
}

function noMessage(start: number, problem: string): never {
  throw new FormatError('format.chat', 'SignedMessage', problem, { data: { offset: start } });
}

function headSize(length: number): number {
  if (length < 24) return 1;
  if (length < 0x100) return 2;
  return length < 0x10000 ? 3 : 5;
}
