import { decodeWatchAnswer, encodeWatchRequest, type WatchAnswer } from '@pyrgos/core/api';
import type { Live, LiveCall } from '../live.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import type { RequestSigner } from './request-signer.js';

/** Waiting for changes over HTTP (chapter 02 section 24). */
export class HttpLive implements Live {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async watch({ pointers, requests, seconds }: LiveCall, signal?: AbortSignal): Promise<WatchAnswer> {
    const parts = (): { readonly body: readonly Uint8Array[] } => ({
      body: [
        encodeWatchRequest({
          pointers,
          seconds,
          requests:
            requests === undefined
              ? undefined
              : {
                  owner: requests.owner.publicKeyHash,
                  auth: this.signer.signedTime(requests.owner.secretKey),
                  mark: requests.mark,
                },
        }),
      ],
    });
    return decodeWatchAnswer(await this.caller.call(endpoints.watch, parts, signal), pointers.length);
  }
}
