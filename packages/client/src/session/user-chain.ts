import { assertValidChain, mergeChains, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockSource } from '@pyrgos/core/store';
import { chainKeyLookup } from './key-lookup.js';

/** A chain with at least one link. */
export type Chain = readonly [UserPublicKeyLink, ...UserPublicKeyLink[]];

/** What checking chains takes. */
export interface ChainChecks {
  readonly crypto: CryptoProvider;
  /** For keys that are blocks of their own; not trusted. */
  readonly blocks: BlockSource;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a list of links is a chain at all. */
export function isChain(links: readonly UserPublicKeyLink[]): links is Chain {
  return links.length > 0;
}

/** The current identity of a chain: the owner of its last link (chapter 05 section 16.1). */
export function identityOf(chain: Chain): PublicKeyHash {
  return lastLink(chain).owner;
}

/** The last link of a chain. */
export function lastLink(chain: Chain): UserPublicKeyLink {
  return chain.at(-1) ?? chain[0];
}

/** Requires a valid chain of `username`, which may come from a server; returns it. DeniedError `denied.chain`. */
export async function validChain(links: readonly UserPublicKeyLink[], username: string, checks: ChainChecks): Promise<Chain> {
  if (!isChain(links)) throw new DeniedError('denied.chain', 'The server shows no keys of this user.', { problem: 'is empty' });
  await assertValidChain(checks.crypto, links, username, lookupFor(links, checks));
  return links;
}

/**
 * The newer one of a chain that was seen before and one that a server shows now. A server that shows an older one, by lag or by malice,
 * changes nothing. DeniedError `denied.chain` when neither follows from the other by signed steps: then the server shows another identity.
 */
export async function newerChain(seen: Chain, shown: readonly UserPublicKeyLink[], username: string, checks: ChainChecks): Promise<Chain> {
  const forwards = await merged(seen, shown, username, checks);
  if (!(forwards instanceof PyrgosError)) return forwards;
  const backwards = isChain(shown) ? await merged(shown, seen, username, checks) : forwards;
  if (!(backwards instanceof PyrgosError)) return seen;
  throw forwards;
}

/** The chain that `existing` becomes by an update, or why it cannot. */
export async function merged(
  existing: Chain,
  updated: readonly UserPublicKeyLink[],
  username: string,
  checks: ChainChecks,
): Promise<Chain | PyrgosError> {
  try {
    const chain = await mergeChains(checks.crypto, existing, updated, username, lookupFor(existing, checks));
    return isChain(chain) ? chain : existing;
  } catch (error) {
    if (error instanceof PyrgosError && error.code === 'denied.chain') return error;
    throw error;
  }
}

/** Whether two chains are the same, signature by signature. */
export function equalChains(a: readonly UserPublicKeyLink[], b: readonly UserPublicKeyLink[]): boolean {
  return a.length === b.length && a.every((link, i) => link.equals(b[i]));
}

function lookupFor([first]: Chain, { crypto, blocks, signal }: ChainChecks): ReturnType<typeof chainKeyLookup> {
  return chainKeyLookup(crypto, blocks, first.owner, signal);
}
