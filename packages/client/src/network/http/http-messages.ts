import { ServerMessage } from '@pyrgos/core/accounts';
import { FormatError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import type { ServerMessages } from '../server-messages.js';
import { readCborBoolean, readCborList } from './answers.js';
import type { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { formatQuery } from './query.js';
import type { RequestSigner } from './request-signer.js';

/** Operator messages over HTTP (chapter 02 section 13). */
export class HttpMessages implements ServerMessages {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async retrieve(username: string, identity: Signer, signal?: AbortSignal): Promise<readonly ServerMessage[]> {
    const parts = (): { readonly query: string } => ({
      query: formatQuery([
        ['username', username],
        ['auth', this.signer.requestParameter(endpoints.retrieveMessages, identity.secretKey)],
      ]),
    });
    const list = readCborList('retrieve', await this.caller.call(endpoints.retrieveMessages, parts, signal));
    return list.map((item, i) => ServerMessage.fromCbor(item, `retrieve[${i}]`));
  }

  async send(username: string, message: ServerMessage, identity: Signer, signal?: AbortSignal): Promise<void> {
    const body = [message.sign(this.signer.crypto, identity.secretKey)];
    const answer = await this.caller.call(endpoints.sendMessage, { query: formatQuery([['username', username]]), body }, signal);
    if (!readCborBoolean('send', answer)) throw new FormatError('format.request', 'send', 'must be true');
  }
}
