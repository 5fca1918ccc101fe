import { assertBytes, assertInteger, equalBytes } from '@pyrgos/core/bytes';
import { CborFields, cborMap, decodeCbor, encodeCbor, type CborValue, type ToCbor } from '@pyrgos/core/codec';
import { AttestedCredential } from './authenticator-data.js';
import { isLegacyCredential, readLegacyCredential } from './legacy-credential.js';
import { refuseWebauthn } from './webauthn-error.js';

const MAX_COUNTER = 0xffffffff;
/** The field `s`: an empty CBOR map, always. */
const EMPTY_STATEMENT = Uint8Array.of(0xa0);

/** What the server keeps of a security key: the value of the factor's row (chapter 05 section 15.6). Immutable. */
export class WebauthnVerifier implements ToCbor {
  private constructor(
    readonly credential: AttestedCredential,
    /** The highest signature counter seen; 0 for an authenticator without one. */
    readonly counter: number,
  ) {}

  /** A verifier for a credential. */
  static of(credential: AttestedCredential, counter: number): WebauthnVerifier {
    assertInteger('counter', counter, 0, MAX_COUNTER);
    return new WebauthnVerifier(credential, counter);
  }

  /**
   * Reads the map `{"c", "d", "s"}`. `d` holds the CBOR byte string of the credential, or a serialised Java object (`legacy: read only`).
   * FormatError `format.account` or `format.cbor`, DeniedError `denied.login` for a credential that cannot be used.
   */
  static fromCbor(value: CborValue, where = 'WebauthnVerifier'): WebauthnVerifier {
    const fields = CborFields.map('format.account', where, value);
    const data = fields.bytes('d');
    return new WebauthnVerifier(
      isLegacyCredential(data) ? readLegacyCredential(data) : readCredential(data),
      fields.integer('c', 0, MAX_COUNTER),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): WebauthnVerifier {
    assertBytes('bytes', bytes);
    return WebauthnVerifier.fromCbor(decodeCbor(bytes));
  }

  /** The same verifier after the authenticator has shown another counter. */
  withCounter(counter: number): WebauthnVerifier {
    return WebauthnVerifier.of(this.credential, counter);
  }

  /** Value equality. */
  equals(other: WebauthnVerifier | undefined): boolean {
    return other instanceof WebauthnVerifier && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"c", "d", "s"}`; never the legacy form. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.counter],
      ['d', encodeCbor(this.credential.encode())],
      ['s', EMPTY_STATEMENT],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function readCredential(data: Uint8Array): AttestedCredential {
  const bytes = decodeCbor(data);
  if (!(bytes instanceof Uint8Array)) return refuseWebauthn('the stored credential is malformed');
  const { credential, end } = AttestedCredential.read(bytes);
  return end === bytes.length ? credential : refuseWebauthn('the stored credential is malformed');
}
