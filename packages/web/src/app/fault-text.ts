import { EngineError } from '../engine/engine-fault.js';
import { belowHome } from '../engine/paths.js';
import { formatSize } from '../i18n/format.js';
import { passwordProblemId } from '../i18n/password-problems.js';
import type { TextFunction, TextId } from '../i18n/text.js';

/** As the guide of the password policy says. */
const MIN_PASSWORD_LENGTH = 12;

const byCode: ReadonlyMap<string, TextId> = new Map([
  ['quota', 'error.quota'],
  ['rate', 'error.rate'],
  ['storage', 'error.storage'],
  ['limit', 'error.limit'],
  ['not-found.file', 'error.notFound'],
  ['not-found.chat', 'error.notFound'],
  ['not-found.message', 'error.notFound'],
  ['not-found.user', 'error.noUser'],
  ['not-found.recipient', 'error.noRecipient'],
  ['conflict.exists', 'error.exists'],
  ['conflict.source', 'error.source'],
  ['denied.session', 'error.session'],
  ['denied.file', 'error.denied'],
  ['crypto.worker', 'error.worker'],
]);

const bySignUpReason: ReadonlyMap<unknown, TextId> = new Map([
  ['closed', 'error.signup.closed'],
  ['token', 'error.signup.token'],
  ['username', 'error.signup.username'],
]);

const byUnsupported: ReadonlyMap<unknown, TextId> = new Map([
  ['insecure', 'error.insecure'],
  ['clock', 'error.clock'],
  ['no-streams', 'error.noStreams'],
  ['security-key', 'error.securityKey'],
  ['storage', 'error.keep'],
]);

/** Whether a password was refused; by a call that takes the name of the account from the session, it was the wrong one. */
export function isWrongPassword(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'denied.login' && error.data['needsSecondFactor'] !== true;
}

/** Whether it says that something damaged keeps everything else from getting new keys, and that it can be left out. */
export function canLeaveOut(error: unknown): boolean {
  return error instanceof EngineError && error.data['canLeaveOut'] === true;
}

/** What a person reads of an error: from the catalogue, chosen by its code. What happened, and what helps. */
export function faultText(error: unknown, text: TextFunction): string {
  if (!(error instanceof EngineError)) return text('error.internal', { code: 'page' });
  const { code, data } = error;
  if (canLeaveOut(error) && typeof data['path'] === 'string') return text('error.leaveOut', { name: belowHome(data['path']) });
  if (code === 'network') {
    // Without a reason the server was reached, and could not do it.
    if (data['reason'] === undefined && Number(data['status'] ?? 0) >= 500) return text('error.server');
    return text(data['reason'] === 'unknown-outcome' ? 'error.unknownOutcome' : 'error.network');
  }
  if (code === 'argument' && data['field'] === 'entry.path') return text('error.name');
  if (code === 'denied.login') return text(data['needsSecondFactor'] === true ? 'error.factor' : 'error.login');
  if (code === 'denied.signup') return text(bySignUpReason.get(data['reason']) ?? 'error.signup.closed');
  if (code === 'denied.password')
    return text(passwordProblemId(data['reason']), { count: Number(data['minLength'] ?? MIN_PASSWORD_LENGTH) });
  if (code === 'unsupported') {
    const unsupported = byUnsupported.get(data['reason']);
    if (unsupported !== undefined) return text(unsupported, { minutes: Number(data['minutes'] ?? 0) });
  }
  if (code === 'quota' && typeof data['owner'] === 'string') return text('error.quota.of', { name: data['owner'] });
  // What the server says is of the part that did not fit any more: the whole needs more than that.
  if (code === 'quota' && data['status'] === undefined && Number(data['missing'] ?? 0) > 0)
    return text('error.quota.missing', { size: formatSize(Number(data['missing']), document.documentElement.lang) });
  const own = byCode.get(code);
  if (own !== undefined) return text(own);
  if (code.startsWith('conflict.')) return text('error.changed');
  if (code.startsWith('format.') || code.startsWith('crypto.') || code.startsWith('not-found.') || code === 'denied.stale')
    return text('error.damaged');
  if (code.startsWith('denied.')) return text('error.denied');
  return text('error.internal', { code });
}
