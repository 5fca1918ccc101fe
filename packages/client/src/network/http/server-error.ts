import { decodeTrailer } from '@pyrgos/core/api';
import {
  ConflictError,
  DeniedError,
  type ErrorCode,
  type ErrorData,
  FormatError,
  NotFoundError,
  printable,
  PyrgosError,
} from '@pyrgos/core/errors';
import { MAX_SERVER_TEXT_LENGTH } from '@pyrgos/core/limits';
import { parsePointerConflict, pointerConflictError } from '@pyrgos/core/model';
import type { NetworkArea } from '../request-observer.js';

/** An answer that is no success. */
export interface FailedAnswer {
  readonly area: NetworkArea;
  readonly method: string;
  readonly status: number;
  /** The raw `Trailer` header, if there is one. */
  readonly trailer: string | undefined;
}

type Failure = (text: string, answer: FailedAnswer) => PyrgosError;
type Family<Prefix extends string> = Extract<ErrorCode, `${Prefix}.${string}`>;

const denied =
  (code: Family<'denied'>, message: string, data: ErrorData = {}): Failure =>
  () =>
    new DeniedError(code, message, data);
const missing =
  (code: Family<'not-found'>, message: string): Failure =>
  () =>
    new NotFoundError(code, message);
const plain =
  (code: 'limit' | 'rate' | 'quota' | 'network' | 'unsupported', message: string, retry: 'safe' | 'never' = 'never'): Failure =>
  (_, { status }) =>
    new PyrgosError(code, message, { retry, data: { status } });
/** There is no server at the moment; somebody in front of it, or it itself on its way out, says so. */
const unavailable =
  (message: string): Failure =>
  (_, { status }) =>
    new PyrgosError('network', message, { retry: 'safe', data: { status, reason: 'unavailable' } });
const login = (reason: string, message: string): Failure => denied('denied.login', message, { reason });
const signup = (reason: string, message: string): Failure => denied('denied.signup', message, { reason });

/** Our code for a refusal that differs by what was asked for. */
const byArea = (message: string, codes: Partial<Record<NetworkArea, Family<'denied'>>>): Failure => {
  return (_, { area }) => new DeniedError(codes[area] ?? 'denied.auth', message);
};

const overloaded = plain('rate', 'The server has too much to do. Try again in a while.', 'safe');
const unknownWriter = byArea(
  'The server does not know the writer: it takes only what an account has signed that it can trace the writer to.',
  {
    blocks: 'denied.block',
    pointers: 'denied.pointer',
  },
);

function quotaReached(text: string, { status }: FailedAnswer): PyrgosError {
  const numbers = /Used (-?[0-9]{1,15}) out of ([0-9]{1,15}) bytes\. Rejecting write of size ([0-9]{1,15})/u.exec(text);
  const [used = 0, quota = 0, size = 0] = (numbers ?? []).slice(1).map(Number);
  return new PyrgosError('quota', 'The storage quota of this account is reached. Delete some files or ask for more space.', {
    data: { status, ...(numbers === null ? {} : { used, quota, size, missing: Math.max(0, used + size - quota) }) },
  });
}

/** Pyrgos says when it ends; other servers say `tomorrow`. */
function uploadRate(text: string, { status }: FailedAnswer): PyrgosError {
  const [, seconds] = /More is allowed in ([0-9]{1,9}) seconds/u.exec(text) ?? [];
  return new PyrgosError('rate', 'This account has uploaded as much as it may for now. Try again later.', {
    data: { status, ...(seconds === undefined ? {} : { retryAfterSeconds: Number(seconds) }) },
  });
}

/** Servers begin the sentence in different ways, and may say more behind it. */
function diskFull(_: string, { status }: FailedAnswer): PyrgosError {
  return new PyrgosError(
    'storage',
    'The disk of the server is full; nothing was changed. Whoever runs the server has to free some space; then try again. Deleting files helps ' +
      'only after the server has collected its garbage.',
    { data: { status, reason: 'disk-full' } },
  );
}

function damagedBlock(): PyrgosError {
  return new FormatError('format.block', 'block', 'is damaged on the disk of the server; whoever runs it may have it in a backup');
}

function pointerConflict(text: string): PyrgosError {
  return pointerConflictError(parsePointerConflict(text.slice(text.indexOf('PointerCAS:'))));
}

function nameTaken(_: string, { method }: FailedAnswer): PyrgosError {
  if (method === 'updateChain') return new DeniedError('denied.chain', 'The server refuses this change of the account\u2019s keys.');
  return new ConflictError('conflict.exists', 'There is a user with this name already.');
}

/**
 * What servers say, by chapter 02 section 2.4 and the endpoints, and what it means. The texts stand anywhere in the message, because some
 * servers put a class name in front. The first that fits counts.
 */
