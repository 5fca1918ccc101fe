import { encodeCbor } from '@pyrgos/core/codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { CommittedView, findChild, openItem } from '../files/view/index.js';
import type { Account } from './account.js';
import { HomeKeyStoreFile, keyStoreOf } from './key-store-file.js';
import { logIn } from './log-in.js';
import { signUp } from './sign-up.js';

const password = 'correct horse battery staple';
let world: ServerWorld;
let alice: Account;
let bob: Account;

beforeAll(async () => {
  world = await ServerWorld.start();
  alice = await signUp(world.network(), { crypto: world.quick, username: 'alice', password });
  bob = await signUp(world.network(), { crypto: world.quick, username: 'bob', password });
  await signUp(world.network(), { crypto: world.quick, username: 'carol', password });
});
afterAll(async () => world.close());

const again = async (): Promise<Account> => logIn(world.network(), { crypto: world.quick, username: 'alice', password });

describe('the key store of an account', () => {
  test('is a hidden file, made at first use, and the same on every device', async () => {
    const store = await keyStoreOf(alice);
    expect(await keyStoreOf(alice)).toBe(store);
    const view = new CommittedView(alice.sessions);
    const file = await findChild(view, await openItem(view, alice.home), '.keystore');
    expect(file?.properties.isHidden).toBe(true);
    expect(file?.node.batIds).toHaveLength(2);
    expect((await store.getIdentity('bob')).equals(bob.identity.publicKeyHash)).toBe(true);
    expect(await store.getUsername(bob.identity.publicKeyHash)).toBe('bob');

    const elsewhere = await keyStoreOf(await again());
    expect(elsewhere.usernames).toEqual(['bob']);
    await expect(elsewhere.getChain('nobody')).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('of two devices that pin at the same time none loses anything', async () => {
    const [here, there] = [await keyStoreOf(await again()), await keyStoreOf(await again())];
    await Promise.all([here.getChain('carol'), there.getChain('alice')]);
    expect((await keyStoreOf(await again())).usernames.toSorted()).toEqual(['alice', 'bob', 'carol']);
  });

  test('is not overwritten by who has not read it', async () => {
    const blind = new HomeKeyStoreFile(await again());
    await expect(blind.write(encodeCbor(new Map()))).rejects.toMatchObject({ code: 'conflict.file' });
    expect(await blind.read()).toBeDefined();
  });
});
