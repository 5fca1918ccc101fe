import { MultiFactorAuthResponse, WebauthnResponse } from '@pyrgos/core/accounts';
import { assertBytes, copyBytes, equalBytes, utf8Decode, utf8Encode } from '@pyrgos/core/bytes';
import { ArgumentError, FormatError, LimitError } from '@pyrgos/core/errors';
import { MAX_CREDENTIAL_ID_SIZE, MAX_MFA_RESPONSE_SIZE } from '@pyrgos/core/limits';

/** Milliseconds that people have to touch their key (chapter 05 section 15.6). */
const TIMEOUT_MS = 60_000;
/** EdDSA, ES256, RS256, in the order of preference. */
const ALGORITHMS: readonly number[] = [-8, -7, -257];
/** SHA-256 of the relying party's id, flags, counter. */
const AUTHENTICATOR_DATA_SIZE = 37;
const FLAGS_OFFSET = 32;
const USER_PRESENT = 0x01;
const MAX_CLIENT_DATA_SIZE = 2048;

/** What an authenticator is asked to create (WebAuthn `navigator.credentials.create`). */
export interface SecurityKeyCreation {
  readonly challenge: Uint8Array;
  readonly relyingPartyName: string;
  readonly userId: Uint8Array;
  readonly username: string;
  /** COSE algorithms, the preferred one first. */
  readonly algorithms: readonly number[];
  readonly timeout: number;
}

/** What an authenticator is asked to sign (WebAuthn `navigator.credentials.get`). */
export interface SecurityKeyQuestion {
  readonly challenge: Uint8Array;
  readonly credentialIds: readonly Uint8Array[];
  readonly timeout: number;
}

/** A created credential. */
export interface CreatedCredential {
  readonly rawId: Uint8Array;
  readonly attestationObject: Uint8Array;
  readonly clientDataJson: Uint8Array;
}

/** A signed challenge. */
export interface SignedChallenge {
  readonly rawId: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly clientDataJson: Uint8Array;
  readonly signature: Uint8Array;
}

/** The browser's part of WebAuthn. Pages use {@link browserSecurityKeys}; other programs inject their own, and tests a virtual one. */
export interface SecurityKeys {
  /** Lets the user create a credential. */
  create(options: SecurityKeyCreation, signal?: AbortSignal): Promise<CreatedCredential>;
  /** Lets the user sign with one of the credentials. */
  sign(question: SecurityKeyQuestion, signal?: AbortSignal): Promise<SignedChallenge>;
}

/**
 * Lets the user create a credential for a challenge of the server, and looks at what comes back before it is sent (chapter 05 section
 * 15.6). FormatError `format.account` when it is for another challenge or not what an authenticator makes; LimitError when it is longer
 * than servers take.
 */
export async function registerSecurityKey(
  keys: SecurityKeys,
  challenge: Uint8Array,
  username: string,
  signal?: AbortSignal,
): Promise<MultiFactorAuthResponse> {
  const created = await keys.create(
    { challenge, relyingPartyName: 'Peergos', userId: utf8Encode(username), username, algorithms: ALGORITHMS, timeout: TIMEOUT_MS },
    signal,
  );
  const { rawId, attestationObject, clientDataJson } = created;
  checkClientData(clientDataJson, 'webauthn.create', challenge);
  checkSize(rawId, MAX_CREDENTIAL_ID_SIZE);
  checkSize(attestationObject, MAX_MFA_RESPONSE_SIZE);
  // The attested credential data has the length of the id in front of it (section 15.6).
  const attestedId = Uint8Array.of(rawId.length >> 8, rawId.length & 0xff, ...rawId);
  if (rawId.length === 0 || !contains(attestationObject, attestedId)) throw malformed('attests another credential');
  return MultiFactorAuthResponse.of(
    rawId,
    WebauthnResponse.of({ authenticatorData: attestationObject, clientDataJson, signature: new Uint8Array(0) }),
  );
}

