import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type Account, contextOf } from '../session/account.js';
import { keyStoreOf } from '../session/key-store-file.js';
import { type Chain, newerChain } from '../session/user-chain.js';

/** Answers that are remembered. */
const MAX_ANSWERS = 4096;

/** Whose names are whose, as verified chains of users say: one for each session, which remembers its answers. Pins nobody, and writes nothing. */
export class KnownIdentities {
  private readonly answers = new Map<string, boolean>();

  constructor(private readonly account: Account) {}

  /**
   * Whether a key is, or once was, the identity of the user of this name; false when nobody has it. Errors when that cannot be found out: `network`, also where only older chains are known, and
   * DeniedError `denied.chain` for a server that contradicts what was seen before.
   */
  async has(username: string, identity: PublicKeyHash, signal?: AbortSignal): Promise<boolean> {
    if (username === this.account.username && identity.equals(this.account.identity.publicKeyHash)) return true;
    const key = `${username} ${identity.key}`;
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const answer = await this.lookUp(username, identity, signal);
    if (this.answers.size >= MAX_ANSWERS) this.answers.clear();
    this.answers.set(key, answer);
    return answer;
  }

  private async lookUp(username: string, identity: PublicKeyHash, signal: AbortSignal | undefined): Promise<boolean> {
    const hasIt = (chain: Chain): boolean => chain.some(({ owner }) => owner.equals(identity));
    const { chains, crypto, network } = contextOf(this.account);
    const pinned = (await keyStoreOf(this.account)).pinned(username);
    if (pinned !== undefined && hasIt(pinned)) return true;
    try {
      // The identity may be newer than what is pinned.
      const shown = await chains.get(username, signal, { current: true });
      return hasIt(pinned === undefined ? shown : await newerChain(pinned, shown, username, { crypto, blocks: network.blocks, signal }));
    } catch (error) {
      if (error instanceof PyrgosError && error.code === 'not-found.user' && pinned === undefined) return false;
      throw error;
    }
  }
}
