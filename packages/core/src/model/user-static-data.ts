import { assertInstances, assertObject } from '../arguments.js';
import { utf8Encode } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { PaddedCipherText, PaddingBlock } from '../containers/padded-cipher-text.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { BoxingKeyPair } from '../keys/boxing-key.js';
import { Secret } from '../keys/secret.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import type { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from './absolute-capability.js';

/** The version of {@link EntryPoints} that is written; higher ones are refused (chapter 03 section 3.3). */
export const ENTRY_POINTS_VERSION = 2;

/** A capability and the name of the user whom its target is said to belong to (chapter 03 section 3.3). A secret. Immutable. */
export class EntryPoint extends Secret implements ToCbor {
  protected readonly secretKind: string = 'EntryPoint';

  private constructor(
    readonly capability: AbsoluteCapability,
    /** Claimed, not verified. */
    readonly ownerName: string,
  ) {
    super();
  }

  /** Pairs a capability with a name. */
  static of(capability: AbsoluteCapability, ownerName: string): EntryPoint {
    if (!(capability instanceof AbsoluteCapability)) throw new ArgumentError('capability', 'must be an AbsoluteCapability');
    utf8Encode(ownerName, 'ownerName');
    return new EntryPoint(capability, ownerName);
  }

  /** Reads the map `{"c", "n"}`. */
  static fromCbor(value: CborValue, where = 'EntryPoint'): EntryPoint {
    const fields = CborFields.map('format.link', where, value);
    return new EntryPoint(AbsoluteCapability.fromCbor(fields.map('c'), fields.path('c')), fields.text('n'));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): EntryPoint {
    return EntryPoint.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: EntryPoint | undefined): boolean {
    return other instanceof EntryPoint && this.ownerName === other.ownerName && this.capability.equals(other.capability);
  }

  /** The map `{"c", "n"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.capability.toCbor()],
      ['n', this.ownerName],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/**
 * The plaintext of the login data (chapter 03 section 3.3): entry points and, except on legacy accounts, the boxing and identity key
 * pairs. A secret. Immutable.
 */
export class EntryPoints extends Secret implements ToCbor {
  protected readonly secretKind: string = 'EntryPoints';

  private constructor(
    readonly version: number,
    readonly entries: readonly EntryPoint[],
    readonly boxer: BoxingKeyPair | undefined,
    readonly identity: SigningKeyPair | undefined,
  ) {
    super();
  }

  /** Builds the current version. */
  static of(
    entries: readonly EntryPoint[],
    keys: { readonly boxer?: BoxingKeyPair | undefined; readonly identity?: SigningKeyPair | undefined } = {},
  ): EntryPoints {
    assertInstances('entries', entries, EntryPoint);
    assertObject('keys', keys);
    const { boxer, identity } = keys;
    if (boxer !== undefined && !(boxer instanceof BoxingKeyPair)) throw new ArgumentError('boxer', 'must be a BoxingKeyPair');
    if (identity !== undefined && !(identity instanceof SigningKeyPair)) throw new ArgumentError('identity', 'must be a SigningKeyPair');
    return new EntryPoints(ENTRY_POINTS_VERSION, [...entries], boxer, identity);
  }

  /** Reads the map `{"b"?, "e", "i"?, "v"}`; a version above ENTRY_POINTS_VERSION is a FormatError. */
  static fromCbor(crypto: CryptoProvider, value: CborValue, where = 'EntryPoints'): EntryPoints {
    const fields = CborFields.map('format.link', where, value);
    const version = fields.integer('v', 0, ENTRY_POINTS_VERSION);
    const entries = fields.list('e').map((entry, i) => EntryPoint.fromCbor(entry, `${fields.path('e')}[${i}]`));
    const boxer = fields.optionalList('b');
    const identity = fields.optionalList('i');
    return new EntryPoints(
      version,
      entries,
      boxer === undefined ? undefined : BoxingKeyPair.fromCbor(crypto, boxer, fields.path('b')),
      identity === undefined ? undefined : SigningKeyPair.fromCbor(crypto, identity, fields.path('i')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(crypto: CryptoProvider, bytes: Uint8Array): EntryPoints {
    return EntryPoints.fromCbor(crypto, decodeCbor(bytes));
  }

  /** The padded form under the root key: the login data (UserStaticData, chapter 05 section 4.3) and the legacy `WriterData.static`. */
  seal(crypto: CryptoProvider, rootKey: SymmetricKey): PaddedCipherText {
    return PaddedCipherText.seal(crypto, rootKey, this.toCbor(), PaddingBlock.entryPoints);
  }

  /** Opens what {@link EntryPoints.seal} made. CryptoError `crypto.authentication` for another key; FormatError. */
  static open(crypto: CryptoProvider, rootKey: SymmetricKey, sealed: PaddedCipherText): EntryPoints {
    if (!(sealed instanceof PaddedCipherText)) throw new ArgumentError('sealed', 'must be a PaddedCipherText');
    return EntryPoints.fromCbor(crypto, sealed.open(crypto, rootKey));
  }

  /** Value equality. */
  equals(other: EntryPoints | undefined): boolean {
    return (
      other instanceof EntryPoints &&
      this.version === other.version &&
      this.entries.length === other.entries.length &&
      this.entries.every((entry, i) => entry.equals(other.entries[i])) &&
      (this.boxer === undefined ? other.boxer === undefined : this.boxer.equals(other.boxer)) &&
      (this.identity === undefined ? other.identity === undefined : this.identity.equals(other.identity))
    );
  }

  /** The map `{"b"?, "e", "i"?, "v"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.boxer?.toCbor()],
      ['e', this.entries.map((entry) => entry.toCbor())],
      ['i', this.identity?.toCbor()],
      ['v', this.version],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
