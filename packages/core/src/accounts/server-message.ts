import { assertBoolean, assertObject } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { openSigned, type PublicSigningKey, type SecretSigningKey, signAttached } from '../keys/signing-key.js';
import { MAX_SERVER_MESSAGE_LENGTH } from '../limits.js';
import { assertText, boundedText } from './bounded-fields.js';

/** Kinds of {@link ServerMessage} (chapter 07 section 20.1). */
export const ServerMessageType = {
  fromServer: 1,
  fromUser: 2,
  dismiss: 3,
} as const;

/** One of {@link ServerMessageType}. */
export type ServerMessageTypeCode = (typeof ServerMessageType)[keyof typeof ServerMessageType];

/** A message between a server's operator and a user (chapter 07 section 20.1). Immutable. */
export class ServerMessage implements ToCbor {
  private constructor(
    /** Given by the server; -1 for a new message of a user, the id to dismiss for a dismissal. */
    readonly id: number,
    readonly type: ServerMessageTypeCode,
    /** ms since the epoch. */
    readonly sent: number,
    readonly body: string,
    readonly dismissed: boolean,
    /** The id of the message that this one answers. */
    readonly replyTo: number | undefined,
  ) {}

  /** Builds a message. */
  static of(parts: {
    readonly id: number;
    readonly type: ServerMessageTypeCode;
    readonly sent: number;
    readonly body: string;
    readonly dismissed: boolean;
    readonly replyTo?: number | undefined;
  }): ServerMessage {
    assertObject('parts', parts);
    const { id, type, sent, body, dismissed, replyTo } = parts;
    assertInteger('id', id, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    assertInteger('type', type, ServerMessageType.fromServer, ServerMessageType.dismiss);
    assertInteger('sent', sent, 0, Number.MAX_SAFE_INTEGER);
    assertText('body', body, MAX_SERVER_MESSAGE_LENGTH);
    assertBoolean('dismissed', dismissed);
    if (replyTo !== undefined) assertInteger('replyTo', replyTo, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    return new ServerMessage(id, type, sent, body, dismissed, replyTo);
  }

  /** Reads the map `{"id", "t", "s", "b", "d", "r"?}`. */
  static fromCbor(value: CborValue, where = 'ServerMessage'): ServerMessage {
    const fields = CborFields.map('format.account', where, value);
    const type = fields.integer('t');
    if (!isType(type)) return fields.fail('t', 'unknown message type');
    return new ServerMessage(
      fields.integer('id'),
      type,
      fields.integer('s', 0),
      boundedText(fields, 'b', MAX_SERVER_MESSAGE_LENGTH),
      fields.boolean('d'),
      fields.optionalInteger('r'),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): ServerMessage {
    return ServerMessage.fromCbor(decodeCbor(bytes));
  }

  /** The signed form in which a user sends it: 64-byte signature || CBOR. */
  sign(crypto: CryptoProvider, identity: SecretSigningKey): Uint8Array {
    return signAttached(crypto, identity, this.encode());
  }

  /** Verifies and reads the signed form. CryptoError `crypto.signature` or FormatError. */
  static open(crypto: CryptoProvider, identity: PublicSigningKey, signed: Uint8Array): ServerMessage {
    return ServerMessage.decode(openSigned(crypto, identity, signed));
  }

  /** Value equality. */
  equals(other: ServerMessage | undefined): boolean {
    return (
      other instanceof ServerMessage &&
      this.id === other.id &&
      this.type === other.type &&
      this.sent === other.sent &&
      this.body === other.body &&
      this.dismissed === other.dismissed &&
      this.replyTo === other.replyTo
    );
  }

  /** The map `{"id", "t", "s", "b", "d", "r"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.body],
      ['d', this.dismissed],
      ['r', this.replyTo],
      ['s', this.sent],
      ['t', this.type],
      ['id', this.id],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function isType(type: number): type is ServerMessageTypeCode {
  return type === ServerMessageType.fromServer || type === ServerMessageType.fromUser || type === ServerMessageType.dismiss;
}