/** Lets the user answer a question for a second factor with a security key (chapter 05 section 15.6). Errors as in registration. */
export async function signWithSecurityKey(
  keys: SecurityKeys,
  challenge: Uint8Array,
  credentialIds: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<MultiFactorAuthResponse> {
  if (credentialIds.length === 0) throw new ArgumentError('credentialIds', 'must not be empty');
  const signed = await keys.sign({ challenge, credentialIds, timeout: TIMEOUT_MS }, signal);
  const { rawId, authenticatorData, clientDataJson, signature } = signed;
  checkClientData(clientDataJson, 'webauthn.get', challenge);
  checkSize(rawId, MAX_CREDENTIAL_ID_SIZE);
  checkSize(authenticatorData, MAX_MFA_RESPONSE_SIZE);
  checkSize(signature, MAX_MFA_RESPONSE_SIZE);
  if (!credentialIds.some((id) => equalBytes(id, rawId))) throw malformed('is by a credential that was not asked for');
  if (authenticatorData.length < AUTHENTICATOR_DATA_SIZE) throw malformed('has too little authenticator data');
  if (((authenticatorData[FLAGS_OFFSET] ?? 0) & USER_PRESENT) === 0) throw malformed('was made without the user');
  if (signature.length === 0) throw malformed('has no signature');
  return MultiFactorAuthResponse.of(rawId, WebauthnResponse.of({ authenticatorData, clientDataJson, signature }));
}

/**
 * What is needed of `navigator.credentials`. Described here, so that programs for Node need no types of browsers; what the two are asked and
 * answer are the dictionaries and objects of WebAuthn.
 */
export interface BrowserCredentials {
  /** Registers a key. */
  create(options: object): Promise<object | null>;
  /** Lets a key sign. */
  get(options: object): Promise<object | null>;
}

/**
 * The security keys of a browser; `credentials` is `navigator.credentials`. Whatever the user does not want is a DOMException of the
 * browser, `NotAllowedError` for a refusal.
 */
export function browserSecurityKeys(credentials: BrowserCredentials): SecurityKeys {
  return {
    create: async (options, signal) => {
      const credential = await credentials.create({
        publicKey: {
          challenge: copyBytes(options.challenge),
          // Without an id the page's own domain counts.
          rp: { name: options.relyingPartyName },
          user: { id: copyBytes(options.userId), name: options.username, displayName: options.username },
          pubKeyCredParams: options.algorithms.map((alg) => ({ type: 'public-key', alg })),
          timeout: options.timeout,
        },
        ...(signal === undefined ? {} : { signal }),
      });
      const { rawId, response } = publicKeyCredential(credential);
      if (!('attestationObject' in response)) throw malformed('is no attestation');
      const { attestationObject, clientDataJSON } = response as AuthenticatorAttestationResponse;
      return { rawId, attestationObject: new Uint8Array(attestationObject), clientDataJson: new Uint8Array(clientDataJSON) };
    },
    sign: async (question, signal) => {
      const credential = await credentials.get({
        publicKey: {
          challenge: copyBytes(question.challenge),
          allowCredentials: question.credentialIds.map((id) => ({ type: 'public-key', id: copyBytes(id) })),
          timeout: question.timeout,
          userVerification: 'preferred',
        },
        ...(signal === undefined ? {} : { signal }),
      });
      const { rawId, response } = publicKeyCredential(credential);
      if (!('authenticatorData' in response)) throw malformed('is no assertion');
      const { authenticatorData, clientDataJSON, signature } = response as AuthenticatorAssertionResponse;
      return {
        rawId,
        authenticatorData: new Uint8Array(authenticatorData),
        clientDataJson: new Uint8Array(clientDataJSON),
        signature: new Uint8Array(signature),
      };
    },
  };
}

function publicKeyCredential(credential: object | null): { readonly rawId: Uint8Array; readonly response: AuthenticatorResponse } {
  if (credential === null || !('rawId' in credential) || !('response' in credential)) throw malformed('is no security key');
  const { rawId, response } = credential as PublicKeyCredential;
  return { rawId: new Uint8Array(rawId), response };
}

function malformed(problem: string): FormatError {
  return new FormatError('format.account', 'security key', problem);
}

/** What authenticators make is limited by what servers take (chapter 05 section 6). */
function checkSize(bytes: Uint8Array, maximum: number): void {
  assertBytes('security key', bytes);
  if (bytes.length > maximum) throw new LimitError('answer of the security key', bytes.length, maximum);
}

/** The client data must be JSON of the right kind for exactly this challenge. */
function checkClientData(json: Uint8Array, type: string, challenge: Uint8Array): void {
  assertBytes('clientDataJson', json);
  if (json.length > MAX_CLIENT_DATA_SIZE) throw malformed('has too much client data');
  let data: unknown;
  try {
    data = JSON.parse(utf8Decode(json) ?? '');
  } catch {
    throw malformed('has client data that is no JSON');
  }
  if (typeof data !== 'object' || data === null) throw malformed('has client data that is no object');
  const { type: actual, challenge: answered, origin } = data as Readonly<Record<string, unknown>>;
  if (actual !== type) throw malformed('answers another kind of question');
  if (answered !== base64Url(challenge)) throw malformed('answers another challenge');
  if (typeof origin !== 'string' || origin === '') throw malformed('does not say for which page');
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function contains(whole: Uint8Array, part: Uint8Array): boolean {
  for (let start = 0; start + part.length <= whole.length; start++) {
    if (part.every((byte, i) => byte === whole[start + i])) return true;
  }
  return false;
}
