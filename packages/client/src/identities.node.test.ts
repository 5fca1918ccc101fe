import { concatBytes } from '@pyrgos/core/bytes';
import { SymmetricKey } from '@pyrgos/core/keys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../test/server-world.js';
import { connect, FingerprintPair, IdentityLinkProof, MemoryLocalStore, type PyrgosServer, type UserSession } from './index.js';
import { encodeFriendAnnotations, FriendAnnotation, openEncryptedPost } from './session/index.js';

const password = 'nine copper kettles in the rain';

describe('who other users are, on a real server', () => {
  let world: ServerWorld;
  let server: PyrgosServer;
  let ada: UserSession;
  let bob: UserSession;
  beforeAll(async () => {
    world = await ServerWorld.start();
    server = await connect(world.url, { crypto: world.quick });
    ada = await server.signUp({ username: 'ada', password });
    bob = await server.signUp({ username: 'bob', password });
  });
  afterAll(async () => world.close());

  test('safety numbers are the same on both sides; what was compared is known on all devices', async () => {
    expect(await ada.identities.pinned()).not.toContain('bob');
    const number = await ada.identities.safetyNumber('bob');
    const theirs = await bob.identities.safetyNumber('ada');
    expect(number).toMatchObject({ username: 'bob', status: 'unverified' });
    expect(number.fingerprint.display).toMatch(/^\d{60}$/);
    expect(theirs.fingerprint.display).toBe(number.fingerprint.display);
    expect(number.fingerprint.matches(FingerprintPair.parse(String(theirs.fingerprint)))).toBe(true);
    expect(await ada.identities.pinned()).toContain('bob');

    await ada.identities.setVerified(number);
    expect((await ada.identities.safetyNumber('bob')).status).toBe('verified');
    const elsewhere = await server.logIn({ username: 'ada', password });
    expect((await elsewhere.identities.safetyNumber('bob')).status).toBe('verified');
    expect(await ada.files.stat('/ada/.annotations')).toMatchObject({ isHidden: true });

    // Two devices at a time, about two users.
    await server.signUp({ username: 'cleo', password });
    const cleo = await elsewhere.identities.safetyNumber('cleo');
    await Promise.all([elsewhere.identities.setVerified(cleo), ada.identities.setVerified(number, false)]);
    ada.files.refresh();
    expect((await ada.identities.safetyNumber('cleo')).status).toBe('verified');
    expect((await ada.identities.safetyNumber('bob')).status).toBe('unverified');

    await expect(ada.identities.safetyNumber('nobody')).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('a user whose keys are others than those that were compared; what other programs leave behind in the file is passed over', async () => {
    const { friend } = await bob.identities.safetyNumber('ada');
    const other = FriendAnnotation.of('ada', true, { identity: friend.identity, boxing: friend.identity });
    await bob.files.write('/bob/.annotations', concatBytes(encodeFriendAnnotations([other]), new Uint8Array([1, 2, 3])));
    const number = await bob.identities.safetyNumber('ada');
    expect(number.status).toBe('changed');
    await bob.identities.setVerified(number);
    expect((await bob.identities.safetyNumber('ada')).status).toBe('verified');
  });

  test('identity proofs: signed, kept, read by others, and nothing but the truth', async () => {
    const proof = await ada.identities.signProof({ service: 'github', username: 'ada-l' });
    expect(proof.postText(world.crypto, 'https://example.com/x')).toMatch(/^I am ada on Peergos and ada-l on Github\nsig: /);
    const entry = await ada.identities.saveProof(proof);
    expect(entry).toMatchObject({
      path: '/ada/.profile/ids/ada-l.Github.id.cbor',
      mimeType: 'application/vnd.peergos-identity-proof',
    });
    expect((await ada.files.stat('/ada/.profile')).isHidden).toBe(true);
    // Once more, when it was posted.
    await ada.identities.saveProof(proof.with({ postUrl: 'https://github.com/ada-l' }));
    const read = IdentityLinkProof.decode(await ada.files.read(entry.path));
    expect(read.postUrl).toBe('https://github.com/ada-l');
    await bob.identities.verifyProof(read);

    // Who signs for somebody else.
    const forged = IdentityLinkProof.sign(world.crypto, bob.account.identity.secretKey, proof.link);
    await expect(ada.identities.verifyProof(forged)).rejects.toMatchObject({ code: 'denied.proof' });
    await expect(ada.identities.signProof({ service: 'Github', username: 'no name there' })).rejects.toMatchObject({ code: 'argument' });
  });

  test('an encrypted post tells nothing to who has no proof', async () => {
    const proof = await ada.identities.signProof({ service: 'Website', username: 'example.com', isEncrypted: true });
    const text = proof.postText(world.crypto, '');
    expect(text).not.toContain('ada');
    const { link } = openEncryptedPost(world.crypto, proof.key ?? SymmetricKey.generate(world.crypto), text);
    expect(link.to.username).toBe('example.com');
  });

  test('whoever decides later to stay logged in does', async () => {
    const store = new MemoryLocalStore();
    const device = await connect(world.url, { crypto: world.quick, store });
    const session = await device.logIn({ username: 'bob', password });
    const deviceKey = SymmetricKey.generate(world.crypto);
    await expect(device.restore({ username: 'bob', deviceKey })).rejects.toMatchObject({ code: 'denied.login' });
    await session.stayLoggedIn(deviceKey);
    session.close();
    const restored = await device.restore({ username: 'bob', deviceKey });
    expect(restored.username).toBe('bob');
    await restored.logOut();
    await expect(device.restore({ username: 'bob', deviceKey })).rejects.toMatchObject({ code: 'denied.login' });
    await expect(bob.stayLoggedIn(deviceKey)).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('of a user who has deleted the account there is no safety number any more', async () => {
    const gone = await server.signUp({ username: 'gone', password });
    await gone.deleteAccount({ password });
    await expect(ada.identities.safetyNumber('gone')).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
  });
});
