import { DeniedError } from '@pyrgos/core/errors';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import { FollowRequest } from '@pyrgos/core/social';
import { type Account, contextOf } from '../session/account.js';
import type { Peer, Peers } from './peers.js';

/** What is sent to somebody: a request or an answer (chapter 06 section 3.1). */
export interface Message {
  /** The directory for them; undefined for the null capability. */
  readonly directory: AbsoluteCapability | undefined;
  readonly key: SymmetricKey | undefined;
}

/** Posts a request or an answer; false when the inbox of the user is full. */
export async function post(
  account: Account,
  peers: Peers,
  peer: Peer,
  { directory, key }: Message,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { crypto, username } = account;
  const boxing = await peers.boxingKeyOf(peer, signal);
  const entry = EntryPoint.of(directory?.toReadOnly() ?? AbsoluteCapability.null(), username);
  const sealed = FollowRequest.of(entry, key).seal(crypto, boxing);
  return contextOf(account).network.social.sendFollowRequest(peer.identity, sealed, signal);
}

/** For an inbox that takes nothing more. */
export function fullInbox(username: string): DeniedError {
  const message =
    'Too many follow requests are waiting for this user already. Try again when they have answered some, or ask them in another way to do so.';
  return new DeniedError('denied.request', message, { reason: 'inbox', username });
}
