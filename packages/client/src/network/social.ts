import type { BlindFollowRequest } from '@pyrgos/core/accounts';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';

/** Follow requests (chapter 02 section 9). */
export interface Social {
  /** Leaves a request for a user, anonymously. False when too many are pending there. */
  sendFollowRequest(recipient: PublicKeyHash, request: BlindFollowRequest, signal?: AbortSignal): Promise<boolean>;
  /** The pending requests of an account, oldest first. Peers' data: opening one may fail. */
  getFollowRequests(owner: Signer, signal?: AbortSignal): Promise<readonly BlindFollowRequest[]>;
  /** Removes a request. False when the server does not accept the signature. */
  removeFollowRequest(request: BlindFollowRequest, owner: Signer, signal?: AbortSignal): Promise<boolean>;
}
