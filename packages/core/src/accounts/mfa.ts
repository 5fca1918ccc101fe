import { assertBoolean, assertInstances, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { LimitError } from '../errors.js';
import { MAX_CREDENTIAL_ID_SIZE, MAX_MFA_METHODS, MAX_MFA_NAME_LENGTH } from '../limits.js';
import { assertBoundedBytes, assertText, boundedBytes, boundedText } from './bounded-fields.js';

/** Kinds of second factors (chapter 05 section 15.1). */
export const MfaType = {
  totp: 1,
  webauthn: 2,
  backupCodes: 3,
  mount: 4,
} as const;

/** Bytes of the challenge of a {@link MultiFactorAuthRequest}. */
export const MFA_CHALLENGE_SIZE = 32;

const MAX_INT32 = 0x7fffffff;

/** One second factor of an account as its owner sees it (chapter 05 section 15.1). Immutable. */
export class MultiFactorAuthMethod implements ToCbor {
  private constructor(
    /** Chosen by the user; for backup codes the number that is left, in decimal. */
    readonly name: string,
    /** Never modify it. */
    readonly credentialId: Uint8Array,
    /** Days since 1970-01-01. */
    readonly createdDay: number,
    /** One of {@link MfaType}, or a kind that we do not know. */
    readonly type: number,
    readonly enabled: boolean,
  ) {}

  /** Describes a factor. */
  static of(parts: {
    readonly name: string;
    readonly credentialId: Uint8Array;
    readonly createdDay: number;
    readonly type: number;
    readonly enabled: boolean;
  }): MultiFactorAuthMethod {
    assertObject('parts', parts);
    const { name, credentialId, createdDay, type, enabled } = parts;
    assertText('name', name, MAX_MFA_NAME_LENGTH);
    assertBoundedBytes('credentialId', credentialId, 1, MAX_CREDENTIAL_ID_SIZE);
    assertInteger('createdDay', createdDay, 0, MAX_INT32);
    assertInteger('type', type, 1, MAX_INT32);
    assertBoolean('enabled', enabled);
    return new MultiFactorAuthMethod(name, copyBytes(credentialId), createdDay, type, enabled);
  }

  /** Reads the map `{"n", "i", "c", "t", "e"}`. */
  static fromCbor(value: CborValue, where = 'MultiFactorAuthMethod'): MultiFactorAuthMethod {
    const fields = CborFields.map('format.account', where, value);
    return new MultiFactorAuthMethod(
      boundedText(fields, 'n', MAX_MFA_NAME_LENGTH),
      boundedBytes(fields, 'i', 1, MAX_CREDENTIAL_ID_SIZE),
      fields.integer('c', 0, MAX_INT32),
      fields.integer('t', 1, MAX_INT32),
      fields.boolean('e'),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): MultiFactorAuthMethod {
    return MultiFactorAuthMethod.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: MultiFactorAuthMethod | undefined): boolean {
    return (
      other instanceof MultiFactorAuthMethod &&
      this.name === other.name &&
      equalBytes(this.credentialId, other.credentialId) &&
      this.createdDay === other.createdDay &&
      this.type === other.type &&
      this.enabled === other.enabled
    );
  }

  /** The map `{"n", "i", "c", "t", "e"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.createdDay],
      ['e', this.enabled],
      ['i', this.credentialId],
      ['n', this.name],
      ['t', this.type],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The CBOR bytes of a list of factors: the answer of `listMfa` (chapter 05 section 6). */
export function encodeMfaMethods(methods: readonly MultiFactorAuthMethod[]): Uint8Array {
  checkMethods(methods);
  return encodeCbor(methods.map((method) => method.toCbor()));
}

/** Reads what {@link encodeMfaMethods} writes. LimitError beyond MAX_MFA_METHODS. */
export function decodeMfaMethods(bytes: Uint8Array): MultiFactorAuthMethod[] {
  return methodsFromCbor(decodeCbor(bytes), 'methods');
}

/** The server's question for a second factor at login (chapter 05 section 15.2). Immutable. */
export class MultiFactorAuthRequest implements ToCbor {
  private constructor(
    readonly methods: readonly MultiFactorAuthMethod[],
    /** 32 bytes for WebAuthn; never modify them. */
    readonly challenge: Uint8Array,
  ) {}

  /** Builds a request. */
  static of(methods: readonly MultiFactorAuthMethod[], challenge: Uint8Array): MultiFactorAuthRequest {
    checkMethods(methods);
    assertBytes('challenge', challenge, MFA_CHALLENGE_SIZE);
    return new MultiFactorAuthRequest([...methods], copyBytes(challenge));
  }

  /** Reads the map `{"m", "c"}`. */
  static fromCbor(value: CborValue, where = 'MultiFactorAuthRequest'): MultiFactorAuthRequest {
    const fields = CborFields.map('format.account', where, value);
    return new MultiFactorAuthRequest(
      methodsFromCbor(fields.list('m'), fields.path('m')),
      boundedBytes(fields, 'c', MFA_CHALLENGE_SIZE, MFA_CHALLENGE_SIZE),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): MultiFactorAuthRequest {
    return MultiFactorAuthRequest.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: MultiFactorAuthRequest | undefined): boolean {
    return (
      other instanceof MultiFactorAuthRequest &&
      this.methods.length === other.methods.length &&
      this.methods.every((method, i) => method.equals(other.methods[i])) &&
      equalBytes(this.challenge, other.challenge)
    );
  }

  /** The map `{"m", "c"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.challenge],
      ['m', this.methods.map((method) => method.toCbor())],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function checkMethods(methods: readonly MultiFactorAuthMethod[]): void {
  assertInstances('methods', methods, MultiFactorAuthMethod);
  if (methods.length > MAX_MFA_METHODS) throw new LimitError('second factors', methods.length, MAX_MFA_METHODS);
}

function methodsFromCbor(value: CborValue, where: string): MultiFactorAuthMethod[] {
  const fields = CborFields.list('format.account', where, value);
  if (fields.size > MAX_MFA_METHODS) throw new LimitError('second factors', fields.size, MAX_MFA_METHODS);
  return Array.from({ length: fields.size }, (_, i) => MultiFactorAuthMethod.fromCbor(fields.map(i), fields.path(i)));
}
