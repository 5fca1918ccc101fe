import { basename, dirname } from 'node:path';
import { PyrgosError, QuotaError, RateError } from '@pyrgos/client';
import { formatSize } from '@pyrgos/server/config';
import { commandName } from '../command-name.js';
import { ExitCode } from '../exit-code.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { argumentText } from './argument-text.js';
import { isPartName } from './part-files.js';

/** What is told about something that failed. */
export interface Explained {
  /** For people: what happened, and what to do next. Not yet safe for a terminal. */
  readonly text: string;
  readonly exitCode: number;
  /** What the system could not do something with; absent where the text names it. */
  readonly local?: string;
}

/** Errors of the disk of this machine, by the name that the system gives them. */
const SYSTEM_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder on this machine'],
  ['EACCES', 'the permissions on this machine do not allow it'],
  ['EPERM', 'this machine does not allow it'],
  ['EROFS', 'the disk of this machine is read-only'],
  ['ENAMETOOLONG', 'the name or path is longer than the disk of this machine takes'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is no folder'],
  ['EINVAL', 'the disk of this machine cannot have this name'],
  ['EILSEQ', 'the disk of this machine cannot have this name'],
  [
    'EFBIG',
    'the file is larger than this user may write (ulimit -f shows how large) or than this disk takes: raise the limit, or take another disk',
  ],
  ['EIO', 'the disk of this machine is failing'],
]);

/** A disk that takes no more. */
const FULL_DISKS: ReadonlyMap<string, (disk: string) => string> = new Map([
  ['ENOSPC', (disk) => `${disk} is full`],
  ['EDQUOT', (disk) => `your quota on ${disk} is used up`],
]);

/** Explains an error of the client, of the disk of this machine, or of the command itself. Everything else is a bug and is thrown. */
export function explainError(error: unknown): Explained {
  if (error instanceof UsageError) return { text: error.message, exitCode: ExitCode.usage };
  if (error instanceof PyrgosError) return { text: textOf(error), exitCode: exitCodeOf(error) };
  const system = systemCode(error);
  if (system === undefined) throw error;
  const full = FULL_DISKS.get(system);
  if (full !== undefined)
    return { text: `${full(diskOf(error))}: make room there and run the same command again`, exitCode: ExitCode.full };
  const exitCode = system === 'ENOENT' ? ExitCode.notFound : ExitCode.failed;
  const path = pathOfSystem(error);
  // Nobody knows an unfinished download by its name.
  const local = path !== undefined && isPartName(basename(path)) ? dirname(path) : path;
  return { text: SYSTEM_ERRORS.get(system) ?? `the system says ${system}`, exitCode, ...(local === undefined ? {} : { local }) };
}

/** The word by which programs tell errors apart: the code of the client, or that of the system. */
export function codeOf(error: unknown): string {
  return error instanceof PyrgosError ? error.code : (systemCode(error) ?? 'internal');
}

/** Whether nothing further can work after this error: the connection, the session, the account or the disk is at its end, or it is a bug. */
export function endsEverything(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  if (!(error instanceof PyrgosError)) return ['ENOSPC', 'EDQUOT', 'EROFS', undefined].includes(systemCode(error));
  return ['network', 'aborted', 'quota', 'rate', 'storage', 'internal', 'denied.session', 'denied.auth', 'denied.login'].includes(
    error.code,
  );
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return String(error.code);
}

/** Names the disk by the folder that the system had to write into, where it is known: a machine may have many. */
function diskOf(error: unknown): string {
  const path = pathOfSystem(error);
  return path === undefined ? 'the disk of this machine' : `the disk that holds the folder ${dirname(path)}`;
}

