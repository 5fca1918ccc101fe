import { LoginData, type UserStaticData } from '@pyrgos/core/accounts';
import { ConflictError, PyrgosError } from '@pyrgos/core/errors';
import { BoxingKeyPair, type PublicSigningKey } from '@pyrgos/core/keys';
import { EntryPoints, WriterData } from '@pyrgos/core/model';
import { writerDataOf } from '../commit/index.js';
import { checkedOptions } from './call-options.js';
import { Account, type AccountSecrets, contextOf, secretsOf } from './account.js';
import { LoginCache } from './login-cache.js';

/** How an upgrade is run. */
export interface UpgradeOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives an account a boxing key that resists quantum computers, and finishes an upgrade that was cut off (chapter 05 section 14). Resolves
 * to the account with the new key, or to the same one when there is nothing to do or it cannot be done now: while follow requests are
 * pending, which only the old key opens, and when the server refuses. Stored sessions of the account end. Only AbortedError is thrown.
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

/** The secret first, then the public key: whatever happens in between, the stored secret is that of the last published key or newer. */
async function upgradeModern(account: Account, options: UpgradeOptions): Promise<Account> {
  const { network, crypto, identity, username } = account;
  const { signal } = options;
  if (!(await mayChange(account, signal))) return account;
  const secrets = secretsOf(account);
  const boxing = BoxingKeyPair.generateHybrid(crypto);
  const { entryPoints, sealed } = resealed(account, boxing);
  const data = LoginData.of(username, sealed, secrets.loginKey);
  if (!(await network.accounts.setLogin(data, identity, signal === undefined ? {} : { signal }))) return account;
  const next = renewed(account, boxing, { ...secrets, entryPoints, sealed }, false);
  await keepLogin(next, secrets.loginKey, sealed);
  // From here on the new key is the account's, published or not.
  return upgradeBoxingKey(next, options);
}

/** On a legacy account both are in one block, and change together. */
async function upgradeLegacy(account: Account, { signal }: UpgradeOptions): Promise<Account> {
  if (!(await mayChange(account, signal))) return account;
  const secrets = secretsOf(account);
  const boxing = BoxingKeyPair.generateHybrid(account.crypto);
  const { entryPoints, sealed } = resealed(account, boxing);
  await commitInbound(account, boxing, signal, (writerData) => {
    // Writing this field is legacy, but the account has no other place for its keys.
    const map = new Map(writerData.toCbor() as ReadonlyMap<string, never>);
    map.set('static', sealed.toCbor() as never);
    return WriterData.fromCbor(map);
  });
  return renewed(account, boxing, { ...secrets, entryPoints, sealed }, true);
}

/** Publishes the boxing key that the login data holds. */
async function publishBoxingKey(account: Account, { signal }: UpgradeOptions): Promise<Account> {
  await commitInbound(account, account.boxing, signal, (writerData) => writerData);
  return renewed(account, account.boxing, secretsOf(account), true);
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
  const before = writerDataOf(await session.read(writer, { signal }), writer).inbound;
  await session.update(
    [writer],
    async (snapshot, committer) => {
      const current = writerDataOf(snapshot, writer);
      if (!isSame(current.inbound, before)) throw new ConflictError('conflict.snapshot', 'another device changes the boxing key');
      committer.blocks.sinkFor(writer).putCbor(boxing.publicKey.encode());
      return committer.commit(snapshot, identity, change(current).with({ inbound: boxing.publicKey.hash(crypto) }));
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

function renewed(account: Account, boxing: BoxingKeyPair, secrets: AccountSecrets, isBoxingPublished: boolean): Account {
  const { username, chain, identity, home, homeWriter, mirrorBat, isLegacy } = account;
  const context = contextOf(account).successor();
  account.close();
  return new Account({ context, username, chain, identity, boxing, home, homeWriter, mirrorBat, isLegacy, isBoxingPublished, secrets });
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
