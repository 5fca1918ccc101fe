import { MFA_CHALLENGE_SIZE } from '@pyrgos/core/accounts';
import { utf8Decode } from '@pyrgos/core/bytes';
import { refuseWebauthn } from './webauthn-error.js';

/** What the browser says about a ceremony (WebAuthn section 5.8.1). Claimed until the signature is verified. */
export interface ClientData {
  readonly type: string;
  readonly challenge: Uint8Array;
  readonly origin: string;
  /** Whether the page was framed by a page of another origin. */
  readonly crossOrigin: boolean;
}

/** The challenge of a text that is the unpadded base64url of MFA_CHALLENGE_SIZE bytes. */
function readChallenge(text: unknown): Uint8Array {
  if (typeof text !== 'string') return refuseWebauthn('the client data is malformed');
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== MFA_CHALLENGE_SIZE || bytes.toString('base64url') !== text) return refuseWebauthn('the challenge is not ours');
  return new Uint8Array(bytes);
}

/** Reads the client data JSON. Unknown members are ignored. DeniedError `denied.login` when it is malformed. Its size is bounded by the response. */
export function readClientData(bytes: Uint8Array): ClientData {
  const text = utf8Decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return refuseWebauthn('the client data is malformed');
  }
  if (typeof value !== 'object' || value === null) return refuseWebauthn('the client data is malformed');
  // A Map: a member may have any name, `__proto__` included.
  const members = new Map<string, unknown>(Object.entries(value));
  const [type, origin, crossOrigin] = [members.get('type'), members.get('origin'), members.get('crossOrigin')];
  if (typeof type !== 'string' || typeof origin !== 'string') return refuseWebauthn('the client data is malformed');
  if (crossOrigin !== undefined && typeof crossOrigin !== 'boolean') return refuseWebauthn('the client data is malformed');
  return {
    type,
    origin,
    challenge: readChallenge(members.get('challenge')),
    crossOrigin: crossOrigin === true || members.has('topOrigin'),
  };
}
