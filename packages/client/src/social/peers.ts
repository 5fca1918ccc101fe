import { NotFoundError } from '@pyrgos/core/errors';
import { type KeyLookup, type PublicBoxingKey, type PublicKeyHash, resolveBoxingKey } from '@pyrgos/core/keys';
import { LimitError, PyrgosError } from '@pyrgos/core/errors';
import { OwnedKeys, walkOwnedWriters, type WriterData } from '@pyrgos/core/model';
import { type Account, contextOf } from '../session/account.js';
import { keyStoreOf } from '../session/key-store-file.js';
import { type Chain, identityOf } from '../session/user-chain.js';

/** Writers of a stranger that are looked at before he is told that his account is too large for this. */
const MAX_WALK = 64;

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
  private readonly walks = new Map<string, Promise<ReadonlySet<string>>>();

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

  /**
   * Whether a writer belongs to a user (chapter 06 section 2.2): listed by the identity itself, or by one of the first writers below it. Undefined
   * when the account is too large to tell.
   */
  async owns(peer: Peer, writer: PublicKeyHash, signal: AbortSignal | undefined): Promise<boolean | undefined> {
    const { identity, writerData } = peer;
    const lookup = this.lookup(identity, signal);
    const proof = await OwnedKeys.open(writerData.owned, lookup.blocks, lookup.context).get(writer);
    if (proof?.ownedKey.equals(writer) === true) {
      await proof.verify(this.account.crypto, identity, lookup);
      return true;
    }
    const key = `${identity.key}${writerData.owned?.key ?? ''}`;
    const walk = this.walks.get(key) ?? this.walk(peer, lookup);
    this.walks.set(key, walk);
    walk.catch(() => this.walks.delete(key));
    const writers = await walk;
    return writers.has(writer.key) || (writers.size < MAX_WALK ? false : undefined);
  }

  private async walk({ identity }: Peer, lookup: KeyLookup): Promise<ReadonlySet<string>> {
    const { sessions, crypto } = this.account;
    const session = sessions.of(identity);
    const { signal } = lookup.context;
    const found = new Set<string>();
    const readWriterData = async (writer: PublicKeyHash): Promise<WriterData | undefined> =>
      (await session.readCommitted(writer, { signal })).get(writer)?.writerData;
    try {
      for await (const { writer } of walkOwnedWriters(crypto, identity, { readWriterData, lookup, maxWriters: MAX_WALK })) {
        found.add(writer.key);
      }
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
    }
    return found;
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
