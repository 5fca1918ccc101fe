import { BlindFollowRequest } from '@pyrgos/core/accounts';
import { DataFrameReader } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, signAttached, type Signer } from '@pyrgos/core/keys';
import { MAX_LIST_ANSWER_SIZE } from '@pyrgos/core/limits';
import type { Social } from '../social.js';
import { readBooleanByte, readCborList } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { formatQuery } from './query.js';
import type { RequestSigner } from './request-signer.js';

/** Follow requests over HTTP (chapter 02 section 9). */
export class HttpSocial implements Social {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async sendFollowRequest(recipient: PublicKeyHash, request: BlindFollowRequest, signal?: AbortSignal): Promise<boolean> {
    const parts = { query: formatQuery([['owner', recipient.toString()]]), body: [request.encode()] };
    return readBooleanByte('followRequest', await this.caller.call(endpoints.followRequest, parts, signal));
  }

  async getFollowRequests(owner: Signer, signal?: AbortSignal): Promise<readonly BlindFollowRequest[]> {
    const parts = (): { readonly query: string } => ({
      query: formatQuery([
        ['owner', owner.publicKeyHash.toString()],
        ['auth', this.signer.timeParameter(owner.secretKey)],
      ]),
    });
    const answer = new DataFrameReader(await this.caller.call(endpoints.getFollowRequests, parts, signal));
    const requests: BlindFollowRequest[] = [];
    for (const item of readCborList('getFollowRequests', answer.readBytes(MAX_LIST_ANSWER_SIZE))) {
      try {
        requests.push(BlindFollowRequest.fromCbor(item));
      } catch (error) {
        // Anybody can leave one: what is none must not hide the others.
        if (!(error instanceof PyrgosError)) throw error;
      }
    }
    return requests;
  }

  async removeFollowRequest(request: BlindFollowRequest, owner: Signer, signal?: AbortSignal): Promise<boolean> {
    const signed = signAttached(this.signer.crypto, owner.secretKey, request.encode());
    const parts = { query: formatQuery([['owner', owner.publicKeyHash.toString()]]), body: [signed] };
    return readBooleanByte('removeFollowRequest', await this.caller.call(endpoints.removeFollowRequest, parts, signal));
  }
}
