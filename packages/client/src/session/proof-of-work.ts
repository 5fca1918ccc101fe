import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { ProofOfWork } from '@pyrgos/core/keys';
import { fractionListener, onlyForward, type ProgressListener } from '../waiting/progress.js';
import { MAX_PROOF_ATTEMPTS, MAX_PROOF_OF_WORK_SEARCH } from '@pyrgos/core/limits';

/** That a proof of work has to be harder. */
export interface HarderProof {
  readonly accepted: false;
  readonly difficulty: number;
}

/** Cancelling and watching a proof of work. */
export interface ProofOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told the probability that the search would have ended by now. */
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Sends something with a proof of work over `data`: without work first, then with as much as the server asks for (chapter 05 section 12.6).
 * Resolves to the server's answer when it accepts. PyrgosError `rate` when it keeps asking, DeniedError `denied.signup` when it asks for more
 * than anybody can do; AbortedError.
 */
export async function withProofOfWork<T extends { readonly accepted: true }>(
  crypto: CryptoProvider,
  data: Uint8Array,
  send: (proof: ProofOfWork) => Promise<T | HarderProof>,
  { signal, onProgress: listener }: ProofOptions = {},
): Promise<T> {
  const onProgress = fractionListener(onlyForward(listener), 'proof-of-work');
  const options = { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
  let difficulty = 0;
  for (let attempt = 1; attempt <= MAX_PROOF_ATTEMPTS; attempt++) {
    const result = await send(await ProofOfWork.search(crypto, data, difficulty, options));
    if (result.accepted) return result;
    if (result.difficulty > MAX_PROOF_OF_WORK_SEARCH) {
      throw new DeniedError('denied.signup', 'This server does not take new names at present. Please try again later.', {
        difficulty: result.difficulty,
      });
    }
    // It refuses a proof that it has asked for.
    if (result.difficulty <= difficulty) break;
    ({ difficulty } = result);
  }
  throw new PyrgosError('rate', 'Server is under load please try again later', { data: { difficulty }, retry: 'after' });
}
