import { LoginData } from '@pyrgos/core/accounts';
import { Cid, CidCodec, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { BoxingKeyPair } from '@pyrgos/core/keys';
import { EntryPoints } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { signUpOldAccount } from '../../test/old-account.js';
import { ServerWorld } from '../../test/server-world.js';
import { writerDataOf } from '../commit/index.js';
import type { Network } from '../network/index.js';
import { type Account, secretsOf } from './account.js';
import { changePassword } from './change-password.js';
import { MemoryLocalStore } from './local-store.js';
import { logIn } from './log-in.js';
import { mirrorLoginData } from './own-claim.js';
import { upgradeBoxingKey } from './post-quantum.js';
import { signUp } from './sign-up.js';

const oldPassword = 'violet anchor sleeps beneath copper';
const newPassword = 'seven lanterns over quiet water';
let world: ServerWorld;
let count = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

const enter = async (username: string, password: string, network: Network = world.network()): Promise<Account> =>
  logIn(network, { crypto: world.quick, username, password, upgradesBoxingKey: false });
const refused = async (username: string, password: string): Promise<void> =>
  expect(enter(username, password)).rejects.toMatchObject({ code: 'denied.login', data: { reason: 'password' } });
const old = async (layout: 'modern' | 'legacy' = 'modern'): Promise<string> => {
  const username = `user${count++}`;
  await signUpOldAccount(world.quick, world.network(), { username, password: oldPassword, layout });
  return username;
};
/** A network on which `meanwhile` happens once, just before login data is sent. */
const beforeSetLogin = (meanwhile: () => Promise<unknown>): Network => {
  const network = world.network();
  let isFirst = true;
  return changedNetwork(network, {
    accounts: overriding(network.accounts, {
      setLogin: async (...call) => {
        if (isFirst) {
          isFirst = false;
          await meanwhile();
        }
        return network.accounts.setLogin(...call);
      },
    }),
  });
};

describe('login data that is stored anew while another device changes the password', () => {
  test('by a log-in that replaces an old boxing key: the new password is the one that opens', async () => {
    const username = await old();
    const other = await enter(username, oldPassword);
    const slow = beforeSetLogin(async () => changePassword(other, { oldPassword, newPassword }));
    const account = await logIn(slow, { crypto: world.quick, username, password: oldPassword });
    expect(account.isPostQuantum).toBe(false);
    await refused(username, oldPassword);
    expect((await logIn(world.network(), { crypto: world.quick, username, password: newPassword })).isPostQuantum).toBe(true);
  });

  test('by an upgrade of a session that was open before', async () => {
    const username = await old();
    const [here, there] = [await enter(username, oldPassword), await enter(username, oldPassword)];
    await changePassword(there, { oldPassword, newPassword });
    expect(await upgradeBoxingKey(here)).toBe(here);
    await refused(username, oldPassword);
    expect((await enter(username, newPassword)).isPostQuantum).toBe(false);
  });

  test('by a copy for a mirror of a session that was open before', async () => {
    const username = `user${count++}`;
    const here = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    await changePassword(await enter(username, oldPassword), { oldPassword, newPassword });
    await expect(mirrorLoginData(here)).rejects.toMatchObject({ code: 'conflict.snapshot' });
    await refused(username, oldPassword);
    await enter(username, newPassword);
  });

  test('an upgrade of the boxing key whose answer is lost is found out', async () => {
    const username = await old();
    const network = world.network();
    const breaks = (isSent: boolean): Network =>
      changedNetwork(network, {
        accounts: overriding(network.accounts, {
          setLogin: async (...call) => {
            if (isSent) await network.accounts.setLogin(...call);
            throw new PyrgosError('network', 'the connection was lost');
          },
        }),
      });
    const before = await logIn(breaks(false), { crypto: world.quick, username, password: oldPassword });
    expect([before.isPostQuantum, before.isBoxingPublished]).toEqual([false, true]);
    const after = await logIn(breaks(true), { crypto: world.quick, username, password: oldPassword });
    expect([after.isPostQuantum, after.isBoxingPublished]).toEqual([true, true]);
    expect((await enter(username, oldPassword)).boxing.equals(after.boxing)).toBe(true);
  });
});

test('a password change after which the server cannot be reached is not said to have failed from what this device remembers', async () => {
  const username = `user${count++}`;
  const network = world.network();
  let isCut = false;
  const cut = changedNetwork(network, {
    accounts: overriding(network.accounts, {
      setLogin: async (...call) => {
        const answer = await network.accounts.setLogin(...call);
        isCut = true;
        return answer;
      },
    }),
    pointers: overriding(network.pointers, {
      getPointer: async (...call) => {
        if (isCut) throw new PyrgosError('network', 'gone', { retry: 'safe', data: { reason: 'unreachable' } });
        return network.pointers.getPointer(...call);
      },
    }),
  });
  const clock = { now: () => Date.now(), sleep: async () => undefined };
  await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
  const options = { crypto: world.quick, username, password: oldPassword, store: new MemoryLocalStore(), clock };
  await changePassword(await logIn(cut, options), { oldPassword, newPassword });
  await refused(username, oldPassword);
  await enter(username, newPassword);
});

describe('login data for a mirror', () => {
  const elsewhere = Cid.v1(CidCodec.libp2pKey, Multihash.create(MultihashCode.sha2_256, new Uint8Array(32).fill(1)));
  /** The server as one that is not the home: it keeps what it is given. */
  const mirror = (kept: LoginData[], meanwhile: () => Promise<unknown> = async () => undefined): Network => {
    const network = world.network();
    return changedNetwork(network, {
      serverIds: async () => [elsewhere],
      accounts: overriding(network.accounts, {
        setLogin: async (data, _identity, options) => {
          expect(options?.onThisServer).toBe(true);
          await meanwhile();
          kept.push(data);
          return true;
        },
      }),
    });
  };

  test('is that of the account as it is; who changes the password meanwhile makes it a conflict', async () => {
    const username = `user${count++}`;
    await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    const kept: LoginData[] = [];
    const account = await enter(username, oldPassword, mirror(kept));
    await mirrorLoginData(account);
    expect(kept[0]?.entryPoints.encode()).toEqual(secretsOf(account).sealed.encode());
    const other = await enter(username, oldPassword);
    const raced = await enter(
      username,
      oldPassword,
      mirror(kept, async () => changePassword(other, { oldPassword, newPassword })),
    );
    await expect(mirrorLoginData(raced)).rejects.toMatchObject({ code: 'conflict.snapshot' });
    await expect(mirrorLoginData(account)).rejects.toMatchObject({ code: 'conflict.snapshot' });
    expect(kept).toHaveLength(2);
  });

  test('is not that from before another device has replaced the boxing key', async () => {
    const username = await old();
    const kept: LoginData[] = [];
    const account = await enter(username, oldPassword, mirror(kept));
    await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    await expect(mirrorLoginData(account)).rejects.toMatchObject({ code: 'conflict.snapshot' });
    expect(kept).toHaveLength(0);
  });
});

describe('a password change while another device replaces the boxing key', () => {
  test('keeps the new one', async () => {
    const username = await old();
    let upgraded: Account | undefined;
    const slow = beforeSetLogin(async () => {
      upgraded = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    });
    const changed = await changePassword(await enter(username, oldPassword, slow), { oldPassword, newPassword });
    expect([changed.isPostQuantum, changed.isBoxingPublished]).toEqual([true, true]);
    await refused(username, oldPassword);
    const again = await enter(username, newPassword);
    expect([again.isPostQuantum, again.isBoxingPublished]).toEqual([true, true]);
    expect(upgraded !== undefined && again.boxing.equals(upgraded.boxing)).toBe(true);
    await changePassword(again, { oldPassword: newPassword, newPassword: oldPassword });
  });

  test('is a conflict when that never ends', async () => {
    const username = await old();
    const network = world.network();
    const other = await enter(username, oldPassword);
    const { identity } = other;
    const writer = identity.publicKeyHash;
    // Another device that replaces login data and public key again and again.
    const restless = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        setLogin: async (...call) => {
          const { entryPoints, rootKey, loginKey } = secretsOf(other);
          const boxer = BoxingKeyPair.generateHybrid(world.crypto);
          const next = EntryPoints.of(entryPoints.entries, {
            boxer,
            ...(entryPoints.identity === undefined ? {} : { identity: entryPoints.identity }),
          });
          await network.accounts.setLogin(LoginData.of(username, next.seal(world.crypto, rootKey), loginKey), identity);
          await other.sessions.of(writer).update([writer], async (snapshot, committer) => {
            committer.blocks.sinkFor(writer).putCbor(boxer.publicKey.encode());
            return committer.commit(
              snapshot,
              identity,
              writerDataOf(snapshot, writer).with({ inbound: boxer.publicKey.hash(world.crypto) }),
            );
          });
          return network.accounts.setLogin(...call);
        },
      }),
    });
    const changing = changePassword(await enter(username, oldPassword, restless), { oldPassword, newPassword });
    await expect(changing).rejects.toMatchObject({ code: 'conflict.snapshot' });
    expect((await enter(username, oldPassword)).isBoxingPublished).toBe(true);
  });
});

