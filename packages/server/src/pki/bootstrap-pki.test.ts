import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PasswordProtected } from '@pyrgos/core/containers';
import { PyrgosError } from '@pyrgos/core/errors';
import { hashToKeyBytes, PublicSigningKey, SigningKeyPair } from '@pyrgos/core/keys';
import { directOwnedKeys, readCommittedWriterData } from '@pyrgos/core/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Executioner, type PkiServer, PkiWorld, weakAlgorithms } from '../../test/pki-world.js';
import { localBlockSource } from '../ports/local-source.js';

let world: PkiWorld;

beforeEach(async () => {
  world = await PkiWorld.create();
});

afterEach(async () => {
  await world.remove();
});

/** That the server has the one complete PKI that its files describe. */
async function check(server: PkiServer): Promise<void> {
  const { crypto, folder } = world;
  const identity = server.pki.identity!;
  const secrets = (await server.files.readSecrets())!;
  const bytes = await hashToKeyBytes(crypto, 'peergos', secrets.identityPassword, weakAlgorithms.identity);
  expect(SigningKeyPair.fromSeed(crypto, bytes.slice(0, 32)).publicKey.hash.equals(identity)).toBe(true);
  const lookup = { hasher: crypto, blocks: localBlockSource(server.local, 'peergos'), context: { owner: identity } };
  const version = await readCommittedWriterData(crypto, server.pointers, identity, identity, lookup);
  const pkiKey = version.writerData!.named.get('pki')!.ownedKey;
  expect(version.sequence).toBe(1);
  const children: string[] = [];
  for await (const child of directOwnedKeys(crypto, identity, version.writerData!, lookup)) children.push(child.toString());
  expect(children).toEqual([pkiKey.toString()]);
  expect(PublicSigningKey.decode(await readFile(join(folder, 'pki', 'public.key'))).hash.equals(pkiKey)).toBe(true);
  const tree = await readCommittedWriterData(crypto, server.pointers, identity, pkiKey, lookup);
  expect(tree.sequence).toBe(1);
  expect(await server.pki.usernames()).toEqual(['peergos']);
  expect(await server.pki.usernameOf(identity)).toBe('peergos');
  const [link, ...more] = await server.pki.chainOf('peergos');
  expect(more).toEqual([]);
  expect(link!.owner.equals(identity)).toBe(true);
  expect(link!.claim.storageProviders.map(String)).toEqual([server.ids.current.toString()]);
  expect(server.space.writersOf('peergos').map(({ isAttached }) => isAttached)).toEqual([true, true]);
}

describe('first start', () => {
  test('creates the PKI, and files that only the owner of the process may read', async () => {
    const server = await world.start();
    await check(server);
    for (const name of ['secrets.json', 'secret.key', 'public.key']) {
      expect((await stat(join(world.folder, 'pki', name))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(world.folder, 'pki'))).mode & 0o777).toBe(0o700);
    await server.stop();
  });

  test('the secret key file is that of the reference: password-protected CBOR of the key', async () => {
    const server = await world.start();
    const { keyPassword } = (await server.files.readSecrets())!;
    const sealed = PasswordProtected.decode(await readFile(join(world.folder, 'pki', 'secret.key')));
    const cleartext = await sealed.open(world.crypto, keyPassword);
    expect([cleartext.length, cleartext[0], cleartext[1]]).toEqual([68, 0x82, 1]);
    await server.stop();
  });

  test('what is printed of the secrets tells nothing', async () => {
    const server = await world.start();
    const secrets = (await server.files.readSecrets())!;
    for (const text of [String(secrets), JSON.stringify(secrets)]) {
      expect(text).not.toContain(secrets.keyPassword);
      expect(text).not.toContain(secrets.identityPassword);
    }
    await server.stop();
  });

  test('a start that was killed anywhere is finished by the next one', async () => {
    let kills = 0;
    for (; ; kills++) {
      const executioner = new Executioner(kills + 1);
      const server = await world.open({ executioner }).catch(() => undefined);
      await server?.start().catch(() => undefined);
      await server?.stop();
      if (!executioner.struck) break;
      const next = await world.start();
      await check(next);
      await next.stop();
      await world.remove();
      world = await PkiWorld.create();
    }
    expect(kills).toBeGreaterThan(20);
  }, 180_000);

  test('a start that is killed again and again gets through in the end', async () => {
    for (let at = 3; ; at += 2) {
      const server = await world.open({ executioner: new Executioner(at) }).catch(() => undefined);
      const started = await server?.start().then(
        () => true,
        () => false,
      );
      if (started === true) await check(server!);
      await server?.stop();
      if (started === true) break;
    }
  });

  test('a failure is told and leaves nothing that the next start stumbles over', async () => {
    for (let at = 1; at < 60; at += 5) {
      const executioner = new Executioner(at, 'fail');
      const server = await world.open({ executioner }).catch(() => undefined);
      await server?.start().catch(() => undefined);
      await server?.stop();
    }
    const server = await world.start();
    await check(server);
    await server.stop();
  });

  test('new key files do not fit to an identity that names another key', async () => {
    // The last step of the first start is the record that it is complete: without it the next one looks at everything again.
    const server = await world.start();
    server.db.prepare('DELETE FROM pkinode').run();
    await server.stop();
    await rm(join(world.folder, 'pki', 'secret.key'));
    await rm(join(world.folder, 'pki', 'public.key'));
    const next = await world.open();
    await expect(next.start()).rejects.toMatchObject({ code: 'format.config' });
    await next.stop();
  });

  test('key files that do not belong together, damaged or empty ones are refused with their name', async () => {
    const server = await world.start();
    server.db.prepare('DELETE FROM pkinode').run();
    await server.stop();
    const foreign = await PkiWorld.create(2);
    const stranger = await foreign.start();
    await stranger.stop();
    const file = (name: string): string => join(world.folder, 'pki', name);
    const refused = async (name: string, content: Uint8Array | string): Promise<void> => {
      const before = await readFile(file(name));
      await writeFile(file(name), content);
      const next = await world.open();
      const error = await next.start().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PyrgosError);
      expect((error as PyrgosError).code).toMatch(/^(format.config|crypto.authentication)$/);
      await next.stop();
      await writeFile(file(name), before);
    };
    await refused('public.key', await readFile(join(foreign.folder, 'pki', 'public.key')));
    await refused('secret.key', await readFile(join(foreign.folder, 'pki', 'secret.key')));
    for (const name of ['public.key', 'secret.key', 'secrets.json']) {
      await refused(name, '');
      await refused(name, 'x'.repeat(5000));
    }
    await refused('secrets.json', '{"identityPassword": 7}');
    await refused('secrets.json', '[]');
    const repaired = await world.start();
    await check(repaired);
    await repaired.stop();
    await foreign.remove();
  });
});
