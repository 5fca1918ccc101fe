import { assertInstance, assertInstances } from '../arguments.js';
import { equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue } from '../codec/cbor-value.js';
import type { Cid } from '../codec/cid.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { DeniedError, FormatError, LimitError, NotFoundError } from '../errors.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';
import { type KeyLookup, resolveSigningKey } from '../keys/resolve-signing-key.js';
import { type PublicSigningKey, SIGNATURE_SIZE, verifyDetached } from '../keys/signing-key.js';
import { MAX_CHAIN_LINKS } from '../limits.js';
import { compareExpiry } from './claim-dates.js';
import { UserPublicKeyLink } from './user-public-key-link.js';

/** The CBOR form of a chain: the list of its links, oldest first (chapter 05 section 16.1). */
export function chainToCbor(links: readonly UserPublicKeyLink[]): CborValue {
  assertInstances('links', links, UserPublicKeyLink);
  return links.map((link) => link.toCbor());
}

/** Reads a list of links; nothing is verified. LimitError beyond MAX_CHAIN_LINKS. */
export function chainFromCbor(value: CborValue, where = 'chain'): UserPublicKeyLink[] {
  const fields = CborFields.list('format.account', where, value);
  if (fields.size > MAX_CHAIN_LINKS) throw new LimitError('links of a chain', fields.size, MAX_CHAIN_LINKS);
  return Array.from({ length: fields.size }, (_, i) => UserPublicKeyLink.fromCbor(fields.map(i), fields.path(i)));
}

/** The CBOR bytes of a chain; also what a proof of work for it covers (chapter 05 section 12.6). */
export function encodeChain(links: readonly UserPublicKeyLink[]): Uint8Array {
  return encodeCbor(chainToCbor(links));
}

/** Reads the CBOR bytes of a chain; anything after the item is an error. The empty list is the chain of an unknown user. */
export function decodeChain(bytes: Uint8Array): UserPublicKeyLink[] {
  return chainFromCbor(decodeCbor(bytes));
}

/** The storage provider of the last claim: the user's home server. Undefined for an empty chain. Not verified. */
export function homeProvider(chain: readonly UserPublicKeyLink[]): Cid | undefined {
  assertInstances('chain', chain, UserPublicKeyLink);
  return chain.at(-1)?.claim.storageProviders[0];
}

/**
 * Whether a link's claim is valid for `username` (section 16.4): the name is the claimed one, there is at most one provider, and the
 * owner signed exactly this claim. An owner key that does not exist makes it invalid; errors of the block source are passed on.
 */
export async function isValidClaim(crypto: CryptoProvider, link: UserPublicKeyLink, username: string, lookup: KeyLookup): Promise<boolean> {
  assertInstance('link', link, UserPublicKeyLink);
  const owner = await ownerKey(link, lookup);
  return owner !== undefined && hasValidClaim(crypto, link, username, owner);
}

/**
 * Requires a valid chain (section 16.4): every claim is valid for `username`; each link but the last has no provider and hands over
 * to the owner of the next one; the last has exactly one provider. DeniedError `denied.chain`; `data.link` is the index of the
 * offending link. Expiry plays no part.
 */
export async function assertValidChain(
  crypto: CryptoProvider,
  chain: readonly UserPublicKeyLink[],
  username: string,
  lookup: KeyLookup,
): Promise<void> {
  assertInstances('chain', chain, UserPublicKeyLink);
  if (chain.length === 0) throw invalidChain('Invalid key chain!', 0, 'is empty');
  for (const [i, link] of chain.entries()) {
    const next = chain[i + 1];
    const expected = next === undefined ? 1 : 0;
    if (link.claim.storageProviders.length !== expected) {
      throw invalidChain('Invalid key chain!', i, `must have ${expected} storage providers`);
    }
    const owner = await ownerKey(link, lookup);
    if (owner === undefined || !hasValidClaim(crypto, link, username, owner)) throw invalidChain('Invalid key chain!', i, 'invalid claim');
    if (next !== undefined && !handsOver(crypto, link, owner, next.owner))
      throw invalidChain('Invalid key chain!', i, 'invalid key change');
  }
}