function pathOfSystem(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

function textOf(error: PyrgosError): string {
  const { code, data, message } = error;
  if (data['canLeaveOut'] === true)
    return `${pathOf(error)} is damaged and cannot get new keys, so nothing has changed: remove it, or have the server restored, and repeat the command; with --leave-out-damaged it goes on without it, and it is gone then`;
  switch (code) {
    case 'quota':
      return quotaText(error);
    case 'rate':
      return rateText(error);
    case 'network':
      return networkText(error);
    case 'not-found.user':
      return userText(error);
    case 'not-found.file':
      return `there is nothing at ${pathOf(error)}${typeof data['advice'] === 'string' ? `: ${data['advice']}` : ''}`;
    case 'conflict.exists':
      if (data['local'] !== undefined || data['username'] !== undefined) return message;
      return `there is something at ${pathOf(error)} already: take another name, remove it first, or say --replace where the command has it`;
    case 'conflict.file':
      if (data['isDirectory'] === true) return `${pathOf(error)} is a directory`;
      if (data['isDirectory'] === false) return `${pathOf(error)} is a file, not a directory`;
      return `${message} Look what is there now, and try again`;
    case 'conflict.source':
      return 'the file changed while it was read: run the same command again';
    case 'denied.login':
      return loginText(error);
    case 'denied.link':
      return linkText(error);
    case 'format.link':
      return 'the link is not complete: copy it again, with all that stands behind the #';
    case 'denied.auth':
      return `${message} Is the clock of this machine right? ${commandName} doctor looks`;
    case 'argument':
      return argumentText(error);
    case 'aborted':
      return 'stopped; what was finished stays. Run the same command again to go on';
    default:
      // Some say already what to do.
      if (code.startsWith('conflict.') && !message.endsWith('again.')) return `${message} Somebody else changes the same thing: try again`;
      return message;
  }
}

function pathOf({ data }: PyrgosError): string {
  return typeof data['path'] === 'string' ? data['path'] : 'this path';
}

/** Whose account an error of this kind is about, where it is that of somebody else. */
const ownersOfFull = new WeakMap<PyrgosError, string>();

/** Notes whose account is full when something could not be stored at `path`, for {@link explainError}: what is in the directory of somebody else counts there. Returns the error. */
export function aboutPlace(error: unknown, path: string, own: string): unknown {
  const [, owner = ''] = path.split('/');
  if (error instanceof PyrgosError && error.code === 'quota' && own !== `/${owner}` && !own.startsWith(`/${owner}/`))
    ownersOfFull.set(error, owner);
  return error;
}

function quotaText(error: PyrgosError): string {
  const { missing, quota, reason, used } = error instanceof QuotaError ? error.data : {};
  const owner = ownersOfFull.get(error);
  if (owner !== undefined) {
    const room = quota === undefined || used === undefined ? '' : `: ${formatSize(used)} of ${formatSize(quota)} are in use there`;
    return `the account of '${printableName(owner)}', which this would be stored in, is full${room}. Nothing of yours is in the way: ask them to make room. What was uploaded stays; run the same command again then`;
  }
  const numbers = quota === undefined || used === undefined ? '' : `: ${formatSize(used)} of ${formatSize(quota)} are in use`;
  if (reason === 'reserve')
    return `the account is nearly full${numbers}, so long messages wait. Delete something (${commandName} du shows what is large), or ask for more: ${commandName} space --request SIZE. They come by themselves then`;
  const need = missing === undefined ? '' : `, and ${formatSize(missing)} more are needed`;
  return `the account is full${numbers}${need}. Delete something (${commandName} du shows what is large), or ask for more: ${commandName} space --request SIZE. What was uploaded stays; run the same command again then`;
}

function rateText(error: PyrgosError): string {
  const { reason, retryAfterSeconds: seconds } = error instanceof RateError ? error.data : {};
  const when = seconds === undefined ? 'tomorrow' : `in ${Math.max(1, Math.ceil(seconds / 60))} minutes`;
  if (reason === 'member') return `it is more than is taken of one member in a day; the rest comes later, ${when} at the latest`;
  return `as much was uploaded as the server takes in a day. What was uploaded stays: run the same command again ${when}`;
}

function userText({ data, message }: PyrgosError): string {
  if (typeof data['username'] !== 'string') return `${message} Is the name right, and is this the right server?`;
  const name = printableName(data['username']);
  return data['deleted'] === undefined
    ? `nobody is called '${name}': is the name right, and is this the right server?`
    : `'${name}': ${message}`;
}

function networkText({ data, message, retry }: PyrgosError): string {
  if (data['reason'] === 'not-peergos') return `${message} Is the address of the server right?`;
  if (data['reason'] === 'unreachable') return `${message} Is the address right, and does the server run? ${commandName} doctor looks`;
  if (retry === 'after')
    return `${message} The last change may have been made: look before you run the command again; what was finished stays`;
  return `${message} What was finished stays; run the same command again to go on`;
}

function loginText({ data, message }: PyrgosError): string {
  if (data['needsSecondFactor'] === true)
    return 'this account asks for a second factor: give the code that your app shows with --totp CODE';
  if (data['expired'] === true)
    return `what was kept opens the account no longer, perhaps because the password was changed: ${commandName} login`;
  if (data['isBackupCode'] === true) return `${message} Take another one, or the code that your app shows`;
  if (data['reason'] === 'factor') return `${message} Give a code of another one with --totp`;
  if (data['reason'] === 'code') return `${message} Wait for the next code of the app, and check the clock of both devices`;
  return `the server does not let you in (${message}): check user name, password, and whether Caps Lock is on`;
}

function linkText({ data, message }: PyrgosError): string {
  switch (data['reason']) {
    case 'password':
      return data['isMissing'] === true ? `${message} Say --link-password-file FILE` : `${message} Ask whoever sent you the link`;
    case 'link':
      return `${message} Copy it again, with all that stands behind the #`;
    case 'expired':
    case 'used-up':
      return `${message} Ask whoever sent it for a new one`;
    default:
      return message;
  }
}

function exitCodeOf({ code, data }: PyrgosError): number {
  // It was typed or copied.
  if (code === 'format.link') return ExitCode.usage;
  if (code === 'denied.link' && data['reason'] === 'invalid') return ExitCode.damaged;
  const [family] = code.split('.', 1);
  switch (family) {
    case 'not-found':
      return ['not-found.file', 'not-found.user', 'not-found.recipient', 'not-found.link', 'not-found.chat', 'not-found.message'].includes(
        code,
      )
        ? ExitCode.notFound
        : ExitCode.damaged;
    case 'denied':
      return ['denied.stale', 'denied.chain', 'denied.pointer', 'denied.proof'].includes(code) ? ExitCode.damaged : ExitCode.denied;
    case 'network':
      return ExitCode.network;
    case 'quota':
    case 'rate':
      return ExitCode.full;
    case 'storage':
      // A kept session that opens nothing.
      return data['reason'] === 'damaged' || data['reason'] === 'not-private' ? ExitCode.denied : ExitCode.full;
    case 'conflict':
      return ExitCode.conflict;
    case 'format':
    case 'crypto':
      return ExitCode.damaged;
    case 'aborted':
      return ExitCode.interrupted;
    // Something that was typed, a name that is too long for instance.
    case 'argument':
      return ExitCode.usage;
    default:
      return ExitCode.failed;
  }
}
