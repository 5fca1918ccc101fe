import { decodeChain, encodeChain, isWireUsername, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { utf8Encode } from '@pyrgos/core/bytes';
import { DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { localKeys, type LocalStore } from './local-store.js';
import type { OnlineState } from './online-state.js';
import type { UserDirectory } from './tofu-key-store.js';
import { type Chain, type ChainChecks, equalChains, isChain, newerChain, validChain } from './user-chain.js';

/** What {@link RememberedChains} works with. */
export interface RememberedChainsOptions extends Omit<ChainChecks, 'signal'> {
  readonly directory: UserDirectory;
  /** Without one nothing is remembered. */
  readonly store?: LocalStore | undefined;
  readonly online: OnlineState;
}

/**
 * Verified chains of users, remembered on this device (chapter 05 section 18.2): what to go on with when the server cannot be reached, and
 * what it has to be consistent with when it can.
 */
export class RememberedChains implements UserDirectory {
  constructor(private readonly options: RememberedChainsOptions) {}

  /**
   * The chain of a user: the server's, unless a newer one was seen before. NotFoundError `not-found.user`; DeniedError `denied.chain` for a
   * forged chain, and for one that does not follow from what was seen; `network` when the server cannot be reached and none was, with `current` in any case.
   */
  async get(username: string, signal?: AbortSignal, { current = false }: { readonly current?: boolean | undefined } = {}): Promise<Chain> {
    const seen = await this.seen(username, signal);
    const { directory, online } = this.options;
    const links = await online.runOr<readonly UserPublicKeyLink[]>(
      async (own) => directory.getChain(username, own),
      async () => (current ? undefined : seen),
      signal,
    );
    if (!isChain(links)) {
      if (seen === undefined) throw new NotFoundError('not-found.user', 'Unknown username. Did you enter it correctly?', { username });
      throw new DeniedError('denied.chain', 'The server denies a user that it had before.', { username });
    }
    const checks = this.checks(signal);
    const chain = seen === undefined ? await validChain(links, username, checks) : await newerChain(seen, links, username, checks);
    if (seen === undefined || !equalChains(seen, chain)) await this.remember(username, chain);
    return chain;
  }

  /**
   * What the server says about a user, empty for an unknown one; what is remembered when it cannot be reached. For who verifies it himself
   * against what he has pinned; what follows from what was seen is remembered here.
   */
  async getChain(username: string, signal?: AbortSignal): Promise<readonly UserPublicKeyLink[]> {
    const seen = await this.seen(username, signal);
    const { directory, online } = this.options;
    const links = await online.runOr<readonly UserPublicKeyLink[]>(
      async (own) => directory.getChain(username, own),
      async () => seen,
      signal,
    );
    if (!isChain(links)) return links;
    try {
      const checks = this.checks(signal);
      const chain = seen === undefined ? await validChain(links, username, checks) : await newerChain(seen, links, username, checks);
      if (seen === undefined || !equalChains(seen, chain)) await this.remember(username, chain);
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'aborted') throw error;
    }
    return links;
  }

  /**
   * The user who has or had an identity key: the server's word, which the caller checks against the user's chain; when it cannot be reached
   * the user whose remembered chain has the key (chapter 05 section 18.2), or `network`.
   */
  async getUsername(identity: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    const { directory, online } = this.options;
    return online.runOr(
      async (own) => directory.getUsername(identity, own),
      async () => this.seenUsername(identity, signal),
      signal,
    );
  }

  /** Remembers a chain that was verified, for instance after an update of one's own. */
  async remember(username: string, chain: Chain): Promise<void> {
    const { store } = this.options;
    await store?.put(localKeys.chain(username), encodeChain(chain));
    for (const { owner } of chain) await store?.put(localKeys.owner(owner.toString()), utf8Encode(username));
  }

  private async seenUsername(identity: PublicKeyHash, signal: AbortSignal | undefined): Promise<string | undefined> {
    const bytes = await this.options.store?.get(localKeys.owner(identity.toString()));
    const username = bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    if (username === undefined || !isWireUsername(username)) return undefined;
    const chain = await this.seen(username, signal);
    return chain?.some(({ owner }) => owner.equals(identity)) === true ? username : undefined;
  }

  /** What is remembered; anything that was tampered with counts as nothing. */
  private async seen(username: string, signal: AbortSignal | undefined): Promise<Chain | undefined> {
    const bytes = await this.options.store?.get(localKeys.chain(username));
    if (bytes === undefined) return undefined;
    try {
      return await validChain(decodeChain(bytes), username, this.checks(signal));
    } catch (error) {
      if (error instanceof PyrgosError && error.code !== 'aborted') return undefined;
      throw error;
    }
  }

  private checks(signal: AbortSignal | undefined): ChainChecks {
    return { crypto: this.options.crypto, blocks: this.options.blocks, signal };
  }
}