/**
 * The chain of `username` after an update, which may be the whole new chain or its changed end (section 16.5). DeniedError
 * `denied.chain` with the protocol's texts. Stricter than the reference: every claim must name `username`, and the chain of a new user
 * is validated too.
 */
export async function mergeChains(
  crypto: CryptoProvider,
  existing: readonly UserPublicKeyLink[],
  updated: readonly UserPublicKeyLink[],
  username: string,
  lookup: KeyLookup,
): Promise<UserPublicKeyLink[]> {
  assertInstances('existing', existing, UserPublicKeyLink);
  assertInstances('updated', updated, UserPublicKeyLink);
  const current = existing.at(-1);
  if (current === undefined) return validMerge(crypto, updated, username, lookup);
  const common = commonPrefix(existing, updated);
  if (common === existing.length && common === updated.length) return [...updated];
  const tail = updated.slice(common);
  const [first, last] = [tail[0], tail.at(-1)];
  if (first === undefined || last === undefined) throw invalidChain('Invalid key chain merge!', updated.length, 'nothing is new');
  if (compareExpiry(first.claim.expiry, current.claim.expiry) < 0) {
    throw invalidChain('New claim chain expiry before existing!', common, 'earlier expiry');
  }
  if (!first.owner.equals(current.owner)) {
    const text = tail.length === 1 ? 'User already exists: Invalid key change attempt!' : 'Different keys in merge chains intersection!';
    throw invalidChain(text, common, 'another owner');
  }
  if (existing.slice(0, -1).some(({ owner }) => owner.equals(last.owner))) {
    throw invalidChain('You cannot reuse a previous password!', updated.length - 1, 'former owner');
  }
  return validMerge(crypto, [...existing.slice(0, -1), ...tail], username, lookup);
}

async function validMerge(
  crypto: CryptoProvider,
  chain: readonly UserPublicKeyLink[],
  username: string,
  lookup: KeyLookup,
): Promise<UserPublicKeyLink[]> {
  if (chain.length > MAX_CHAIN_LINKS) throw new LimitError('links of a chain', chain.length, MAX_CHAIN_LINKS);
  try {
    await assertValidChain(crypto, chain, username, lookup);
  } catch (error) {
    if (!(error instanceof DeniedError) || error.code !== 'denied.chain') throw error;
    throw new DeniedError('denied.chain', 'Invalid key chain merge!', error.data);
  }
  return [...chain];
}

function invalidChain(text: string, link: number, problem: string): DeniedError {
  return new DeniedError('denied.chain', text, { link, problem });
}

/** The key of a link's owner, or undefined when there is none under this hash. */
async function ownerKey(link: UserPublicKeyLink, lookup: KeyLookup): Promise<PublicSigningKey | undefined> {
  try {
    return await resolveSigningKey(link.owner, lookup);
  } catch (error) {
    if (error instanceof FormatError || error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function hasValidClaim(crypto: CryptoProvider, { claim }: UserPublicKeyLink, username: string, owner: PublicSigningKey): boolean {
  return claim.username === username && claim.storageProviders.length <= 1 && claim.isSignedBy(crypto, owner);
}

function handsOver(crypto: CryptoProvider, { keyChange }: UserPublicKeyLink, owner: PublicSigningKey, next: PublicKeyHash): boolean {
  const message = next.encode();
  return (
    keyChange !== undefined &&
    equalBytes(keyChange.subarray(SIGNATURE_SIZE), message) &&
    verifyDetached(crypto, owner, keyChange.subarray(0, SIGNATURE_SIZE), message)
  );
}

function commonPrefix(a: readonly UserPublicKeyLink[], b: readonly UserPublicKeyLink[]): number {
  let length = 0;
  while (length < a.length && a[length]?.equals(b[length]) === true) length++;
  return length;
}
