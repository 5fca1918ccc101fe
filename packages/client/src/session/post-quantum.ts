import type { UserStaticData } from '@pyrgos/core/accounts';
import { ConflictError, PyrgosError } from '@pyrgos/core/errors';
import { BoxingKeyPair, type PublicSigningKey } from '@pyrgos/core/keys';
import { EntryPoints, type WriterData } from '@pyrgos/core/model';
import { writerDataOf } from '../commit/index.js';
import { newTransactionId } from '../commit/transaction-id.js';
import { planUploads, uploadBatches } from '../commit/upload.js';
import { checkedOptions } from './call-options.js';
import { Account, type AccountSecrets, contextOf, secretsOf } from './account.js';
import { withLegacyLoginData } from './legacy-login-data.js';
import { LoginCache } from './login-cache.js';
import { assertSameAlgorithm, assertSameBoxing, storeLogin } from './store-login.js';

/** How an upgrade is run. */
export interface UpgradeOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives an account a boxing key that resists quantum computers, and finishes an upgrade that was cut off (chapter 05 section 14). Resolves
 * to the account with the new key, or to the same one when there is nothing to do or it cannot be done now: while follow requests are
 * pending, which only the old key opens, when another device has changed the password or the boxing key, and when the server refuses. Stored sessions of the account end. Only AbortedError is thrown.
 */
export async function upgradeBoxingKey(account: Account, options: UpgradeOptions = {}): Promise<Account> {
  contextOf(account);
  checkedOptions(options);
  if (!account.hasBoxing) return account;
  try {
    if (account.isPostQuantum) return account.isBoxingPublished ? account : await publishBoxingKey(account, options);
    return account.isLegacy ? await upgradeLegacy(account, options) : await upgradeModern(account, options);
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted') throw error;
    return account;
  }
}

/**
 * The public key is on the server first, and the secret and the link to it change together: whatever another device does to the password or the
 * boxing key meanwhile, one of the two is refused.
 */
async function upgradeModern(account: Account, { signal }: UpgradeOptions): Promise<Account> {
  const { crypto, identity, network, username } = account;
  const owner = identity.publicKeyHash;
  if (!(await mayChange(account, signal))) return account;
  const secrets = secretsOf(account);
  const boxing = BoxingKeyPair.generateHybrid(crypto);
  const inbound = boxing.publicKey.hash(crypto);
  const { entryPoints, sealed } = resealed(account, boxing);
  const transaction = newTransactionId(crypto);
  try {
    const key = { cid: inbound.cid, bytes: boxing.publicKey.encode(), isRaw: false, writers: [owner] };
    await uploadBatches(planUploads(identity, [key]), { owner, store: network.blocks, crypto, transaction }, signal);
    const change = (current: WriterData): WriterData => {
      assertSameAlgorithm(current, secrets.algorithm);
      assertSameBoxing(current, account);
      return current.with({ inbound });
    };
    const isMade = (shown: WriterData): boolean => inbound.equals(shown.inbound);
    const shown = await storeLogin(contextOf(account), { username, identity, loginKey: secrets.loginKey, sealed, change, isMade }, signal);
    if (shown !== undefined && !isMade(shown)) return account;
  } finally {
    // A courtesy: a transaction that is not closed expires by itself.
    network.blocks.closeTransaction(owner, transaction).catch(() => undefined);
  }
  const next = renewed(account, boxing, { ...secrets, entryPoints, sealed });
  await keepLogin(next, secrets.loginKey, sealed);
  return next;
}

/** On a legacy account both are in one block, and change together. */
async function upgradeLegacy(account: Account, { signal }: UpgradeOptions): Promise<Account> {
  if (!(await mayChange(account, signal))) return account;
  const secrets = secretsOf(account);
  const boxing = BoxingKeyPair.generateHybrid(account.crypto);
  const { entryPoints, sealed } = resealed(account, boxing);
  await commitInbound(account, boxing, signal, (writerData) => {
    assertSameAlgorithm(writerData, secrets.algorithm);
    assertSameBoxing(writerData, account);
    return withLegacyLoginData(writerData, sealed);
  });
  return renewed(account, boxing, { ...secrets, entryPoints, sealed });
}

/** Publishes the boxing key that the login data holds. */
async function publishBoxingKey(account: Account, { signal }: UpgradeOptions): Promise<Account> {
  const { algorithm } = secretsOf(account);
  await commitInbound(account, account.boxing, signal, (writerData) => {
    assertSameAlgorithm(writerData, algorithm);
    return writerData;
  });
  return renewed(account, account.boxing, secretsOf(account));
}

/** Writes a public boxing key, and the identity's data that names it. */
async function commitInbound(
  account: Account,
  boxing: BoxingKeyPair,
  signal: AbortSignal | undefined,
  change: (writerData: WriterData) => WriterData,
): Promise<void> {
  const { identity, crypto, sessions } = account;
  const writer = identity.publicKeyHash;
  const session = sessions.of(writer);
  const before = writerDataOf(await session.read(writer, { current: true, signal }), writer).inbound;
  await session.update(
    [writer],
    async (snapshot, committer) => {
      const current = writerDataOf(snapshot, writer);
      if (!isSame(current.inbound, before)) throw new ConflictError('conflict.snapshot', 'another device changes the boxing key');
      const next = change(current);
      committer.blocks.sinkFor(writer).putCbor(boxing.publicKey.encode());
      return committer.commit(snapshot, identity, next.with({ inbound: boxing.publicKey.hash(crypto) }));
    },
    { signal },
  );
}

/** Whether the boxing key may change: nothing waits that only the old key opens, and the account has not got a newer one already. */
async function mayChange(account: Account, signal: AbortSignal | undefined): Promise<boolean> {
  if (!account.isBoxingPublished) return false;
  return (await account.network.social.getFollowRequests(account.identity, signal)).length === 0;
}

function resealed(account: Account, boxer: BoxingKeyPair): Pick<AccountSecrets, 'entryPoints' | 'sealed'> {
  const { entryPoints: before, rootKey } = secretsOf(account);
  const entryPoints = EntryPoints.of(before.entries, { boxer, ...(before.identity === undefined ? {} : { identity: before.identity }) });
  return { entryPoints, sealed: entryPoints.seal(account.crypto, rootKey) };
}

function renewed(account: Account, boxing: BoxingKeyPair, secrets: AccountSecrets): Account {
  const { username, chain, identity, home, homeWriter, mirrorBat, isLegacy } = account;
  const context = contextOf(account).successor();
  account.close();
  return new Account({
    context,
    username,
    chain,
    identity,
    boxing,
    home,
    homeWriter,
    mirrorBat,
    isLegacy,
    isBoxingPublished: true,
    secrets,
  });
}

function isSame(a: WriterData['inbound'], b: WriterData['inbound']): boolean {
  return a === undefined ? b === undefined : a.equals(b);
}

/** Replaces the login data that this device keeps, if it keeps any; the account has changed, whether that succeeds or not. */
async function keepLogin(account: Account, loginKey: PublicSigningKey, sealed: UserStaticData): Promise<void> {
  try {
    const cache = new LoginCache(contextOf(account).cache);
    if ((await cache.get(account.username, loginKey)) !== undefined) await cache.set(account.username, loginKey, sealed);
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
  }
}
