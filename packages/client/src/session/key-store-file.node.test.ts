import { encodeCbor } from '@pyrgos/core/codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { CommittedView, findChild, openItem } from '../files/view/index.js';
import type { Account } from './account.js';
import { IdentityLink } from './identity-link.js';
import { IdentityLinkProof } from './identity-link-proof.js';
import { IdentityService } from './identity-service.js';
import { HomeKeyStoreFile, keyStoreOf } from './key-store-file.js';
import { logIn } from './log-in.js';
import { renewClaim } from './own-claim.js';
import { signUp } from './sign-up.js';
import { safetyNumberWith, verifyIdentityProof } from './verified-users.js';

const password = 'violet anchor sleeps beneath copper';
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
  test('is a hidden file, made with the first user who is met, and the same on every device', async () => {
    const store = await keyStoreOf(alice);
    expect(await keyStoreOf(alice)).toBe(store);
    expect((await store.getIdentity('bob')).equals(bob.identity.publicKeyHash)).toBe(true);
    expect(await store.getUsername(bob.identity.publicKeyHash)).toBe('bob');
    const view = new CommittedView(alice.sessions);
    const file = await findChild(view, await openItem(view, alice.home), '.keystore');
    expect(file?.properties.isHidden).toBe(true);
    expect(file?.node.batIds).toHaveLength(2);

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

describe('other users', () => {
  test('have a safety number that both sides see alike, about the keys they have', async () => {
    const [ours, theirs] = [await safetyNumberWith(alice, 'bob'), await safetyNumberWith(bob, 'alice')];
    expect(ours.fingerprint.display).toMatch(/^[0-9]{60}$/);
    expect(theirs.fingerprint.display).toBe(ours.fingerprint.display);
    expect(ours.fingerprint.matches(theirs.fingerprint)).toBe(true);
    expect(ours.friend.identity.equals(bob.identity.publicKeyHash)).toBe(true);
    expect(ours.friend.boxing.equals(bob.boxing.publicKey.hash(world.crypto))).toBe(true);
    await expect(safetyNumberWith(alice, 'nobody')).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('prove who they are elsewhere with the key that is pinned', async () => {
    const link = IdentityLink.of(
      { username: 'bob', service: IdentityService.peergos },
      { username: 'bob_tw', service: IdentityService.of('Twitter') },
    );
    await verifyIdentityProof(alice, IdentityLinkProof.sign(world.crypto, bob.identity.secretKey, link));
    const forged = IdentityLinkProof.sign(world.crypto, alice.identity.secretKey, link);
    await expect(verifyIdentityProof(alice, forged)).rejects.toMatchObject({ code: 'denied.proof' });
    const elsewhere = IdentityLink.of({ username: 'bob', service: IdentityService.of('Reddit') }, link.to);
    const proof = IdentityLinkProof.sign(world.crypto, bob.identity.secretKey, elsewhere);
    await expect(verifyIdentityProof(alice, proof)).rejects.toMatchObject({ code: 'denied.proof' });
  });

  test('and one self: a renewed claim replaces the pinned one', async () => {
    const account = await again();
    const store = await keyStoreOf(account);
    await store.getChain('alice');
    const chain = await renewClaim(account, { force: true });
    expect(store.pinned('alice')?.at(-1)?.equals(chain.at(-1))).toBe(true);
  });
});
