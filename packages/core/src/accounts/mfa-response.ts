import { assertObject } from '../arguments.js';
import { assertBytes, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { LimitError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { MAX_CREDENTIAL_ID_SIZE, MAX_MFA_CODE_LENGTH, MAX_MFA_RESPONSE_SIZE } from '../limits.js';
import { assertBoundedBytes, assertText, boundedBytes, boundedText } from './bounded-fields.js';

/** What an authenticator gave (chapter 05 section 15.2). Immutable. Nothing is verified by parsing. */
export class WebauthnResponse implements ToCbor {
  private constructor(
    /** Authenticator data at login, the attestation object at registration; never modify it. */
    readonly authenticatorData: Uint8Array,
    /** The JSON bytes that were signed; never modify them. */
    readonly clientDataJson: Uint8Array,
    /** Empty at registration; never modify it. */
    readonly signature: Uint8Array,
  ) {}

  /** Copies the three byte strings. */
  static of(parts: {
    readonly authenticatorData: Uint8Array;
    readonly clientDataJson: Uint8Array;
    readonly signature: Uint8Array;
  }): WebauthnResponse {
    assertObject('parts', parts);
    const { authenticatorData, clientDataJson, signature } = parts;
    assertBoundedBytes('authenticatorData', authenticatorData, 0, MAX_MFA_RESPONSE_SIZE);
    assertBoundedBytes('clientDataJson', clientDataJson, 0, MAX_MFA_RESPONSE_SIZE);
    assertBoundedBytes('signature', signature, 0, MAX_MFA_RESPONSE_SIZE);
    return new WebauthnResponse(copyBytes(authenticatorData), copyBytes(clientDataJson), copyBytes(signature));
  }

  /** Reads the map `{"a", "c", "s"}`. */
  static fromCbor(value: CborValue, where = 'WebauthnResponse'): WebauthnResponse {
    const fields = CborFields.map('format.account', where, value);
    return new WebauthnResponse(
      boundedBytes(fields, 'a', 0, MAX_MFA_RESPONSE_SIZE),
      boundedBytes(fields, 'c', 0, MAX_MFA_RESPONSE_SIZE),
      boundedBytes(fields, 's', 0, MAX_MFA_RESPONSE_SIZE),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): WebauthnResponse {
    return WebauthnResponse.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: WebauthnResponse | undefined): boolean {
    return (
      other instanceof WebauthnResponse &&
      equalBytes(this.authenticatorData, other.authenticatorData) &&
      equalBytes(this.clientDataJson, other.clientDataJson) &&
      equalBytes(this.signature, other.signature)
    );
  }

  /** The map `{"a", "c", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.authenticatorData],
      ['c', this.clientDataJson],
      ['s', this.signature],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The answer to a server's question for a second factor (chapter 05 section 15.2). A secret: it may hold a backup code. Immutable. */
export class MultiFactorAuthResponse extends Secret implements ToCbor {
  protected readonly secretKind: string = 'MultiFactorAuthResponse';

  readonly #response: string | WebauthnResponse;

  private constructor(
    /** Never modify it. */
    readonly credentialId: Uint8Array,
    response: string | WebauthnResponse,
  ) {
    super();
    this.#response = response;
  }

  /** A code as it was typed, or what an authenticator gave. */
  get response(): string | WebauthnResponse {
    return this.#response;
  }

  /** Builds an answer. LimitError beyond MAX_MFA_RESPONSE_SIZE. */
  static of(credentialId: Uint8Array, response: string | WebauthnResponse): MultiFactorAuthResponse {
    assertBoundedBytes('credentialId', credentialId, 1, MAX_CREDENTIAL_ID_SIZE);
    if (!(response instanceof WebauthnResponse)) assertText('response', response, MAX_MFA_CODE_LENGTH);
    const value = new MultiFactorAuthResponse(copyBytes(credentialId), response);
    checkSize(value.encode().length);
    return value;
  }

  /** Reads the map `{"i", "r"}`. */
  static fromCbor(value: CborValue, where = 'MultiFactorAuthResponse'): MultiFactorAuthResponse {
    const fields = CborFields.map('format.account', where, value);
    return new MultiFactorAuthResponse(
      boundedBytes(fields, 'i', 1, MAX_CREDENTIAL_ID_SIZE),
      fields.value('r') instanceof Map
        ? WebauthnResponse.fromCbor(fields.map('r'), fields.path('r'))
        : boundedText(fields, 'r', MAX_MFA_CODE_LENGTH),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. LimitError beyond MAX_MFA_RESPONSE_SIZE. */
  static decode(bytes: Uint8Array): MultiFactorAuthResponse {
    assertBytes('bytes', bytes);
    checkSize(bytes.length);
    return MultiFactorAuthResponse.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: MultiFactorAuthResponse | undefined): boolean {
    return other instanceof MultiFactorAuthResponse && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"i", "r"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['i', this.credentialId],
      ['r', typeof this.response === 'string' ? this.response : this.response.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function checkSize(size: number): void {
  if (size > MAX_MFA_RESPONSE_SIZE) throw new LimitError('response to a second factor', size, MAX_MFA_RESPONSE_SIZE);
}
