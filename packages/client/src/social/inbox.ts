import type { BlindFollowRequest } from '@pyrgos/core/accounts';
import type { CborValue } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import type { SymmetricKey } from '@pyrgos/core/keys';
import type { EntryPoint } from '@pyrgos/core/model';
import { FollowRequest } from '@pyrgos/core/social';
import { type Account, contextOf } from '../session/account.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { endsCall } from './peers.js';

/** Removals that are sent at a time. */
const REMOVALS_IN_FLIGHT = 4;
/** Beyond so many messages, half of what servers keep, those make room that the account cannot read. */
const CROWDED_INBOX = 50;

/** A request or an answer from the inbox, opened. Who has sent it is claimed. */
export interface Opened {
  readonly blind: BlindFollowRequest;
  /** A username, and not that of the account. */
  readonly sender: string;
  /** Read-only, or the null capability. */
  readonly entry: EntryPoint;
  readonly key: SymmetricKey | undefined;
}

/** What is in the inbox. */
export interface Inbox {
  /** Oldest first. */
  readonly opened: readonly Opened[];
  /**
   * What was encrypted for this account and can never mean anything; of a crowded inbox also what cannot be decrypted, with which others could close it for good. What cannot be
   * decrypted otherwise is neither: it stays where it is.
   */
  readonly worthless: readonly BlindFollowRequest[];
}

/**
 * Fetches and opens the inbox of an account. An account without boxing key has none that it could read. Where the account has another boxing key by now than this
 * session, what cannot be decrypted is never worthless: another device may read it.
 */
export async function readInbox(account: Account, signal: AbortSignal | undefined): Promise<Inbox> {
  const opened: Opened[] = [];
  const worthless: BlindFollowRequest[] = [];
  if (!account.hasBoxing) return { opened, worthless };
  const all = await contextOf(account).network.social.getFollowRequests(account.identity, signal);
  const unreadable: BlindFollowRequest[] = [];
  for (const blind of all) {
    const item = open(account, blind);
    if (item === 'worthless') worthless.push(blind);
    else if (item === 'unreadable') unreadable.push(blind);
    else if (item !== undefined) opened.push(item);
  }
  if (all.length > CROWDED_INBOX && unreadable.length > 0 && (await hasPublishedKey(account, signal))) worthless.push(...unreadable);
  return { opened, worthless };
}

/** Removes requests from the inbox. What cannot be removed now is found there again, and removed then. */
export async function removeRequests(
  account: Account,
  requests: readonly BlindFollowRequest[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { social } = contextOf(account).network;
  await forEachAtOnce(requests, REMOVALS_IN_FLIGHT, async (request) => {
    try {
      await social.removeFollowRequest(request, account.identity, signal);
    } catch (error) {
      if (endsCall(error)) throw error;
    }
  });
}

/** Whether the boxing key of this session is the one with which others encrypt now, as the server shows it. */
async function hasPublishedKey({ boxing, crypto, identity, sessions }: Account, signal: AbortSignal | undefined): Promise<boolean> {
  const owner = identity.publicKeyHash;
  const committed = (await sessions.of(owner).readCommitted(owner, { fresh: true, signal })).get(owner);
  return committed?.writerData?.inbound?.equals(boxing.publicKey.hash(crypto)) === true;
}

function open({ crypto, boxing, username }: Account, blind: BlindFollowRequest): Opened | 'worthless' | 'unreadable' | undefined {
  const value = opening(() => blind.cipherText.open(crypto, boxing.secretKey, blind.ephemeralKey));
  if (typeof value === 'string') return value === 'unreadable' ? value : undefined;
  const request = unlessTyped(() => FollowRequest.fromCbor(value.content));
  const entry = request?.entryPoint;
  // A capability for writing was given by nobody of sound mind, and it must not be kept here.
  if (entry === undefined || entry.ownerName === username || entry.capability.isWritable) return 'worthless';
  return { blind, sender: entry.ownerName, entry, key: request?.key };
}

/** What is in a message; `failed` where it is not its fault that it cannot be opened. */
function opening(compute: () => CborValue): { readonly content: CborValue } | 'unreadable' | 'failed' {
  try {
    return { content: compute() };
  } catch (error) {
    if (!(error instanceof PyrgosError) || endsCall(error)) throw error;
    return error.code === 'crypto.authentication' || error.code.startsWith('format.') ? 'unreadable' : 'failed';
  }
}

function unlessTyped<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof PyrgosError && !endsCall(error)) return undefined;
    throw error;
  }
}
