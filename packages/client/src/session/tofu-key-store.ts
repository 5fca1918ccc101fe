import type { UserPublicKeyLink } from '@pyrgos/core/accounts';
import { ArgumentError, DeniedError, NotFoundError, PyrgosError, QuotaError } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import type { Clock } from '../commit/clock.js';
import { isConflict } from '../commit/retry.js';
import { decodeKeyStore, encodeKeyStore, isExpired, type KeyStoreEntries } from './key-store-entries.js';
import { today } from './today.js';
import { type Chain, type ChainChecks, equalChains, identityOf, lastLink, merged, newerChain, validChain } from './user-chain.js';

/** The file `/<user>/.keystore` (chapter 05 section 18.1), which is hidden and carries the mirror BAT. */
export interface KeyStoreFile {
  /** The whole content, or undefined when the file does not exist. */
  read(signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Replaces the content, or creates the file. ConflictError when somebody else has changed the file since it was read; then it is read and
   * written again.
   */
  write(content: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** What the server says about users; nothing of it is believed without a look at the signatures. */
export interface UserDirectory {
  /** The chain of a user; empty for an unknown one. */
  getChain(username: string, signal?: AbortSignal): Promise<readonly UserPublicKeyLink[]>;
  /** The name that has or had an identity key; NotFoundError for an unknown key. */
  getUsername(identity: PublicKeyHash, signal?: AbortSignal): Promise<string>;
}

/** What a {@link TofuKeyStore} works with. */
export interface TofuKeyStoreOptions extends Omit<ChainChecks, 'signal'> {
  readonly file: KeyStoreFile;
  readonly directory: UserDirectory;
  readonly clock: Clock;
}

/** Times that a change is written again after somebody else's. */
const MAX_ATTEMPTS = 5;

/**
 * Trust on first use (chapter 05 section 18): the chains of all users that this account has met, in a file of its own. A pinned user's key
 * changes only by a key change that the old key has signed, whatever the server says.
 *
 * Answers come from the store; what is not in it is fetched, verified and pinned. There must be only one store per account at a time.
 */
export class TofuKeyStore {
  private entries: KeyStoreEntries = { chains: new Map(), damaged: new Map() };
  private last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly options: TofuKeyStoreOptions) {}

  /** Loads the store; a file is made for it when there is a user to pin. */
  static async open(options: TofuKeyStoreOptions, signal?: AbortSignal): Promise<TofuKeyStore> {
    const store = new TofuKeyStore(options);
    const content = await options.file.read(signal);
    if (content !== undefined) store.entries = decodeKeyStore(content);
    return store;
  }

  /** The users whose chains are pinned, expired ones included. */
  get usernames(): string[] {
    return [...this.entries.chains.keys()];
  }

  /** The pinned chain of a user without asking anybody. */
  pinned(username: string): Chain | undefined {
    return this.entries.chains.get(username);
  }

  /** Whether the pinned claim of a user has run out: look for a newer one with {@link TofuKeyStore.refresh}. */
  isExpired(username: string): boolean {
    const chain = this.pinned(username);
    return chain !== undefined && isExpired(chain, today(this.options.clock));
  }

  /** The chain of a user, pinned from now on. NotFoundError `not-found.user`, DeniedError `denied.chain` for a forged one. */
  async getChain(username: string, signal?: AbortSignal): Promise<Chain> {
    const known = this.pinned(username);
    if (known !== undefined) return known;
    const links = await this.options.directory.getChain(username, signal);
    if (links.length === 0) throw unknownUser(username);
    return this.updateChain(username, links, signal);
  }

  /** The current identity key of a user; errors of {@link TofuKeyStore.getChain}. */
  async getIdentity(username: string, signal?: AbortSignal): Promise<PublicKeyHash> {
    return identityOf(await this.getChain(username, signal));
  }

  /**
   * The user who has, or once had, an identity key. The server's answer counts only when the user's chain has the key: DeniedError
   * `denied.chain` otherwise. NotFoundError `not-found.user`.
   */
  async getUsername(identity: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    if (!(identity instanceof PublicKeyHash)) throw new ArgumentError('identity', 'must be a PublicKeyHash');
    for (const [username, chain] of this.entries.chains) if (hasOwner(chain, identity)) return username;
    const username = await this.options.directory.getUsername(identity, signal);
    if (hasOwner(await this.getChain(username, signal), identity)) return username;
    // What is pinned may be older than the key.
    if (hasOwner(await this.refresh(username, signal), identity)) return username;
    throw new DeniedError('denied.chain', 'The server names a user who does not have this key.', { identity: identity.toString() });
  }

  /**
   * Asks the server for a newer chain of a user: when their data cannot be found where it was, and after a change of one's own. A server
   * that shows an older chain changes nothing. DeniedError `denied.chain` when it shows another identity.
   */
  async refresh(username: string, signal?: AbortSignal): Promise<Chain> {
    const links = await this.options.directory.getChain(username, signal);
    if (links.length === 0) {
      // Names never disappear: a server that has forgotten one is no reason to forget the pin.
      const known = this.pinned(username);
      if (known === undefined) throw unknownUser(username);
      return known;
    }
    return this.change(signal, async (entries) => {
      const known = entries.chains.get(username);
      const checks = this.checks(signal);
      return setChain(
        entries,
        username,
        known === undefined ? await validChain(links, username, checks) : await newerChain(known, links, username, checks),
      );
    });
  }

  /**
   * Takes over the whole new chain of a user, or its changed end (section 18.1). DeniedError `denied.chain` when it does not follow from
   * the pinned one by signed steps.
   */
  async updateChain(username: string, tail: readonly UserPublicKeyLink[], signal?: AbortSignal): Promise<Chain> {
    const checks = this.checks(signal);
    const update = await validChain(tail, username, checks).catch((error: unknown) => {
      if (!(error instanceof PyrgosError) || error.code !== 'denied.chain') throw error;
      throw new DeniedError('denied.chain', 'The server shows keys of this user that do not follow from each other.', error.data);
    });
    return this.change(signal, async (entries) => {
      const known = entries.chains.get(username);
      if (known === undefined) return setChain(entries, username, update);
      if (lastLink(known).equals(lastLink(update))) return known;
      if (isExpired(known, today(this.options.clock)) && known.length === 1 && !known[0].owner.equals(update[0].owner)) {
        throw new DeniedError('denied.chain', 'The server shows another key for this user than the one that is pinned.', { username });
      }
      const chain = await merged(known, update, username, checks);
      if (chain instanceof PyrgosError) throw chain;
      return setChain(entries, username, chain);
    });
  }

  private checks(signal: AbortSignal | undefined): ChainChecks {
    return { crypto: this.options.crypto, blocks: this.options.blocks, signal };
  }

  /** Changes run one after the other. */
  private async change(signal: AbortSignal | undefined, edit: (entries: KeyStoreEntries) => Promise<Chain>): Promise<Chain> {
    const turn = this.last.then(() => this.changeNow(signal, edit));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Each change is written before the next one sees it, and repeated on top of what another device wrote. */
  private async changeNow(signal: AbortSignal | undefined, edit: (entries: KeyStoreEntries) => Promise<Chain>): Promise<Chain> {
    for (let attempt = 1; ; attempt++) {
      const next = copyOf(this.entries);
      const chain = await edit(next);
      if (isUnchanged(this.entries, next)) return chain;
      try {
        await this.options.file.write(encodeKeyStore(next), signal);
        this.entries = next;
        return chain;
      } catch (error) {
        if (error instanceof QuotaError) {
          // Without space nothing new can be kept, and everything can still be read: it counts in this session, and is kept with the next change.
          this.entries = next;
          return chain;
        }
        if (attempt >= MAX_ATTEMPTS || !isConflict(error)) throw error;
        await this.reload(signal);
      }
    }
  }

  /** Takes over what another device has pinned; where the two disagree, what was pinned here stays. */
  private async reload(signal: AbortSignal | undefined): Promise<void> {
    const content = await this.options.file.read(signal);
    const theirs = content === undefined ? copyOf({ chains: new Map(), damaged: new Map() }) : decodeKeyStore(content);
    for (const [username, ours] of this.entries.chains) {
      const other = theirs.chains.get(username);
      if (other === undefined) {
        theirs.chains.set(username, ours);
        continue;
      }
      const chain = await newerChain(ours, other, username, this.checks(signal)).catch((error: unknown) => {
        if (error instanceof PyrgosError && error.code === 'denied.chain') return ours;
        throw error;
      });
      theirs.chains.set(username, chain);
    }
    this.entries = theirs;
  }
}

function copyOf({ chains, damaged }: KeyStoreEntries): KeyStoreEntries {
  return { chains: new Map(chains), damaged: new Map(damaged) };
}

function isUnchanged(before: KeyStoreEntries, after: KeyStoreEntries): boolean {
  return before.chains.size === after.chains.size && [...after.chains].every(([name, chain]) => isSame(before.chains.get(name), chain));
}

function isSame(before: Chain | undefined, after: Chain): boolean {
  return before !== undefined && (before === after || equalChains(before, after));
}

function setChain(entries: KeyStoreEntries, username: string, chain: Chain): Chain {
  entries.chains.set(username, chain);
  // A new pin replaces what could not be read.
  entries.damaged.delete(username);
  return chain;
}

function hasOwner(chain: Chain, identity: PublicKeyHash): boolean {
  return chain.some(({ owner }) => owner.equals(identity));
}

function unknownUser(username: string): NotFoundError {
  return new NotFoundError('not-found.user', 'Unknown username. Did you enter it correctly?', { username });
}