describe('two devices that convert a legacy account at once', () => {
  const otherPassword = 'nine lanterns in heavy rain';
  /** Calls of a conversion, in order. */
  const points = ['claim', 'login data', 'chain', 'login data again'] as const;
  /** A network on which `meanwhile` happens once, just before a call. */
  const before = (point: (typeof points)[number], meanwhile: () => Promise<unknown>): Network => {
    const network = world.network();
    let stored = 0;
    let isDone = false;
    const at = async (now: (typeof points)[number]): Promise<void> => {
      if (now !== point || isDone) return;
      isDone = true;
      await meanwhile();
    };
    return changedNetwork(network, {
      pointers: overriding(network.pointers, {
        setPointers: async (...call) => {
          await at('claim');
          return network.pointers.setPointers(...call);
        },
      }),
      accounts: overriding(network.accounts, {
        setLogin: async (...call) => {
          await at(stored++ === 0 ? 'login data' : 'login data again');
          return network.accounts.setLogin(...call);
        },
      }),
      core: overriding(network.core, {
        updateChain: async (...call) => {
          await at('chain');
          return network.core.updateChain(...call);
        },
      }),
    });
  };
  const outcome = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'resolved',
      (error: unknown) => (error instanceof PyrgosError ? error.code : 'unknown'),
    );
  const opens = async (username: string): Promise<string[]> => {
    const found: string[] = [];
    for (const password of [oldPassword, newPassword, otherPassword]) {
      if ((await outcome(enter(username, password))) === 'resolved') found.push(password);
    }
    return found;
  };

  test.each(points)('one of them comes through when the other runs before the first one sends its %s', async (point) => {
    const username = await old('legacy');
    const other = await enter(username, oldPassword);
    let second = '';
    const slow = before(point, async () => {
      second = await outcome(changePassword(other, { oldPassword, newPassword: otherPassword }));
    });
    const first = await outcome(changePassword(await enter(username, oldPassword, slow), { oldPassword, newPassword }));
    const outcomes = [first, second];
    expect(outcomes.filter((code) => code === 'resolved')).toHaveLength(1);
    expect(outcomes.find((code) => code !== 'resolved')).toMatch(/^conflict\.|^denied\.login$/u);
    expect(await opens(username)).toEqual([first === 'resolved' ? newPassword : otherPassword]);
  });

  test.each([true, false])(
    'one of them comes through when both are about to hand the name over (the first one is faster: %s)',
    async (isFirst) => {
      const username = await old('legacy');
      let arrive = (): void => undefined;
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      let go = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        go = resolve;
      });
      let second: Promise<string> = Promise.resolve('');
      const waiting = before('chain', async () => {
        arrive();
        if (isFirst) await released;
      });
      const other = await enter(username, oldPassword, waiting);
      const slow = before('chain', async () => {
        second = outcome(changePassword(other, { oldPassword, newPassword: otherPassword }));
        await arrived;
        if (!isFirst) await second;
      });
      const first = await outcome(changePassword(await enter(username, oldPassword, slow), { oldPassword, newPassword }));
      go();
      expect([first, await second]).toEqual(isFirst ? ['resolved', 'conflict.snapshot'] : ['conflict.snapshot', 'resolved']);
      expect(await opens(username)).toEqual([isFirst ? newPassword : otherPassword]);
    },
  );

  test.each(['claim', 'login data', 'chain'] as const)(
    'a boxing key that is replaced before one sends its %s is not lost',
    async (point) => {
      const username = await old('legacy');
      const login = { crypto: world.quick, username, password: oldPassword };
      const slow = before(point, async () => logIn(world.network(), login));
      const first = await outcome(changePassword(await enter(username, oldPassword, slow), { oldPassword, newPassword }));
      // Between the last look and the end of the conversion nobody can be told.
      expect(first).toMatch(point === 'chain' ? /^resolved$/u : /^conflict\./u);
      const after = await enter(username, first === 'resolved' ? newPassword : oldPassword);
      expect(after.isBoxingPublished).toBe(true);
    },
  );

  test('a password that another device sets before a conversion stores its login data again is the one that opens', async () => {
    const username = await old('legacy');
    let changed = '';
    const slow = before('login data again', async () => {
      changed = await outcome(changePassword(await enter(username, newPassword), { oldPassword: newPassword, newPassword: otherPassword }));
    });
    await outcome(changePassword(await enter(username, oldPassword, slow), { oldPassword, newPassword }));
    expect(changed).toBe('resolved');
    expect(await opens(username)).toEqual([otherPassword]);
  });

  test('a boxing key that another device replaces before a conversion stores its login data again is kept', async () => {
    const username = await old('legacy');
    let upgraded: Account | undefined;
    const slow = before('login data again', async () => {
      upgraded = await logIn(world.network(), { crypto: world.quick, username, password: newPassword });
    });
    await outcome(changePassword(await enter(username, oldPassword, slow), { oldPassword, newPassword }));
    expect(upgraded?.isPostQuantum).toBe(true);
    const after = await enter(username, newPassword);
    expect([after.isBoxingPublished, upgraded !== undefined && after.boxing.equals(upgraded.boxing)]).toEqual([true, true]);
  });

  test('a session that was opened before the boxing key was replaced takes the new one along', async () => {
    const username = await old('legacy');
    const early = await enter(username, oldPassword);
    const upgraded = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    const converted = await changePassword(early, { oldPassword, newPassword });
    expect([converted.boxing.equals(upgraded.boxing), converted.isBoxingPublished]).toEqual([true, true]);
  });
});
