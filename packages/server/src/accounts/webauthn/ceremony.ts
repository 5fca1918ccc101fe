import { createHash } from 'node:crypto';
import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import type { WebauthnResponse } from '@pyrgos/core/accounts';
import { type AttestedCredential, type AuthenticatorData, authenticatorDataOf, readAuthenticatorData } from './authenticator-data.js';
import { type ClientData, readClientData } from './client-data.js';
import { WebauthnVerifier } from './webauthn-verifier.js';
import { refuseWebauthn } from './webauthn-error.js';

/** Who the relying party is: this server as browsers see it (chapter 05 section 15.6). */
export interface RelyingParty {
  /** `https://<public domain>`, or `http://localhost:<port>` without one. Compared as text. */
  readonly origin: string;
  /** Further ones, of pages that are being developed on this machine; default none. Compared as text. */
  readonly otherOrigins?: readonly string[];
  /** The public domain, or `localhost`. */
  readonly rpId: string;
}

/** Takes the challenge of a ceremony out of the store; false when it was never given out, has expired or was used before. */
export type RedeemChallenge = (challenge: Uint8Array) => boolean;

function sha256(bytes: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function checkClientData(clientData: ClientData, type: 'webauthn.create' | 'webauthn.get', party: RelyingParty): void {
  if (clientData.type !== type) refuseWebauthn('it belongs to another kind of ceremony');
  if (![party.origin, ...(party.otherOrigins ?? [])].includes(clientData.origin)) refuseWebauthn('it was made for another site');
  if (clientData.crossOrigin) refuseWebauthn('it was made in a frame of another site');
}

/** What holds for both ceremonies. User verification is not required: the password was the first factor. */
function checkAuthenticatorData(data: AuthenticatorData, party: RelyingParty): void {
  if (!equalBytes(data.rpIdHash, sha256(party.rpId))) refuseWebauthn('it was made for another site');
  if (!data.userPresent) refuseWebauthn('the user was not present');
  if (data.backupState && !data.backupEligible) refuseWebauthn('the backup flags contradict each other');
}

/**
 * Checks a registration (chapter 05 section 15.6, registration step 4) and returns what is to be stored. The attestation statement is
 * not verified, in whatever format: the user's own server does not care who made the user's security key. The challenge is used up
 * even when a later check fails. DeniedError `denied.login`.
 */
export function verifyRegistration(
  response: WebauthnResponse,
  party: RelyingParty,
  redeem: RedeemChallenge,
): { readonly verifier: WebauthnVerifier; readonly credential: AttestedCredential } {
  const clientData = readClientData(response.clientDataJson);
  if (!redeem(clientData.challenge)) refuseWebauthn('the challenge is unknown or has expired');
  checkClientData(clientData, 'webauthn.create', party);
  const data = readAuthenticatorData(authenticatorDataOf(response.authenticatorData));
  checkAuthenticatorData(data, party);
  const credential = data.credential ?? refuseWebauthn('there is no credential in it');
  return { verifier: WebauthnVerifier.of(credential, data.counter), credential };
}

/**
 * Checks an assertion (chapter 05 section 15.6, login step 3) and returns the verifier to be stored in its place, or the same one when
 * the authenticator does not count. DeniedError `denied.login`.
 */
export function verifyAssertion(
  response: WebauthnResponse,
  verifier: WebauthnVerifier,
  party: RelyingParty,
  redeem: RedeemChallenge,
): WebauthnVerifier {
  const clientData = readClientData(response.clientDataJson);
  if (!redeem(clientData.challenge)) refuseWebauthn('the challenge is unknown or has expired');
  checkClientData(clientData, 'webauthn.get', party);
  const data = readAuthenticatorData(response.authenticatorData);
  checkAuthenticatorData(data, party);
  const signed = concatBytes(response.authenticatorData, sha256(response.clientDataJson));
  if (!verifier.credential.publicKey.verify(signed, response.signature)) refuseWebauthn('the signature is not valid');
  if (data.counter === 0 && verifier.counter === 0) return verifier;
  // The text is for the owner: another device with the same key has been used.
  if (data.counter <= verifier.counter) refuseWebauthn('its counter went back, the security key may have been copied');
  return verifier.withCounter(data.counter);
}
