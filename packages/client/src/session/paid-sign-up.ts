import { encodeChain, type PaymentProperties, SpaceRequest, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { assertInteger } from '@pyrgos/core/bytes';
import { printable, PyrgosError } from '@pyrgos/core/errors';
import { ProofOfWork, type SigningKeyPair } from '@pyrgos/core/keys';
import type { Network } from '../network/index.js';
import type { Account } from './account.js';
import { buildSignUp, claimOf } from './build-sign-up.js';
import { type ClientContext, createClientContext } from './client-context.js';
import { withProofOfWork } from './proof-of-work.js';
import { logInAfterSignUp, type PreparedSignUp, prepareSignUp, type SignUpOptions } from './sign-up.js';
import { paymentPage, type SpaceWish } from './space.js';

/** Characters of a server's reason that are kept. */
const MAX_REASON_LENGTH = 200;
/** Seconds between two looks whether the payment has arrived (chapter 05 section 12.8 step 6). */
const PAUSES: readonly number[] = [1, 2, 4, 8, 16];

/** A sign-up on a server that wants to be paid: the name is reserved, the user pays, and then the account is made (chapter 05 section 12.8). */
export class PaidSignUp {
  private constructor(
    private readonly context: ClientContext,
    private readonly options: Omit<SignUpOptions, 'token'>,
    private readonly prepared: PreparedSignUp,
    private readonly link: UserPublicKeyLink,
    private readonly proof: ProofOfWork,
    /** What the server says about payment. */
    readonly payment: PaymentProperties,
  ) {}

  /**
   * Reserves a name. Keep {@link PaidSignUp.identity} for the session and give it as `identity` when this has to be started again: the name
   * is reserved for it. Errors as in `signUp`.
   */
  static async start(network: Network, options: Omit<SignUpOptions, 'token'>): Promise<PaidSignUp> {
    const context = await createClientContext(network, options);
    const { crypto } = context;
    const { signal, onProgress } = options;
    const prepared = await prepareSignUp(context, options);
    const link = claimOf(context, prepared);
    let used = ProofOfWork.empty();
    const { payment } = await withProofOfWork(
      crypto,
      encodeChain([link]),
      async (proof) => {
        used = proof;
        return network.core.startPaidSignup(prepared.username, link, proof, signal);
      },
      { signal, onProgress },
    );
    return new PaidSignUp(context, options, prepared, link, used, payment);
  }

  /** The key for which the name is reserved. */
  get identity(): SigningKeyPair {
    return this.prepared.identity;
  }

  /** Where the user pays, if the server names a page; see {@link paymentPage}. */
  get page(): string | undefined {
    return paymentPage(this.payment, this.prepared.username);
  }

  /**
   * Makes the account after the user has chosen a plan, waits until it has space, and logs in. PyrgosError `quota` with the
   * server's reason when the payment failed or has not arrived; then it may be called again.
   */
  async complete(wish: SpaceWish): Promise<Account> {
    const { signal } = this.options;
    assertInteger('bytes', wish.bytes, 1, Number.MAX_SAFE_INTEGER);
    const { log } = await buildSignUp(this.context, this.prepared, signal);
    const { network, clock } = this.context;
    const { username, identity } = this.prepared;
    for (const pause of [0, ...PAUSES]) {
      if (pause > 0) await clock.sleep(pause * 1000, signal);
      const request = SpaceRequest.of({ username, ...wish, time: clock.now() });
      const answer = await network.core.completePaidSignup(username, this.link, log, this.proof, request, identity.signer, signal);
      if (answer.error !== undefined) {
        throw new PyrgosError('quota', 'The payment has failed.', { data: { reason: printable(answer.error, MAX_REASON_LENGTH) } });
      }
      if ((await this.quota()) > 0) return logInAfterSignUp(this.context, this.prepared, this.options);
    }
    throw new PyrgosError('quota', 'Unable to complete paid signup. Did you add your payment card?');
  }

  /** The quota of the account; 0 as long as the server does not know it. */
  private async quota(): Promise<number> {
    try {
      return await this.context.network.space.quota(this.prepared.identity.signer, this.options.signal);
    } catch (error) {
      if (error instanceof PyrgosError && error.code !== 'aborted' && error.code !== 'network') return 0;
      throw error;
    }
  }
}
