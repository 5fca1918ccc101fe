import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { type KeyLookup, type PublicBoxingKey, type PublicKeyHash, resolveBoxingKey } from '@pyrgos/core/keys';
import type { WriterData } from '@pyrgos/core/model';
import { CommittedView } from '../files/view/index.js';
import { type Account, contextOf } from '../session/account.js';
import { keyStoreOf } from '../session/key-store-file.js';
import { type Chain, identityOf } from '../session/user-chain.js';
import { isWriterOf } from './owned-writer-check.js';

/** Somebody else, as their verified chain and the data of their identity say. */
export interface Peer {
  readonly username: string;
  readonly identity: PublicKeyHash;
  readonly writerData: WriterData;
}

/** How far a user is trusted to stay who they are. */
export interface PeerOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether the user's keys are pinned from now on; without it only what is pinned already counts. */
  readonly pins: boolean;
  /** Whether the server is asked about their identity even if it was some seconds ago. */
  readonly fresh?: boolean | undefined;
  /** Whether the server is asked for a newer chain of somebody who is pinned: an identity that was given up may still have its data, and takes what nobody reads. */
  readonly newest?: boolean | undefined;
}

/** Chains that were looked up and not pinned, by account: whoever answers a request has seen it just before. */
const seenChains = new WeakMap<Account, Map<string, Chain>>();
/** Of so many users. */
const MAX_SEEN_CHAINS = 256;

/** Other users, looked up through the pinned chains of an account (chapter 05 section 18). */
export class Peers {
  constructor(private readonly account: Account) {}

  /**
   * A user as they are now. NotFoundError `not-found.user` for an unknown name, for an account that was deleted (`data.deleted`), and for one that is just
   * being made; DeniedError `denied.chain` for keys that do not follow from the pinned ones.
   */
  async get(username: string, options: PeerOptions): Promise<Peer> {
    const chain = await this.chainOf(username, options);
    try {
      return await this.load(username, identityOf(chain), options);
    } catch (error) {
      if (!(error instanceof NotFoundError) || error.code !== 'not-found.user') throw error;
      // What is pinned may be older than a change of the identity.
      const newer = await this.newer(username, identityOf(chain), options);
      if (newer === undefined) throw error;
      return newer;
    }
  }

  /** A user whose identity has changed since `identity` was pinned; undefined when it has not. */
  async newer(username: string, identity: PublicKeyHash, options: PeerOptions): Promise<Peer | undefined> {
    const store = await keyStoreOf(this.account);
    if (store.pinned(username) === undefined) return undefined;
    const now = identityOf(await store.refresh(username, options.signal));
    return now.equals(identity) ? undefined : this.load(username, now, options);
  }

  /** The key with which requests to a user are encrypted. NotFoundError `not-found.key` when there is none. */
  async boxingKeyOf({ username, identity, writerData }: Peer, signal: AbortSignal | undefined): Promise<PublicBoxingKey> {
    if (writerData.inbound === undefined) {
      throw new NotFoundError('not-found.key', 'This user cannot receive follow requests: the account has no public key for them.', {
        username,
      });
    }
    return resolveBoxingKey(writerData.inbound, this.lookup(identity, signal));
  }

  /** Whether a writer belongs to a user (chapter 06 section 2.2); undefined when what can be read of the account is not enough to tell. */
  async owns({ identity }: Peer, writer: PublicKeyHash, signal: AbortSignal | undefined): Promise<boolean | undefined> {
    return isWriterOf(new CommittedView(this.account.sessions, { signal }), identity, writer);
  }

  private async chainOf(username: string, { pins, newest = false, signal }: PeerOptions): Promise<Chain> {
    const store = await keyStoreOf(this.account);
    const pinned = store.pinned(username);
    if (pinned !== undefined) return newest ? store.refresh(username, signal) : pinned;
    const seen = seenChains.get(this.account) ?? new Map<string, Chain>();
    seenChains.set(this.account, seen);
    const known = seen.get(username);
    if (pins) return known === undefined ? store.getChain(username, signal) : store.updateChain(username, known, signal);
    const chain = await contextOf(this.account).chains.get(username, signal);
    if (seen.size >= MAX_SEEN_CHAINS) seen.clear();
    seen.set(username, chain);
    return chain;
  }

  private async load(username: string, identity: PublicKeyHash, { signal, fresh = false }: PeerOptions): Promise<Peer> {
    const session = this.account.sessions.of(identity);
    const read = async (now: boolean): Promise<WriterData | undefined> =>
      (await session.readCommitted(identity, { fresh: now, signal })).get(identity)?.writerData;
    const writerData = (await read(fresh)) ?? (fresh ? undefined : await read(true));
    if (writerData !== undefined) return { username, identity, writerData };
    const deleted = await session.hasPointer(identity, { signal });
    const message = deleted
      ? 'The account of this user was deleted.'
      : 'The account of this user is just being made. Try again in a moment.';
    throw new NotFoundError('not-found.user', message, { username, deleted });
  }

  private lookup(owner: PublicKeyHash, signal: AbortSignal | undefined): KeyLookup {
    const { sessions, crypto } = this.account;
    const session = sessions.of(owner);
    const blocks = {
      getBlock: async (...[cid, context]: Parameters<KeyLookup['blocks']['getBlock']>) => session.getBlock(cid, { signal: context.signal }),
    };
    return { hasher: crypto, blocks, context: signal === undefined ? { owner } : { owner, signal } };
  }
}

/** Whether an error ends the whole call, whatever it was about: nobody wants the answer any more. */
export function endsCall(error: unknown): boolean {
  return (
    !(error instanceof PyrgosError) ||
    error.code === 'aborted' ||
    error.code === 'denied.session' ||
    error.code === 'internal' ||
    error.code === 'argument'
  );
}
