import { assertInstance, assertMethods } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { decodeMultihash, Multihash, MultihashCode, parseMultihash } from '../codec/multihash.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { chatMap } from './chat-fields.js';

/** Names a message of a chat: the SHA-256 of its envelope (chapter 07 section 4.1). Immutable. */
export class MessageRef implements ToCbor {
  private cachedText: string | undefined;

  private constructor(readonly hash: Multihash) {}

  /** Builds a reference from a sha2-256 multihash. */
  static of(hash: Multihash): MessageRef {
    assertInstance('hash', hash, Multihash);
    if (hash.code !== MultihashCode.sha2_256) throw new ArgumentError('hash', 'must be sha2-256');
    return new MessageRef(hash);
  }

  /** The reference to a message whose envelope has these bytes. */
  static ofEnvelope(hasher: Pick<Hasher, 'sha256'>, envelope: Uint8Array): MessageRef {
    assertMethods('hasher', hasher, 'sha256');
    assertBytes('envelope', envelope);
    return new MessageRef(Multihash.sha256(hasher.sha256(envelope)));
  }

  /** Reads the map `{"h"}`, whose value is a byte string, not a link. */
  static fromCbor(value: CborValue, where = 'MessageRef'): MessageRef {
    const fields = chatMap(where, value);
    const hash = decodeMultihash(fields.bytes('h'));
    return hash.code === MultihashCode.sha2_256 ? new MessageRef(hash) : fields.fail('h', 'must be sha2-256');
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): MessageRef {
    return MessageRef.fromCbor(decodeCbor(bytes));
  }

  /** Reads the text form, `Qm…`. FormatError. */
  static parse(text: string): MessageRef {
    const hash = parseMultihash(text);
    if (hash.code !== MultihashCode.sha2_256) throw new FormatError('format.chat', 'MessageRef', 'must be sha2-256');
    return new MessageRef(hash);
  }

  /** Value equality. */
  equals(other: MessageRef | undefined): boolean {
    return other instanceof MessageRef && this.hash.equals(other.hash);
  }

  /** The text form, base58: `Qm…`. */
  toString(): string {
    this.cachedText ??= this.hash.toString();
    return this.cachedText;
  }

  /** The text form, for JSON and logs. */
  toJSON(): string {
    return this.toString();
  }

  /** The map `{"h"}`. */
  toCbor(): CborValue {
    return cborMap([['h', this.hash.bytes]]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