const texts: readonly (readonly [text: string, failure: Failure])[] = [
  ['PointerCAS:', pointerConflict],
  ['CAS exception', () => new ConflictError('conflict.pointer', 'Another update of a mutable pointer was faster.')],
  ['Mutable pointer update failed', () => new ConflictError('conflict.pointer', 'Another update of a mutable pointer was faster.')],
  ['was changed at the same time', () => new ConflictError('conflict.pointer', 'The same thing was changed at the same time.')],
  ['Invalid sequence number update', denied('denied.pointer', 'The server has a newer version of this pointer.')],
  ['Storage quota reached!', quotaReached],
  ['No space quota for', plain('quota', 'This account has no space on the server.')],
  ['Not enough space quota!', plain('quota', 'This account has not enough space on the server.')],
  ['Upload bandwidth exceeded', uploadRate],
  ['Rate Limit:', plain('rate', 'The server limits how much is read. Try again later.')],
  ['Queue full', overloaded],
  ['Stale auth time', denied('denied.stale', 'The clocks of this machine and of the server differ too much. Correct the clock.')],
  ['Illegal path for signed request', denied('denied.auth', 'The server takes the call for another one than was signed.')],
  [
    'Unauthori',
    byArea('The server does not accept the access token.', { blocks: 'denied.block', links: 'denied.link', core: 'denied.auth' }),
  ],
  ['Champ root not present locally', missing('not-found.block', 'The server does not have the root of this tree.')],
  ['Unknown writer on this server', unknownWriter],
  ['Writer not present on this server', unknownWriter],
  ['Write blocks to user', denied('denied.block', 'Blocks of this user go to the home server of the user.')],
  ['Invalid signature for block', denied('denied.block', 'The server does not accept the signature of a block.')],
  ['Block too big!', plain('limit', 'The server does not take blocks of this size.')],
  ['Too many caps', plain('limit', 'The server does not look up as many keys at once.')],
  ['Too many writes to auth!', plain('limit', 'The server does not authorise as many writes at once.')],
  ['Too many reads to auth!', plain('limit', 'The server does not authorise as many reads at once.')],
  ['has been banned from this server', denied('denied.pointer', 'The operator of the server has banned this writer.')],
  ['Pointer update too big!', plain('limit', 'The server does not take pointer updates of this size.')],
  ['Secret link expired!', denied('denied.link', 'The secret link has expired.', { reason: 'expired' })],
  ['Maximum link retrievals', denied('denied.link', 'The secret link was opened as often as it may be.', { reason: 'used-up' })],
  ['Please use the link owner', denied('denied.link', 'Only the server of the link\u2019s owner opens this link.', { reason: 'home' })],
  ['No secret link p', missing('not-found.link', 'There is no such secret link.')],
  ['Unknown identity key', missing('not-found.user', 'The server knows nobody with this identity.')],
  ['No such user on this server', missing('not-found.user', 'The server does not know this user.')],
  ['Nothing is published at this path', missing('not-found.file', 'Nothing is published at this path.')],
  ['Incorrect username or password', login('password', 'The username or the password is wrong.')],
  ['Invalid TOTP code', login('code', 'The code is wrong, or has expired.')],
  ['Invalid backup code', denied('denied.login', 'The backup code is wrong, or was used before.', { reason: 'code', isBackupCode: true })],
  [
    'Invalid security key response: it was made for another site',
    login(
      'origin',
      'The security key has answered for another address than that of the server: the page has to be opened at the address that the server has.',
    ),
  ],
  ['Invalid security key response', login('code', 'The server does not accept the answer of the security key.')],
  ['Unknown credential id', login('factor', 'This second factor does not exist any more.')],
  ['Please login on your home server', login('home', 'This account belongs to another server: log in there.')],
  [
    'User has been deleted',
    () => new NotFoundError('not-found.user', 'User has been deleted. Did you mean a different username?', { deleted: true }),
  ],
  ['Your subscription has expired', login('subscription', 'The subscription of this account has expired.')],
  ['Too many wrong codes', plain('rate', 'There were too many wrong codes. Try again in some minutes.')],
  ['Too many multi factor auth methods', plain('limit', 'This account has as many second factors as it may have.')],
  ['Too many password changes', plain('rate', 'The password was changed too often. Try again tomorrow.')],
  ['Too many incomplete password changes', plain('rate', 'The password was changed too often. Try again tomorrow.')],
  ['Invalid password change', denied('denied.password', 'The server does not accept this change of the password.')],
  [
    'Invalid signup token',
    signup('token', 'The sign-up token is not valid, or was used before. Ask whoever runs the server for another link.'),
  ],
  [
    'not currently accepting new sign ups',
    signup(
      'closed',
      'This server takes a new account only with a sign-up token. Ask whoever runs it for a sign-up link, and give its token.',
    ),
  ],
  ['Trying to signup to wrong host', signup('host', 'The claim of the username names another server.')],
  ['Invalid signup data!', signup('data', 'The server does not accept the data of the new account.')],
  ['The identity key is in use by another account', signup('key', 'There is an account with this key already.')],
  ['Invalid username', signup('username', 'The server does not accept this username.')],
  ['User already exists', nameTaken],
  ['Invalid key cha', denied('denied.chain', 'The server does not accept this chain of username claims.')],
  ['User is not an admin', denied('denied.admin', 'This account does not administer the server.')],
  ['Replay attack?', denied('denied.stale', 'The clocks of this machine and of the server differ too much. Correct the clock.')],
  ['Please wait before sending more messages', denied('denied.message', 'There were too many messages. Try again in an hour.')],
  ['Invalid send time on message', denied('denied.message', 'The clocks of this machine and of the server differ too much.')],
  ['The mailbox is full', denied('denied.message', 'The mailbox of the operator is full.')],
  ['Unimplemented call!', plain('unsupported', 'The server does not offer this.')],
  ['Unknown method', plain('unsupported', 'The server does not know this call.')],
  ['does not offer paid accounts', plain('unsupported', 'The server does not offer paid accounts.')],
  ['does not take migrated accounts', plain('unsupported', 'The server does not take accounts of other servers.')],
  ['does not have an instance bat', plain('unsupported', 'The server does not give snapshots of its accounts.')],
  ['server is stopping', unavailable('The server is stopping.')],
  ['server is shutting down', unavailable('The server is stopping.')],
  ['Unable to find home server', plain('network', 'The home server of the user is not known.')],
  ['Target not found', plain('network', 'The home server of the user cannot be reached.', 'safe')],
  ['disk is full', diskFull],
  ['disk quota is used up', diskFull],
  ['A stored block is damaged', damagedBlock],
  ['The block store could not be', plain('network', 'The server has a problem with its storage.')],
  ['Storage error', plain('network', 'The server has a problem with its storage.')],
  ['Internal error', plain('network', 'Something went wrong inside the server.')],
];

