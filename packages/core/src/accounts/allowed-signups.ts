import { assertBoolean, assertObject } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';

/** Which kinds of sign-up a server accepts (chapter 05 section 22.4). Immutable. */
export class AllowedSignups implements ToCbor {
  private constructor(
    readonly free: boolean,
    readonly paid: boolean,
  ) {}

  /** Says which kinds are open. */
  static of(parts: { readonly free: boolean; readonly paid: boolean }): AllowedSignups {
    assertObject('parts', parts);
    assertBoolean('free', parts.free);
    assertBoolean('paid', parts.paid);
    return new AllowedSignups(parts.free, parts.paid);
  }

  /** Reads the map `{"f", "p"}`. */
  static fromCbor(value: CborValue, where = 'AllowedSignups'): AllowedSignups {
    const fields = CborFields.map('format.account', where, value);
    return new AllowedSignups(fields.boolean('f'), fields.boolean('p'));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): AllowedSignups {
    return AllowedSignups.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: AllowedSignups | undefined): boolean {
    return other instanceof AllowedSignups && this.free === other.free && this.paid === other.paid;
  }

  /** The map `{"f", "p"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['f', this.free],
      ['p', this.paid],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
