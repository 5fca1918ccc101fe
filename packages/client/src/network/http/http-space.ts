import { PaymentProperties, type SpaceRequest } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import type { Signer } from '@pyrgos/core/keys';
import type { Space } from '../space.js';
import { readCborSize } from './answers.js';
import type { Caller } from './caller.js';
import { type Endpoint, endpoints } from './endpoints.js';
import { formatQuery } from './query.js';
import type { RequestSigner } from './request-signer.js';

/** Usage, quota and payment over HTTP (chapter 02 section 11). */
export class HttpSpace implements Space {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async usage(
    owner: Signer,
    options: { readonly pending?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<number> {
    const local = String(options.pending === true);
    return readCborSize('usage', await this.ask(endpoints.usage, owner, [['local', local]], options.signal));
  }

  async quota(owner: Signer, signal?: AbortSignal): Promise<number> {
    return readCborSize('quota', await this.ask(endpoints.quota, owner, [], signal));
  }

  async paymentProperties(
    owner: Signer,
    options: { readonly newClientSecret?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<PaymentProperties> {
    const secret = String(options.newClientSecret === true);
    return PaymentProperties.decode(await this.ask(endpoints.paymentProperties, owner, [['new-client-secret', secret]], options.signal));
  }

  async requestSpace(request: SpaceRequest, owner: Signer, signal?: AbortSignal): Promise<PaymentProperties> {
    const query = formatQuery([
      ['owner', owner.publicKeyHash.toString()],
      ['req', toHex(request.sign(this.signer.crypto, owner.secretKey))],
    ]);
    return PaymentProperties.decode(await this.caller.call(endpoints.requestSpace, { query }, signal));
  }

  private async ask(
    endpoint: Endpoint,
    owner: Signer,
    parameters: readonly (readonly [string, string])[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const parts = (): { readonly query: string } => ({
      query: formatQuery([['owner', owner.publicKeyHash.toString()], ...parameters, ['auth', this.signer.timeParameter(owner.secretKey)]]),
    });
    return this.caller.call(endpoint, parts, signal);
  }
}
