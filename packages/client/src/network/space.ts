import type { PaymentProperties, SpaceRequest } from '@pyrgos/core/accounts';
import type { Signer } from '@pyrgos/core/keys';

/** Usage, quota and payment of an account, for its owner (chapter 02 section 11). */
export interface Space {
  /** Bytes used. `pending`: as this server sees it, uploads that no commit refers to yet included. */
  usage(owner: Signer, options?: { readonly pending?: boolean | undefined; readonly signal?: AbortSignal | undefined }): Promise<number>;
  /** Bytes allowed. */
  quota(owner: Signer, signal?: AbortSignal): Promise<number>;
  /** What the server says about payment; with `newClientSecret` it makes a new one for the payment page. */
  paymentProperties(
    owner: Signer,
    options?: { readonly newClientSecret?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<PaymentProperties>;
  /** Asks for a quota; `owner` signs the request, whose time must be the present. */
  requestSpace(request: SpaceRequest, owner: Signer, signal?: AbortSignal): Promise<PaymentProperties>;
}
