import { generatePassphrase } from './passphrase.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { logIn } from './log-in.js';
import { signUp } from './sign-up.js';

let world: ServerWorld;
beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

const password = 'correct horse battery staple';

describe('an account', () => {
  test('is signed up and logged in to', async () => {
    const { network, counter } = world.counted();
    const account = await signUp(network, { username: 'alice', password });
    expect(account.isPostQuantum).toBe(true);
    console.log([...counter.byEndpoint()]);
    expect(counter.count()).toBeLessThanOrEqual(32);
    const second = world.counted();
    const again = await logIn(second.network, { username: ' Alice ', password });
    console.log([...second.counter.byEndpoint()]);
    expect(again.identity.equals(account.identity)).toBe(true);
    expect(second.counter.storageRequests).toBeLessThanOrEqual(5);
    expect(generatePassphrase(world.crypto)).toBeTruthy();
  });
});