/** What a status means when the text says nothing. */
const statuses: ReadonlyMap<number, Failure> = new Map<number, Failure>([
  [401, denied('denied.auth', 'The server asks for a user and password of its own (basic authentication).', { status: 401 })],
  [403, denied('denied.auth', 'The server does not answer calls from here.', { status: 403 })],
  [404, plain('unsupported', 'The server does not know this call, or is not meant by this name.')],
  [405, plain('unsupported', 'The server does not allow this call.')],
  [408, plain('network', 'The request did not reach the server in time.', 'safe')],
  [413, plain('limit', 'The server does not take requests of this size.')],
  [414, plain('limit', 'The server does not take addresses of this length.')],
  [429, overloaded],
  [431, plain('limit', 'The server does not take headers of this size.')],
  [502, unavailable('The server behind the gateway does not answer.')],
  [503, unavailable('The server is not available at the moment.')],
  [504, unavailable('The server behind the gateway does not answer.')],
]);

/** Longest header that is decoded; ours has at most 4096 characters. */
const MAX_TRAILER_LENGTH = 16_384;
/** Digits of keys, tokens, hashes and the like: an error must not show any, whoever put it there. */
const LONG_WORD = /[A-Za-z0-9_-]{24,}/gu;

/** A server's own words, fit for an error: short, printable, no markup even where they are shown as such, and without anything that could be a key. */
function cleaned(text: string): string {
  return printable(
    text
      .slice(0, 4 * MAX_SERVER_TEXT_LENGTH)
      .replaceAll(LONG_WORD, '\u2026')
      .replaceAll('<', '\u2039')
      .replaceAll('>', '\u203a')
      .trim(),
    MAX_SERVER_TEXT_LENGTH,
  );
}

/** What is left: a refusal whose reason we do not know, or an answer that is none. */
function unknownFailure(text: string, { status, method }: FailedAnswer): PyrgosError {
  if (status < 400) {
    const message = status === 0 || status >= 300 ? 'The server leads to another place, which is not followed.' : 'The answer is none.';
    return new PyrgosError('network', message, { data: { status, call: method } });
  }
  if (status >= 500) return new PyrgosError('network', 'Something went wrong inside the server.', { data: { status, call: method } });
  const said = cleaned(text);
  const message = said === '' ? 'The server refuses the call and gives no reason.' : `The server refuses the call: ${said}`;
  return new DeniedError('denied.request', message, { status, call: method, ...(said === '' ? {} : { said }) });
}

/**
 * The error that an answer means which is no success (chapter 02 sections 2.4 and 19.1): the one place where servers' texts are understood.
 * Its message is ours; only a refusal for an unknown reason, `denied.request`, quotes the server, in `data.said` too.
 */
export function serverError(answer: FailedAnswer): PyrgosError {
  const text = decodeTrailer((answer.trailer ?? '').slice(0, MAX_TRAILER_LENGTH));
  const known = texts.find(([part]) => text.includes(part))?.[1];
  const failure = known ?? statuses.get(answer.status) ?? unknownFailure;
  return failure(text, answer);
}
