import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { signUpOldAccount } from '../../test/old-account.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Network } from '../network/index.js';
import { changePassword } from './change-password.js';
import { logIn } from './log-in.js';

const oldPassword = 'violet anchor sleeps beneath copper';
const newPassword = 'eight lanterns over quiet water';
let world: ServerWorld;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

describe('an identity that changes while somebody logs in (chapter 05 section 10.3 step 2)', () => {
  /** A server whose first answer about the user is one of before the change. */
  async function lagging(username: string): Promise<{ readonly network: Network; readonly answers: () => number }> {
    await signUpOldAccount(world.quick, world.network(), { username, password: oldPassword, layout: 'legacy' });
    const before = await world.network().core.getChain(username);
    const account = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword, upgradesBoxingKey: false });
    const converted = await changePassword(account, { oldPassword, newPassword });
    expect(converted.identity.publicKeyHash.equals(before.at(-1)!.owner)).toBe(false);
    const network = world.network();
    let answers = 0;
    return {
      answers: () => answers,
      network: changedNetwork(network, {
        core: overriding(network.core, {
          getChain: async (name, signal) => (answers++ === 0 ? before : network.core.getChain(name, signal)),
        }),
      }),
    };
  }

  test('is followed: the chain is asked for once more', async () => {
    const { network, answers } = await lagging('anna');
    const account = await logIn(network, { crypto: world.quick, username: 'anna', password: newPassword });
    expect(account.isLegacy).toBe(false);
    expect(account.home.owner.equals(account.identity.publicKeyHash)).toBe(true);
    expect(answers()).toBe(2);
  });

  test('makes the old password a wrong one', async () => {
    const { network } = await lagging('berta');
    await expect(logIn(network, { crypto: world.quick, username: 'berta', password: oldPassword })).rejects.toMatchObject({
      code: 'denied.login',
    });
  });
});
