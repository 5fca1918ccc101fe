import { assertInstance } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import type { UserStaticData } from './login-data.js';
import { MultiFactorAuthRequest } from './mfa.js';

/** The server's answer to `getLogin` (chapter 05 section 4.5): the entry points, or a question for a second factor. Immutable. */
export class LoginResponse implements ToCbor {
  private constructor(
    /** Present exactly when `request` is absent. */
    readonly entryPoints: UserStaticData | undefined,
    readonly request: MultiFactorAuthRequest | undefined,
  ) {}

  /** Login data. */
  static ofEntryPoints(entryPoints: UserStaticData): LoginResponse {
    assertInstance('entryPoints', entryPoints, PaddedCipherText);
    return new LoginResponse(entryPoints, undefined);
  }

  /** A second factor is needed. */
  static ofRequest(request: MultiFactorAuthRequest): LoginResponse {
    assertInstance('request', request, MultiFactorAuthRequest);
    return new LoginResponse(undefined, request);
  }

  /** Reads the map `{"a", "r"}`. */
  static fromCbor(value: CborValue, where = 'LoginResponse'): LoginResponse {
    const fields = CborFields.map('format.account', where, value);
    return fields.boolean('a')
      ? new LoginResponse(PaddedCipherText.fromCbor(fields.list('r'), fields.path('r')), undefined)
      : new LoginResponse(undefined, MultiFactorAuthRequest.fromCbor(fields.map('r'), fields.path('r')));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): LoginResponse {
    return LoginResponse.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: LoginResponse | undefined): boolean {
    if (!(other instanceof LoginResponse)) return false;
    return this.entryPoints === undefined ? this.request?.equals(other.request) === true : this.entryPoints.equals(other.entryPoints);
  }

  /** The map `{"a", "r"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.entryPoints !== undefined],
      ['r', this.entryPoints?.toCbor() ?? this.request?.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
