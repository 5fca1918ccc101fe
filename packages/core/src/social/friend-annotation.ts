import { isWireUsername } from '../accounts/usernames.js';
import { assertInstances, assertObject } from '../arguments.js';
import { assertBytes, concatBytes, equalBytes } from '../bytes.js';
import { decodeCbor, decodeCborPrefix } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError, LimitError, PyrgosError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { MAX_FRIEND_ANNOTATIONS_SIZE } from '../limits.js';
import { socialMap } from './social-fields.js';

/** The keys that a safety number is about (chapter 05 section 19). */
export interface FingerprintKeys {
  /** The identity key, from a verified chain. */
  readonly identity: PublicKeyHash;
  /** The public boxing key: `WriterData.inbound`. */
  readonly boxing: PublicKeyHash;
}

/** That a friend's keys were compared, and which they were then (chapter 05 section 19, chapter 06 section 5.1). Immutable. */
export class FriendAnnotation implements ToCbor {
  private constructor(
    readonly username: string,
    readonly isVerified: boolean,
    readonly keys: FingerprintKeys,
  ) {}

  /** Notes the result of a comparison. */
  static of(username: string, isVerified: boolean, keys: FingerprintKeys): FriendAnnotation {
    if (!isWireUsername(username)) throw new ArgumentError('username', 'must be a username');
    if (typeof isVerified !== 'boolean') throw new ArgumentError('isVerified', 'must be a boolean');
    assertObject('keys', keys);
    const { identity, boxing } = keys;
    if (!(identity instanceof PublicKeyHash)) throw new ArgumentError('keys.identity', 'must be a PublicKeyHash');
    if (!(boxing instanceof PublicKeyHash)) throw new ArgumentError('keys.boxing', 'must be a PublicKeyHash');
    return new FriendAnnotation(username, isVerified, { identity, boxing });
  }

  /** Reads the map `{"u", "v", "k"}`. */
  static fromCbor(value: CborValue, where = 'FriendAnnotation'): FriendAnnotation {
    const fields = socialMap(where, value);
    const username = fields.text('u');
    if (!isWireUsername(username)) return fields.fail('u', 'must be a username');
    const keys = CborFields.list('format.social', fields.path('k'), fields.list('k'), 2);
    const key = (index: number): PublicKeyHash => {
      const link = keys.value(index);
      return link instanceof Cid ? PublicKeyHash.fromCid(link, keys.path(index)) : keys.fail(index, 'must be a link');
    };
    return new FriendAnnotation(username, fields.boolean('v'), { identity: key(0), boxing: key(1) });
  }

  /** Reads the CBOR bytes of one; anything after the item is an error. */
  static decode(bytes: Uint8Array): FriendAnnotation {
    return FriendAnnotation.fromCbor(decodeCbor(bytes));
  }

  /** Whether the friend still has the keys that were compared. When not, warn before anything is shared. */
  isAbout(keys: FingerprintKeys): boolean {
    assertObject('keys', keys);
    const { identity, boxing } = keys;
    return this.keys.identity.equals(identity) && this.keys.boxing.equals(boxing);
  }

  /** Value equality. */
  equals(other: FriendAnnotation | undefined): boolean {
    return other instanceof FriendAnnotation && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"u", "v", "k"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['k', [this.keys.identity.toCbor(), this.keys.boxing.toCbor()]],
      ['u', this.username],
      ['v', this.isVerified],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The bytes of `/<user>/.annotations`: the annotations one after the other, sorted by username. ArgumentError when a name occurs twice. */
export function encodeFriendAnnotations(annotations: readonly FriendAnnotation[]): Uint8Array {
  assertInstances('annotations', annotations, FriendAnnotation);
  const names = new Set(annotations.map(({ username }) => username));
  if (names.size !== annotations.length) throw new ArgumentError('annotations', 'must be one for each user');
  const sorted = [...annotations].sort((a, b) => (a.username < b.username ? -1 : 1));
  return concatBytes(...sorted.map((annotation) => annotation.encode()));
}

/**
 * Inverse of {@link encodeFriendAnnotations}; the last one of a user counts. What comes after the first one that cannot be read is left out: the
 * reference leaves the end of a longer file there (chapter 06 section 1). LimitError beyond MAX_FRIEND_ANNOTATIONS_SIZE.
 */
export function decodeFriendAnnotations(bytes: Uint8Array): Map<string, FriendAnnotation> {
  assertBytes('bytes', bytes);
  if (bytes.length > MAX_FRIEND_ANNOTATIONS_SIZE) throw new LimitError('annotations', bytes.length, MAX_FRIEND_ANNOTATIONS_SIZE);
  const annotations = new Map<string, FriendAnnotation>();
  for (let offset = 0; offset < bytes.length;) {
    try {
      const { value, end } = decodeCborPrefix(bytes, offset);
      const annotation = FriendAnnotation.fromCbor(value);
      annotations.set(annotation.username, annotation);
      offset = end;
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      break;
    }
  }
  return annotations;
}
