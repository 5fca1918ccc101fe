import { ArgumentError } from '../errors.js';
import { MAX_USERNAME_SIZE } from '../limits.js';

export { MAX_USERNAME_SIZE } from '../limits.js';

/** Names that nobody can register (chapter 05 section 2). */
export const RESERVED_USERNAMES: ReadonlySet<string> = new Set(
  (
    'ipfs ipns root http https dns admin administrator support email mail www web onion tls i2p ftp sftp file mailto wss xmpp ssh ' +
    'smtp imap irc matrix twitter facebook instagram linkedin wechat tiktok reddit snapchat qq whatsapp signal telegram briar ssb ' +
    'mastodon apple google pinterest constructor mls btc eth mnr zec friends followers username groups'
  ).split(' '),
);

const NEW_USERNAME = /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,31}$/;
/** Printable ASCII without space and slash. */
const WIRE_USERNAME = /^[!-.0-~]+$/;

/**
 * Whether a name may be registered (chapter 05 section 2): 1 to 32 of a-z, 0-9 and single inner hyphens, not reserved. Older accounts
 * break this rule, so it is for new names only.
 */
export function isNewUsername(text: string): boolean {
  return typeof text === 'string' && NEW_USERNAME.test(text) && !RESERVED_USERNAMES.has(text);
}

/**
 * Whether text can be the name of an existing account: 1 to MAX_USERNAME_SIZE printable ASCII characters without space and `/`
 * (chapter 05 sections 2 and 12.3).
 */
export function isWireUsername(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_USERNAME_SIZE && WIRE_USERNAME.test(text);
}

/** Requires {@link isWireUsername}; otherwise an ArgumentError for `field`. */
export function assertWireUsername(field: string, text: unknown): asserts text is string {
  if (!isWireUsername(text)) throw new ArgumentError(field, 'must be a username');
}
