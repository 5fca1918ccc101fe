import { Account } from './account.js';
import type { ClientContext } from './client-context.js';
import { mirrorBatOf } from './mirror-bat.js';
import { openHome } from './open-home.js';
import type { Login } from './open-login.js';

/** Makes an account of opened login data: finds its home directory and its mirror BAT (chapter 05 sections 10.3 and 10.4). */
export async function buildAccount(context: ClientContext, login: Login, signal?: AbortSignal): Promise<Account> {
  const { account, identity, boxing, isBoxingPublished, entryPoints, rootKey, loginKey, algorithm, sealed } = login;
  const { username, chain } = account;
  const [home, mirrorBat] = await Promise.all([
    openHome(context, username, account.identity, entryPoints, signal),
    mirrorBatOf(context, { username, identity, rootKey }, signal),
  ]);
  return new Account({
    context,
    username,
    chain,
    identity,
    boxing,
    home: home.capability,
    homeWriter: home.requireSigner(),
    mirrorBat,
    isLegacy: account.writerData.static !== undefined,
    isBoxingPublished,
    secrets: { rootKey, loginKey, algorithm, entryPoints, sealed },
  });
}
