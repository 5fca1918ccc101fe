import { assertBoolean, assertObject, assertString } from '@pyrgos/core/arguments';
import { type PaymentProperties, SpaceRequest } from '@pyrgos/core/accounts';
import { assertInteger } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';
import { type Account, contextOf } from './account.js';
import { type CallOptions, checkedOptions } from './call-options.js';

/** How much space is asked for. */
export interface SpaceWish {
  /** Bytes in all. */
  readonly bytes: number;
  /** Billed once a year instead of monthly; default false. */
  readonly annual?: boolean | undefined;
}

/** The space of an account on its home server (chapter 05 section 22.1). */
export class AccountSpace {
  /** The space of `account`, which must be logged in. */
  constructor(private readonly account: Account) {
    contextOf(account);
  }

  /** Bytes that the account may use. */
  async quota(options: CallOptions = {}): Promise<number> {
    const { signal } = checkedOptions(options);
    return this.account.network.space.quota(this.account.identity, signal);
  }

  /** Bytes in use. With `pending` as the connected server sees it, uploads that no commit refers to yet included. */
  async usage(options: CallOptions & { readonly pending?: boolean | undefined } = {}): Promise<number> {
    const { pending = false, signal } = checkedOptions(options);
    assertBoolean('options.pending', pending);
    return this.account.network.space.usage(this.account.identity, { pending, ...signalOf(signal) });
  }

  /** How the account pays, if it does. With `newClientSecret` the answer opens the payment page. */
  async payment(options: CallOptions & { readonly newClientSecret?: boolean | undefined } = {}): Promise<PaymentProperties> {
    const { newClientSecret = false, signal } = checkedOptions(options);
    assertBoolean('options.newClientSecret', newClientSecret);
    return this.account.network.space.paymentProperties(this.account.identity, { newClientSecret, ...signalOf(signal) });
  }

  /**
   * Asks for space. A free server keeps the wish for its administrator and answers with what there is; while one is pending, Pyrgos replaces it by
   * another one, and the reference drops that. A paid server orders it.
   *
   * Resolves to what the server says of space and payment then, all in bytes and cents. On a free server `freeQuota` is what the account may
   * use now, and `desiredQuota` is 0: the wish does not change them until the administrator says yes. On a paid one `desiredQuota` is what is
   * ordered, `nextCharge` what it costs, `error` why the payment has failed, and `url` is there: see {@link paymentPage}.
   */
  async request(wish: SpaceWish, options: CallOptions = {}): Promise<PaymentProperties> {
    const { signal } = checkedOptions(options);
    const { account } = this;
    assertObject('wish', wish);
    const { bytes, annual = false } = wish;
    assertInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    const request = SpaceRequest.of({ username: account.username, bytes, annual, time: account.clock.now() });
    return account.network.space.requestSpace(request, account.identity, signal);
  }
}

/** The space of an account. */
export function space(account: Account): AccountSpace {
  return new AccountSpace(account);
}

function signalOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/**
 * The payment page for a user (chapter 05 section 12.8), or undefined on a free server. The server names it: only https is accepted, else
 * FormatError; show people where it leads. It contains the client secret.
 */
export function paymentPage(payment: PaymentProperties, username: string): string | undefined {
  assertObject('payment', payment);
  assertString('username', username);
  if (payment.url === undefined) return undefined;
  const page = `${payment.url}&username=${encodeURIComponent(username)}&client_secret=${encodeURIComponent(payment.clientSecret ?? '')}`;
  const url = URL.canParse(page) ? new URL(page) : undefined;
  if (url?.protocol !== 'https:') throw new FormatError('format.account', 'PaymentProperties.url', 'must be an https URL');
  return url.href;
}
