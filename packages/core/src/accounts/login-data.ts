import { assertBytes } from '../bytes.js';
import { assertInstance, assertObject } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { LimitError } from '../errors.js';
import { PublicSigningKey, type SecretSigningKey, signDetached, verifyDetached } from '../keys/signing-key.js';
import { MAX_LOGIN_DATA_SIZE } from '../limits.js';
import { usernameField } from './bounded-fields.js';
import { BlockWrite, PointerWrite } from './block-write.js';
import { assertWireUsername } from './usernames.js';

/** The entry points of an account under its root key (chapter 05 section 4.3); open them with `EntryPoints.open`. */
export type UserStaticData = PaddedCipherText;

/** The new identity WriterData of a password change, and the pointer update that publishes it (chapter 05 section 13.1). */
export interface IdentityUpdate {
  readonly block: BlockWrite;
  readonly pointer: PointerWrite;
}

/** What an account stores for its login at its home server (chapter 05 section 4.4). Immutable. */
export class LoginData implements ToCbor {
  private constructor(
    readonly username: string,
    readonly entryPoints: UserStaticData,
    /** The login key: who may fetch the entry points. */
    readonly reader: PublicSigningKey,
    readonly identityUpdate: IdentityUpdate | undefined,
  ) {}

  /** Builds login data. */
  static of(username: string, entryPoints: UserStaticData, reader: PublicSigningKey, identityUpdate?: IdentityUpdate): LoginData {
    assertWireUsername('username', username);
    assertInstance('entryPoints', entryPoints, PaddedCipherText);
    assertInstance('reader', reader, PublicSigningKey);
    if (identityUpdate === undefined) return new LoginData(username, entryPoints, reader, undefined);
    assertObject('identityUpdate', identityUpdate);
    const { block, pointer } = identityUpdate;
    assertInstance('identityUpdate.block', block, BlockWrite);
    assertInstance('identityUpdate.pointer', pointer, PointerWrite);
    return new LoginData(username, entryPoints, reader, { block, pointer });
  }

  /** Reads the map `{"u", "e", "r", "b"?, "p"?}`. One of `b` and `p` without the other is ignored, like an unknown key. */
  static fromCbor(value: CborValue, where = 'LoginData'): LoginData {
    const fields = CborFields.map('format.account', where, value);
    const block = fields.optionalMap('b');
    const pointer = fields.optionalMap('p');
    return new LoginData(
      usernameField(fields, 'u'),
      PaddedCipherText.fromCbor(fields.list('e'), fields.path('e')),
      PublicSigningKey.fromCbor(fields.list('r'), fields.path('r')),
      block === undefined || pointer === undefined
        ? undefined
        : { block: BlockWrite.fromCbor(block, fields.path('b')), pointer: PointerWrite.fromCbor(pointer, fields.path('p')) },
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. LimitError beyond MAX_LOGIN_DATA_SIZE. */
  static decode(bytes: Uint8Array): LoginData {
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_LOGIN_DATA_SIZE) throw new LimitError('login data', bytes.length, MAX_LOGIN_DATA_SIZE);
    return LoginData.fromCbor(decodeCbor(bytes));
  }

  /** The 64 bytes with which the identity key authorises this data (chapter 05 section 5). */
  sign(crypto: CryptoProvider, identity: SecretSigningKey): Uint8Array {
    return signDetached(crypto, identity, this.encode());
  }

  /** Whether `auth` is what {@link LoginData.sign} gives for the secret half of `identity`. */
  isSignedBy(crypto: CryptoProvider, identity: PublicSigningKey, auth: Uint8Array): boolean {
    return verifyDetached(crypto, identity, auth, this.encode());
  }

  /** Without the identity update: what is kept, and what snapshots of a user hold (chapter 05 section 23). */
  withoutIdentityUpdate(): LoginData {
    return new LoginData(this.username, this.entryPoints, this.reader, undefined);
  }

  /** Value equality. */
  equals(other: LoginData | undefined): boolean {
    return (
      other instanceof LoginData &&
      this.username === other.username &&
      this.entryPoints.equals(other.entryPoints) &&
      this.reader.equals(other.reader) &&
      (this.identityUpdate === undefined
        ? other.identityUpdate === undefined
        : this.identityUpdate.block.equals(other.identityUpdate?.block) &&
          this.identityUpdate.pointer.equals(other.identityUpdate?.pointer))
    );
  }

  /** The map `{"u", "e", "r", "b"?, "p"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.identityUpdate?.block.toCbor()],
      ['e', this.entryPoints.toCbor()],
      ['p', this.identityUpdate?.pointer.toCbor()],
      ['r', this.reader.toCbor()],
      ['u', this.username],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
