import type { BlindFollowRequest } from '@pyrgos/core/accounts';
import { PyrgosError } from '@pyrgos/core/errors';
import type { SymmetricKey } from '@pyrgos/core/keys';
import type { EntryPoint } from '@pyrgos/core/model';
import { FollowRequest } from '@pyrgos/core/social';
import { type Account, contextOf } from '../session/account.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { endsCall } from './peers.js';

/** Removals that are sent at a time. */
const REMOVALS_IN_FLIGHT = 4;

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
  /** What was encrypted for this account and can never mean anything. What cannot be decrypted is neither: it stays where it is. */
  readonly worthless: readonly BlindFollowRequest[];
}

/** Fetches and opens the inbox of an account. An account without boxing key has none that it could read. */
export async function readInbox(account: Account, signal: AbortSignal | undefined): Promise<Inbox> {
  const opened: Opened[] = [];
  const worthless: BlindFollowRequest[] = [];
  if (!account.hasBoxing) return { opened, worthless };
  for (const blind of await contextOf(account).network.social.getFollowRequests(account.identity, signal)) {
    const item = open(account, blind);
    if (item === 'worthless') worthless.push(blind);
    else if (item !== undefined) opened.push(item);
  }
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

function open({ crypto, boxing, username }: Account, blind: BlindFollowRequest): Opened | 'worthless' | undefined {
  const value = unlessTyped(() => blind.cipherText.open(crypto, boxing.secretKey, blind.ephemeralKey));
  if (value === undefined) return undefined;
  const request = unlessTyped(() => FollowRequest.fromCbor(value));
  const entry = request?.entryPoint;
  // A capability for writing was given by nobody of sound mind, and it must not be kept here.
  if (entry === undefined || entry.ownerName === username || entry.capability.isWritable) return 'worthless';
  return { blind, sender: entry.ownerName, entry, key: request?.key };
}

function unlessTyped<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof PyrgosError && !endsCall(error)) return undefined;
    throw error;
  }
}
