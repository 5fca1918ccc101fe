import { assertBoolean, assertObject } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { MAX_PAYMENT_TEXT_LENGTH } from '../limits.js';
import { assertText, optionalBoundedText } from './bounded-fields.js';

/** What a server says about space and payment (chapter 05 section 12.8). Immutable. */
export class PaymentProperties implements ToCbor {
  readonly #clientSecret: string | undefined;

  private constructor(
    /** Bytes without payment. */
    readonly freeQuota: number,
    /** Bytes ordered. */
    readonly desiredQuota: number,
    readonly annual: boolean,
    /** The next charge in cents. */
    readonly nextCharge: number,
    /** The payment page; present exactly on paid servers. The server's word: look at it before you open it. */
    readonly url: string | undefined,
    clientSecret: string | undefined,
    /** Why a payment failed. */
    readonly error: string | undefined,
    /** End of the paid period, seconds since the epoch. */
    readonly expiry: number | undefined,
  ) {
    this.#clientSecret = clientSecret;
  }

  /** Opens the payment page. A secret: it does not print itself. */
  get clientSecret(): string | undefined {
    return this.#clientSecret;
  }

  /** Builds properties; what is left out is 0, false or absent. */
  static of(parts: {
    readonly freeQuota: number;
    readonly desiredQuota?: number;
    readonly annual?: boolean;
    readonly nextCharge?: number;
    readonly url?: string;
    readonly clientSecret?: string;
    readonly error?: string;
    readonly expiry?: number;
  }): PaymentProperties {
    assertObject('parts', parts);
    const { freeQuota, desiredQuota = 0, annual = false, nextCharge = 0, url, clientSecret, error, expiry } = parts;
    assertInteger('freeQuota', freeQuota, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('desiredQuota', desiredQuota, 0, Number.MAX_SAFE_INTEGER);
    assertBoolean('annual', annual);
    assertInteger('nextCharge', nextCharge, 0, Number.MAX_SAFE_INTEGER);
    if (url !== undefined) assertText('url', url, MAX_PAYMENT_TEXT_LENGTH);
    if (clientSecret !== undefined) assertText('clientSecret', clientSecret, MAX_PAYMENT_TEXT_LENGTH);
    if (error !== undefined) assertText('error', error, MAX_PAYMENT_TEXT_LENGTH);
    if (expiry !== undefined) assertInteger('expiry', expiry, 0, Number.MAX_SAFE_INTEGER);
    return new PaymentProperties(freeQuota, desiredQuota, annual, nextCharge, url, clientSecret, error, expiry);
  }

  /** Reads the map; absent `annual` and `nextCharge` are false and 0, and are written again. */
  static fromCbor(value: CborValue, where = 'PaymentProperties'): PaymentProperties {
    const fields = CborFields.map('format.account', where, value);
    return new PaymentProperties(
      fields.integer('freeQuota', 0),
      fields.integer('desiredQuota', 0),
      fields.boolean('annual', false),
      fields.optionalInteger('nextCharge', 0) ?? 0,
      optionalBoundedText(fields, 'url', MAX_PAYMENT_TEXT_LENGTH),
      optionalBoundedText(fields, 'client_secret', MAX_PAYMENT_TEXT_LENGTH),
      optionalBoundedText(fields, 'err', MAX_PAYMENT_TEXT_LENGTH),
      fields.optionalInteger('expiry', 0),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PaymentProperties {
    return PaymentProperties.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: PaymentProperties | undefined): boolean {
    return (
      other instanceof PaymentProperties &&
      this.freeQuota === other.freeQuota &&
      this.desiredQuota === other.desiredQuota &&
      this.annual === other.annual &&
      this.nextCharge === other.nextCharge &&
      this.url === other.url &&
      this.clientSecret === other.clientSecret &&
      this.error === other.error &&
      this.expiry === other.expiry
    );
  }

  /** The map of section 12.8. */
  toCbor(): CborValue {
    return cborMap([
      ['err', this.error],
      ['url', this.url],
      ['annual', this.annual],
      ['expiry', this.expiry],
      ['freeQuota', this.freeQuota],
      ['nextCharge', this.nextCharge],
      ['desiredQuota', this.desiredQuota],
      ['client_secret', this.clientSecret],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
