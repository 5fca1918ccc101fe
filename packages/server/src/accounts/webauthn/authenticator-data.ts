import { copyBytes, concatBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_CREDENTIAL_ID_SIZE } from '@pyrgos/core/limits';
import { CoseKey } from './cose-key.js';
import { readLenientCbor, readLenientMap } from './lenient-cbor.js';
import { refuseWebauthn } from './webauthn-error.js';

const AAGUID_SIZE = 16;
const RP_ID_HASH_SIZE = 32;
const HEADER_SIZE = RP_ID_HASH_SIZE + 1 + 4;

const Flag = { userPresent: 0x01, backupEligible: 0x08, backupState: 0x10, attestedData: 0x40, extensions: 0x80 } as const;

/**
 * A registered credential: AAGUID(16), length(2) and credential id, COSE key (chapter 05 section 15.6). Immutable; shares no memory with
 * what it was read from.
 */
export class AttestedCredential {
  private constructor(
    /** The authenticator's model, all zero when it does not say. Claimed: attestation is not verified. */
    readonly claimedAaguid: Uint8Array,
    readonly credentialId: Uint8Array,
    /** The COSE key, byte for byte as the authenticator wrote it. */
    readonly keyBytes: Uint8Array,
    readonly publicKey: CoseKey,
  ) {}

  /** Puts a credential together. DeniedError `denied.login` for an over-long id or an unusable key. */
  static of(aaguid: Uint8Array, credentialId: Uint8Array, keyBytes: Uint8Array): AttestedCredential {
    if (aaguid.length !== AAGUID_SIZE) return refuseWebauthn('the credential is malformed');
    if (credentialId.length === 0 || credentialId.length > MAX_CREDENTIAL_ID_SIZE)
      return refuseWebauthn('the credential id has a bad size');
    const key = CoseKey.of(readMap(keyBytes));
    return new AttestedCredential(copyBytes(aaguid), copyBytes(credentialId), copyBytes(keyBytes), key);
  }

  /** Reads one at `start`; `end` is the offset after it. */
  static read(bytes: Uint8Array, start = 0): { readonly credential: AttestedCredential; readonly end: number } {
    const idStart = start + AAGUID_SIZE + 2;
    if (bytes.length < idStart) return refuseWebauthn('the credential is malformed');
    const idLength = new DataView(bytes.buffer, bytes.byteOffset).getUint16(start + AAGUID_SIZE);
    const keyStart = idStart + idLength;
    if (bytes.length <= keyStart) return refuseWebauthn('the credential is malformed');
    const { end } = readItem(bytes, keyStart);
    const credential = AttestedCredential.of(
      bytes.subarray(start, start + AAGUID_SIZE),
      bytes.subarray(idStart, keyStart),
      bytes.subarray(keyStart, end),
    );
    return { credential, end };
  }

  /** The bytes inside the authenticator data. */
  encode(): Uint8Array {
    const { length } = this.credentialId;
    return concatBytes(this.claimedAaguid, Uint8Array.of(length >> 8, length & 255), this.credentialId, this.keyBytes);
  }
}

/** Authenticator data (WebAuthn section 6.1), checked for its form. */
export interface AuthenticatorData {
  readonly rpIdHash: Uint8Array;
  readonly userPresent: boolean;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
  /** The signature counter, 0 when the authenticator has none. */
  readonly counter: number;
  /** Present at registration. */
  readonly credential: AttestedCredential | undefined;
}

/** Reads authenticator data; extensions are skipped. DeniedError `denied.login` when it is malformed. */
export function readAuthenticatorData(bytes: Uint8Array): AuthenticatorData {
  if (bytes.length < HEADER_SIZE) return refuseWebauthn('the authenticator data is malformed');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(RP_ID_HASH_SIZE);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  let end = HEADER_SIZE;
  let credential: AttestedCredential | undefined;
  if (has(Flag.attestedData)) ({ credential, end } = AttestedCredential.read(bytes, end));
  if (has(Flag.extensions)) {
    const extensions = readItem(bytes, end);
    if (!extensions.isMap) return refuseWebauthn('the authenticator data is malformed');
    ({ end } = extensions);
  }
  if (end !== bytes.length) return refuseWebauthn('the authenticator data is malformed');
  return {
    rpIdHash: bytes.subarray(0, RP_ID_HASH_SIZE),
    userPresent: has(Flag.userPresent),
    backupEligible: has(Flag.backupEligible),
    backupState: has(Flag.backupState),
    counter: view.getUint32(RP_ID_HASH_SIZE + 1),
    credential,
  };
}

/** The authenticator data inside an attestation object. The statement must be there, but nobody verifies it (chapter 05 section 15.6). */
export function authenticatorDataOf(attestationObject: Uint8Array): Uint8Array {
  const object = readMap(attestationObject);
  const authenticatorData = object.get('authData');
  const statement = object.get('attStmt');
  const isStatement = statement instanceof Map || Array.isArray(statement);
  if (typeof object.get('fmt') !== 'string' || !isStatement || !(authenticatorData instanceof Uint8Array)) {
    return refuseWebauthn('the attestation object is malformed');
  }
  return authenticatorData;
}

function readMap(bytes: Uint8Array): ReturnType<typeof readLenientMap> {
  return refusing(() => readLenientMap(bytes));
}

function readItem(bytes: Uint8Array, start: number): { readonly isMap: boolean; readonly end: number } {
  return refusing(() => {
    const { value, end } = readLenientCbor(bytes, start);
    return { isMap: value instanceof Map, end };
  });
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PyrgosError) return refuseWebauthn('it holds malformed CBOR');
    throw error;
  }
}
