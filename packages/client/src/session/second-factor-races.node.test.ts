import { SymmetricKey } from '@pyrgos/core/keys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Network } from '../network/index.js';
import type { Account } from './account.js';
import { localKeys, MemoryLocalStore } from './local-store.js';
import { logIn, type LogInOptions } from './log-in.js';
import { secondFactors } from './second-factors.js';
import { signUp } from './sign-up.js';
import { stayLoggedIn } from './stay-logged-in.js';
import { totpCode } from './totp.js';

const password = 'violet anchor sleeps beneath copper';
let world: ServerWorld;
let count = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

/** A store whose writes of one key wait until the test lets them. */
class SlowStore extends MemoryLocalStore {
  slowKey: string | undefined;
  private release: () => void = () => undefined;
  private readonly open = new Promise<void>((resolve) => (this.release = resolve));
  private begun: () => void = () => undefined;
  /** Somebody is about to write. */
  readonly writing = new Promise<void>((resolve) => (this.begun = resolve));

  override async put(key: string, value: Uint8Array): Promise<void> {
    if (key === this.slowKey) {
      this.begun();
      await this.open;
    }
    await super.put(key, value);
  }

  letGo(): void {
    this.release();
  }
}

async function newUser(store: MemoryLocalStore): Promise<Account> {
  return signUp(world.network(), { crypto: world.quick, username: `user${count++}`, password, store });
}

async function enable(account: Account): Promise<void> {
  const factors = secondFactors(account);
  const app = await factors.addTotp();
  await factors.enableTotp(app.credentialId, await totpCode(app.key, Math.floor(Date.now() / 1000)));
}

/** What of this device opens the account without a second factor. */
async function kept(store: MemoryLocalStore, { username }: Account): Promise<string[]> {
  const keys = [localKeys.session(username), localKeys.login(username)];
  const found = await Promise.all(keys.map(async (key) => ((await store.get(key)) === undefined ? [] : [key])));
  return found.flat();
}

describe('enabling a second factor deletes what opens the account without it (chapter 05 section 15.8)', () => {
  test('also when that is being written at the same moment', async () => {
    for (const key of [localKeys.session, localKeys.login]) {
      const store = new SlowStore();
      const account = await newUser(store);
      store.slowKey = key(account.username);
      const staying = stayLoggedIn(account, SymmetricKey.generate(world.crypto));
      await store.writing;
      const enabling = enable(account);
      setTimeout(() => store.letGo(), 200);
      await Promise.all([staying, enabling]);
      expect(await kept(store, account)).toEqual([]);
    }
  });

  test('also what a log-in keeps that the server let in before', async () => {
    for (const options of [{}, { deviceKey: SymmetricKey.generate(world.crypto) }] satisfies Partial<LogInOptions>[]) {
      const store = new MemoryLocalStore();
      const account = await newUser(store);
      const network = world.network();
      let answered: () => void = () => undefined;
      let goOn: () => void = () => undefined;
      const isAnswered = new Promise<void>((resolve) => (answered = resolve));
      const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
      const slow: Network = changedNetwork(network, {
        accounts: overriding(network.accounts, {
          getLogin: async (...call) => {
            const answer = await network.accounts.getLogin(...call);
            answered();
            await mayGoOn;
            return answer;
          },
        }),
      });
      const entering = logIn(slow, { crypto: world.quick, username: account.username, password, store, ...options });
      await isAnswered;
      await enable(account);
      goOn();
      expect((await entering).username).toBe(account.username);
      expect(await kept(store, account)).toEqual([]);
    }
  });

  test('and not what somebody keeps afterwards', async () => {
    const store = new MemoryLocalStore();
    const account = await newUser(store);
    await enable(account);
    await stayLoggedIn(account, SymmetricKey.generate(world.crypto));
    expect(await kept(store, account)).toHaveLength(2);
  });
});
