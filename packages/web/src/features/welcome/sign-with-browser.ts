import { browserSecurityKeys, type SecurityKeyQuestion } from '@pyrgos/client/session';
import type { LogInAnswer } from '../../engine/calls.js';

/** Lets the browser ask for a security key. Undefined when the person does not want to, or the browser cannot. */
export async function signWithBrowser(question: SecurityKeyQuestion, signal: AbortSignal): Promise<LogInAnswer | undefined> {
  // Absent outside secure contexts, whatever the types say.
  const credentials = navigator.credentials as CredentialsContainer | undefined;
  if (credentials === undefined) return undefined;
  return { kind: 'security-key', signed: await browserSecurityKeys(credentials).sign(question, signal) };
}
