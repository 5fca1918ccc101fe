import { DeniedError } from '@pyrgos/core/errors';

/** Refuses a WebAuthn registration or assertion. `problem` is one of our own fixed sentences; nothing of the request is repeated. */
export function refuseWebauthn(problem: string): never {
  throw new DeniedError('denied.login', `Invalid security key response: ${problem}`);
}
