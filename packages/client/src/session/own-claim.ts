import { addMonths, compareExpiry, LoginData, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { publicKeyOfPeerId } from '@pyrgos/core/api';
import { Cid, CidCodec, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { DeniedError } from '@pyrgos/core/errors';
import { writerDataOf } from '../commit/index.js';
import { type Account, contextOf, secretsOf } from './account.js';
import { CLAIM_MONTHS } from './build-sign-up.js';
import { openKeyStoreOf } from './key-store-file.js';
import { type CallOptions, checkedOptions } from './call-options.js';
import type { ProofOptions } from './proof-of-work.js';
import { assertSameAlgorithm, assertSameBoxing } from './store-login.js';
import { submitChain } from './submit-chain.js';
import { today } from './today.js';
import { type Chain, lastLink } from './user-chain.js';

/** A claim that runs out within so many months is renewed (chapter 05 section 16.6). */
const RENEW_MONTHS = 1;

/** The home of users whose home server does not matter: CIDv1 libp2p-key of 32 zero bytes (chapter 05 section 16.6). */
const NO_HOME = Multihash.create(MultihashCode.sha2_256, new Uint8Array(32));

/**
 * Renews the claim of the own name when it runs out within a month, to two months from now (chapter 05 section 16.6); with `force` in any
 * case. Resolves to the current chain. An expired claim works, so this can wait. Errors of `submitChain`.
 */
export async function renewClaim(account: Account, options: ProofOptions & { readonly force?: boolean | undefined } = {}): Promise<Chain> {
  const context = contextOf(account);
  checkedOptions(options);
  const date = today(context.clock);
  const chain = await context.chains.get(account.username, options.signal);
  const { expiry } = lastLink(chain).claim;
  if (options.force !== true && compareExpiry(expiry, addMonths(date, RENEW_MONTHS)) >= 0) return chain;
  return claimAnew(account, undefined, options);
}

/**
 * Makes the claim of the own name point to the server that the account is connected to, when that is its home under another id by now
 * (chapter 05 section 16.6). Nothing happens on any other server. Resolves to the current chain. DeniedError `denied.chain` when the server
 * cannot show, signed by its old ids, that it has moved.
 */
export async function ensureCurrentHost(account: Account, options: ProofOptions = {}): Promise<Chain> {
  const context = contextOf(account);
  checkedOptions(options);
  const { network } = context;
  const chain = await context.chains.get(account.username, options.signal);
  const home = lastLink(chain).claim.storageProviders[0]?.multihash;
  const ids = await network.serverIds(options.signal);
  const newest = ids.at(-1);
  if (home === undefined || newest === undefined || newest.multihash.equals(home)) return chain;
  const isOurs = isOneOf(ids, home);
  if (!isOurs && !home.equals(NO_HOME)) return chain;
  if (isOurs) await assertMoved(account, home, newest, ids.length, options.signal);
  return claimAnew(account, Cid.v1(CidCodec.libp2pKey, newest.multihash), options);
}

/**
 * Gives the server that the account is connected to a copy of the login data, so that people can log in there when the home server is gone
 * (chapter 05 section 10.6). Nothing is sent to the home server, which has it. DeniedError `denied.login` for legacy accounts; ConflictError `conflict.snapshot` when password
 * or boxing key were changed by another device: log in again, and repeat it.
 */
export async function mirrorLoginData(account: Account, options: CallOptions = {}): Promise<void> {
  const { signal } = checkedOptions(options);
  const context = contextOf(account);
  if (account.isLegacy)
    throw new DeniedError('denied.login', 'Legacy accounts cannot be mirrored. Change your password to upgrade your account.');
  const { sealed, loginKey } = secretsOf(account);
  await assertCurrent(account, signal);
  // There is no compare-and-swap without the pointer, which only the home server moves: there it would lock out who has just changed the password.
  const home = lastLink(await context.chains.get(account.username, signal)).claim.storageProviders[0]?.multihash;
  if (home !== undefined && (home.equals(NO_HOME) || isOneOf(await account.network.serverIds(signal), home))) return;
  const data = LoginData.of(account.username, sealed, loginKey);
  const here = { onThisServer: true, ...(signal === undefined ? {} : { signal }) };
  if (!(await account.network.accounts.setLogin(data, account.identity, here))) {
    throw new DeniedError('denied.login', 'The server has not stored the login data.');
  }
  // A change in between has left what does not open any more; whoever is told so makes a new copy.
  await assertCurrent(account, signal);
}

/** Requires that login data of the account is what the account has now. ConflictError `conflict.snapshot`. */
async function assertCurrent(account: Account, signal: AbortSignal | undefined): Promise<void> {
  const writer = account.identity.publicKeyHash;
  const current = writerDataOf(await account.sessions.of(writer).read(writer, { current: true, signal }), writer);
  assertSameAlgorithm(current, secretsOf(account).algorithm);
  if (account.isBoxingPublished) assertSameBoxing(current, account);
}

function isOneOf(ids: readonly Cid[], id: Multihash): boolean {
  return ids.some(({ multihash }) => multihash.equals(id));
}

/** A new last link with the same provider, or another one. */
async function claimAnew(account: Account, provider: Cid | undefined, options: ProofOptions): Promise<Chain> {
  const { clock, crypto, identity, username } = account;
  const chain = await submitChain(
    contextOf(account),
    username,
    (before) => {
      const { claim, owner } = lastLink(before);
      if (!owner.equals(identity.publicKeyHash)) {
        throw new DeniedError('denied.login', 'The account has another identity now. Log in again.');
      }
      const expiry = addMonths(today(clock), CLAIM_MONTHS);
      const later = compareExpiry(claim.expiry, expiry) > 0 ? claim.expiry : expiry;
      const providers = provider === undefined ? claim.storageProviders : [provider];
      return [...before.slice(0, -1), UserPublicKeyLink.createInitial(crypto, identity, username, later, providers)];
    },
    options,
  );
  const keyStore = await openKeyStoreOf(account);
  // The own chain is pinned like any other, once it was looked up.
  if (keyStore?.pinned(username) !== undefined) await keyStore.updateChain(username, chain, options.signal);
  return chain;
}

/** Requires that the records of a server lead from one of its ids to the newest, each signed by the id before. */
async function assertMoved(account: Account, from: Multihash, to: Cid, maxMoves: number, signal: AbortSignal | undefined): Promise<void> {
  const { network, crypto, clock } = account;
  let current = Cid.v1(CidCodec.libp2pKey, from);
  for (let move = 0; move < maxMoves; move++) {
    if (current.multihash.equals(to.multihash)) return;
    if (publicKeyOfPeerId(current) === undefined) break;
    const record = (await network.ipnsRecord(current, signal)).verify(crypto, current, clock.now());
    if (!record.moved || record.host === undefined) break;
    current = Cid.v1(CidCodec.libp2pKey, record.host);
  }
  if (current.multihash.equals(to.multihash)) return;
  throw new DeniedError('denied.chain', 'The server cannot show that it has moved to its new id.');
}
