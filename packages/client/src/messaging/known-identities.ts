import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type Account, contextOf } from '../session/account.js';
import { keyStoreOf } from '../session/key-store-file.js';
import { type Chain, identityOf, newerChain } from '../session/user-chain.js';

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

  /**
   * Whether a key is the identity that the user of this name has now, which is not remembered: it may change at any time. A server that contradicts what was seen before changes nothing. Errors:
   * `network`.
   */
  async isPresent(username: string, identity: PublicKeyHash, signal?: AbortSignal): Promise<boolean> {
    if (username === this.account.username) return identity.equals(this.account.identity.publicKeyHash);
    const pinned = (await keyStoreOf(this.account)).pinned(username);
    try {
      return identityOf(await this.newest(username, pinned, signal)).equals(identity);
    } catch (error) {
      if (!(error instanceof PyrgosError) || (error.code !== 'not-found.user' && error.code !== 'denied.chain')) throw error;
      return pinned !== undefined && identityOf(pinned).equals(identity);
    }
  }

  private async lookUp(username: string, identity: PublicKeyHash, signal: AbortSignal | undefined): Promise<boolean> {
    const hasIt = (chain: Chain): boolean => chain.some(({ owner }) => owner.equals(identity));
    const pinned = (await keyStoreOf(this.account)).pinned(username);
    if (pinned !== undefined && hasIt(pinned)) return true;
    try {
      // The identity may be newer than what is pinned.
      return hasIt(await this.newest(username, pinned, signal));
    } catch (error) {
      if (error instanceof PyrgosError && error.code === 'not-found.user' && pinned === undefined) return false;
      throw error;
    }
  }

  private async newest(username: string, pinned: Chain | undefined, signal: AbortSignal | undefined): Promise<Chain> {
    const { chains, crypto, network } = contextOf(this.account);
    const shown = await chains.get(username, signal, { current: true });
    return pinned === undefined ? shown : newerChain(pinned, shown, username, { crypto, blocks: network.blocks, signal });
  }
}
