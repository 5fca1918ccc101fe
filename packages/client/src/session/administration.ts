import { assertInstance, assertObject } from '@pyrgos/core/arguments';
import { LabelledSignedSpaceRequest, SpaceRequest } from '@pyrgos/core/accounts';
import { PyrgosError } from '@pyrgos/core/errors';
import { resolveSigningKey } from '@pyrgos/core/keys';
import { type Account, contextOf } from './account.js';
import { chainKeyLookup } from './key-lookup.js';
import { type CallOptions, checkedOptions } from './call-options.js';
import { identityOf } from './user-chain.js';

/** A user's wish for space that waits for an administrator, verified with the user's identity key. */
export interface PendingSpaceRequest {
  readonly request: SpaceRequest;
  /** What is approved. */
  readonly signed: LabelledSignedSpaceRequest;
}

/**
 * The wishes for space that wait on the account's server (chapter 05 section 22.4); none for who is no administrator of it. What is not
 * signed by the user it names is left out.
 */
export async function pendingSpaceRequests(account: Account, options: CallOptions = {}): Promise<PendingSpaceRequest[]> {
  const { signal } = checkedOptions(options);
  const { network } = contextOf(account);
  const instance = await network.serverId(signal);
  const labelled = await network.admin.pending(account.identity, instance, signal);
  const pending: PendingSpaceRequest[] = [];
  for (const signed of labelled) {
    const request = await openRequest(account, signed, signal);
    if (request !== undefined) pending.push({ request, signed });
  }
  return pending;
}

/** Grants a user the space that a request asks for (chapter 05 section 22.4). DeniedError for who is no administrator; false when it is gone. */
export async function approveSpaceRequest(account: Account, request: PendingSpaceRequest, options: CallOptions = {}): Promise<boolean> {
  const { signal } = checkedOptions(options);
  const { network } = contextOf(account);
  assertObject('request', request);
  assertInstance('request.signed', request.signed, LabelledSignedSpaceRequest);
  const instance = await network.serverId(signal);
  return network.admin.approve(request.signed, account.identity, instance, signal);
}

async function openRequest(
  account: Account,
  { username, signedRequest }: LabelledSignedSpaceRequest,
  signal: AbortSignal | undefined,
): Promise<SpaceRequest | undefined> {
  const { chains, crypto, network } = contextOf(account);
  try {
    const identity = identityOf(await chains.get(username, signal));
    const key = await resolveSigningKey(identity, chainKeyLookup(crypto, network.blocks, identity, signal));
    const request = SpaceRequest.open(crypto, key, signedRequest);
    return request.username === username ? request : undefined;
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'network') throw error;
    return undefined;
  }
}
