import { encodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { PyrgosError } from '@pyrgos/core/errors';
import type { ClientContext } from './client-context.js';
import { isAnswerLost } from './online-state.js';
import { type ProofOptions, withProofOfWork } from './proof-of-work.js';
import { type Chain, lastLink, merged } from './user-chain.js';

/**
 * Changes the chain of one's own name: `update` makes the new end of it from the current chain, which is asked from the server (chapter 05
 * section 16). Resolves to the new chain. DeniedError `denied.chain`; errors of {@link withProofOfWork}.
 */
export async function submitChain(
  context: ClientContext,
  username: string,
  update: (chain: Chain) => readonly UserPublicKeyLink[],
  options: ProofOptions = {},
): Promise<Chain> {
  const { crypto, network, chains } = context;
  const { signal } = options;
  const before = await chains.get(username, signal);
  const tail = update(before);
  const chain = await merged(before, tail, username, { crypto, blocks: network.blocks, signal });
  if (chain instanceof PyrgosError) throw chain;
  try {
    await withProofOfWork(crypto, encodeChain(tail), async (proof) => network.core.updateChain(username, tail, proof, '', signal), options);
  } catch (error) {
    if (!isAnswerLost(error) || !(await isAccepted(context, username, chain))) throw error;
  }
  await chains.remember(username, chain);
  return chain;
}

/** Whether the server has the chain although nobody told us so. */
async function isAccepted({ network }: ClientContext, username: string, chain: Chain): Promise<boolean> {
  try {
    const shown = await network.core.getChain(username);
    return lastLink(chain).equals(shown.at(-1));
  } catch (error) {
    if (error instanceof PyrgosError) return false;
    throw error;
  }
}
