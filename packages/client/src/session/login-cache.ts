import { LoginData, type UserStaticData } from '@pyrgos/core/accounts';
import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicSigningKey } from '@pyrgos/core/keys';
import { localKeys, type LocalStore } from './local-store.js';

/**
 * The encrypted login data of users on this device, for logging in offline (chapter 05 section 11). It answers only when the server cannot:
 * a server that is reached may ask for a second factor.
 */
export class LoginCache {
  /** Without a store nothing is kept. */
  constructor(private readonly store: LocalStore | undefined) {}

  /** The login data that this login key may read. */
  async get(username: string, loginKey: PublicSigningKey): Promise<UserStaticData | undefined> {
    const bytes = await this.store?.get(localKeys.login(username));
    if (bytes === undefined) return undefined;
    try {
      const data = LoginData.decode(bytes);
      return data.username === username && data.reader.equals(loginKey) ? data.entryPoints : undefined;
    } catch (error) {
      if (error instanceof PyrgosError) return undefined;
      throw error;
    }
  }

  /** Keeps login data in the place of what there was. */
  async set(username: string, loginKey: PublicSigningKey, entryPoints: UserStaticData): Promise<void> {
    await this.store?.put(localKeys.login(username), LoginData.of(username, entryPoints, loginKey).encode());
  }

  /** Forgets the login data of a user. */
  async remove(username: string): Promise<void> {
    await this.store?.delete(localKeys.login(username));
  }
}

/**
 * Forgets everything with which this device could open an account without its password and second factor: cached login data and the
 * stored session (chapter 05 section 15.8).
 */
export async function forgetLogin(store: LocalStore | undefined, username: string): Promise<void> {
  const keys = [localKeys.session(username), localKeys.login(username)];
  const results = await Promise.allSettled(keys.map(async (key) => store?.delete(key)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
