import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { isDamage } from '../files/view/index.js';
import { type Account, contextOf } from '../session/account.js';
import { keyStoreOf } from '../session/key-store-file.js';
import { type Chain, identityOf, newerChain } from '../session/user-chain.js';
import { isOfOthers } from '../social/friend-spaces.js';

/** Answers that are remembered. */
const MAX_ANSWERS = 4096;
/** Milliseconds after which somebody who could not be looked up all the time is taken for nobody: one whose keys are refused, and one about whom no server could be asked. */
const PATIENCE = { refused: 3_600_000, other: 86_400_000 };

/** Whose names are whose, as verified chains of users say: one for each session, which remembers its answers. Pins nobody, and writes nothing. */
export class KnownIdentities {
  private readonly answers = new Map<string, boolean>();
  /** Since when it cannot be found out, by the same keys. */
  private readonly failingSince = new Map<string, number>();

  constructor(private readonly account: Account) {}

  /**
   * Whether a key is, or once was, the identity of the user of this name; false when nobody has it. Errors when that cannot be found out: `network`, also where only older chains are known,
   * DeniedError `denied.chain` for a server that contradicts what was seen before, and the like. Once a session has had nothing but errors for an hour, for a day where they are `network` and the like, it is false: one name
   * must not keep a chat waiting for ever.
   */
  async has(username: string, identity: PublicKeyHash, signal?: AbortSignal): Promise<boolean> {
    if (username === this.account.username && identity.equals(this.account.identity.publicKeyHash)) return true;
    const key = `${username} ${identity.key}`;
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    let answer: boolean;
    try {
      answer = await this.lookUp(username, identity, signal);
    } catch (error) {
      if (isOfOthers(error) && this.isGivenUp(key, error)) return false;
      throw error;
    }
    this.failingSince.delete(key);
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

  private isGivenUp(key: string, error: PyrgosError): boolean {
    const now = this.account.clock.now();
    const since = this.failingSince.get(key) ?? now;
    if (this.failingSince.size >= MAX_ANSWERS) this.failingSince.clear();
    this.failingSince.set(key, since);
    return now - since >= (isDamage(error) ? PATIENCE.refused : PATIENCE.other);
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
