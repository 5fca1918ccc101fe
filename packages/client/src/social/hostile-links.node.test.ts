import { NotFoundError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, EncryptedCapability, RelativeCapability, withParentLink } from '@pyrgos/core/model';
import { formatSharedCapabilityLink, SecretLink } from '@pyrgos/core/social';
import { CipherText } from '@pyrgos/core/containers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { partsOf } from '../files/parts-of-files.js';
import { ChunkChanges } from '../files/structure/chunk-changes.js';
import { writeProperties } from '../files/structure/rename.js';
import { type Item, openItem, type OperationView } from '../files/view/index.js';
import type { SecretLinks } from '../network/index.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';
import { OwnSpace } from './own-space.js';
import { PublicChanges } from './public-changes.js';

// Links that hold the keys (chapter 06 section 12; the scenarios L10 and L11 of section 18), and links and servers that lie.

const password = 'nine purple otters';
let world: ServerWorld;
let ada: UserSession;
let mallory: UserSession;

beforeAll(async () => {
  world = await ServerWorld.start();
  ada = await server().signUp({ username: 'ada', password });
  await ada.files.makeDirectory('/ada/d/sub', { parents: true });
  await ada.files.write('/ada/d/a.txt', bytes('first'));
  await ada.files.write('/ada/top.txt', bytes('top'));
});
afterAll(async () => world.close());

const server = (): PyrgosServer => new PyrgosServer(world.network(), { crypto: world.quick });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const invalid = { code: 'denied.link', data: { reason: 'invalid' } };

async function capabilityOf(path: string, session = ada): Promise<AbsoluteCapability> {
  return (await itemAt(session, path)).capability;
}

describe('links that hold the keys', () => {
  test('to a file (L10)', async () => {
    const link = formatSharedCapabilityLink((await capabilityOf('/ada/top.txt')).toReadOnly(), { opens: true });
    for (const text of [link, link.slice(1), `https://example.org/${link}`]) {
      const session = await server().openLink(text);
      expect(session).toMatchObject({ owner: 'ada', path: '/ada/top.txt', entryPath: '/ada', isWritable: false, view: { opens: true } });
      expect(await session.files.readText('/ada/top.txt')).toBe('top');
    }
  });

  test('to a directory, for reading and for writing (L11)', async () => {
    await ada.shares.share('/ada/d', [], { access: 'write' });
    const capability = await capabilityOf('/ada/d');
    const reading = await server().openLink(formatSharedCapabilityLink(capability.toReadOnly()));
    expect(reading).toMatchObject({ entryPath: '/ada/d', isWritable: false });
    const writing = await server().openLink(formatSharedCapabilityLink(capability));
    expect(writing).toMatchObject({ entryPath: '/ada/d', isWritable: true });
    await writing.files.write('/ada/d/sub/new.txt', bytes('new'));
    reading.files.refresh();
    expect(await reading.files.readText('/ada/d/sub/new.txt')).toBe('new');
    expect(await ada.shares.sharedWith('/ada/d')).toMatchObject({ links: [], readers: [], writers: [] });
    reading.close();
    await expect(reading.files.stat('/ada/d')).rejects.toMatchObject({ code: 'denied.session' });
  });

  test('to a home directory', async () => {
    const session = await server().openLink(formatSharedCapabilityLink(ada.account.home));
    expect(session).toMatchObject({ path: '/ada', entryPath: '/ada', isWritable: true });
    await expect(session.files.write('/ada/shared/x', bytes('x'))).rejects.toMatchObject({ code: 'argument' });
    await session.files.write('/ada/by-link.txt', bytes('x'));
    expect(await session.files.readText('/ada/by-link.txt')).toBe('x');
  });

  test('with another key than that of the file', async () => {
    const { owner, writer, mapKey, bat } = await capabilityOf('/ada/top.txt');
    const rBaseKey = SymmetricKey.generate(world.crypto);
    const link = formatSharedCapabilityLink(AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey }));
    const error = await server()
      .openLink(link)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'crypto.authentication' });
    expect(JSON.stringify(error)).not.toContain(link.split('/')[3]);
  });
});

/** Mallory makes a file, and then `forge` changes her home directory. */
async function forged(
  username: string,
  forge: (operation: OperationView, home: Item, changes: ChunkChanges) => Promise<void>,
): Promise<string> {
  mallory = await server().signUp({ username, password });
  await mallory.files.write(`/${username}/x.txt`, bytes('trust me'));
  const capability = await capabilityOf(`/${username}/x.txt`, mallory);
  const { tree } = partsOf(mallory.files);
  await tree.change(
    { signal: undefined },
    async (view) => {
      const item = await openItem(view, mallory.account.home);
      return { owner: item.owner, writers: [item.writer], item };
    },
    async (operation, { item }) => {
      const changes = new ChunkChanges(operation);
      await forge(operation, item, changes);
      await changes.commit();
    },
  );
  return formatSharedCapabilityLink(capability.toReadOnly());
}

describe('links that lie', () => {
  test('a file under the name of somebody else', async () => {
    const link = await forged('mallory', async (operation, home, changes) => writeProperties(operation, changes, home, { name: 'ada' }));
    await expect(server().openLink(link)).rejects.toMatchObject(invalid);
  });

  test('under a name that nobody has', async () => {
    const link = await forged('mallory2', async (operation, home, changes) =>
      writeProperties(operation, changes, home, { name: 'no one' }),
    );
    await expect(server().openLink(link)).rejects.toMatchObject(invalid);
    const other = await forged('mallory3', async (operation, home, changes) =>
      writeProperties(operation, changes, home, { name: 'nobody-here' }),
    );
    await expect(server().openLink(other)).rejects.toMatchObject(invalid);
  });

  test('in a directory that is inside of itself', async () => {
    const link = await forged('mallory4', async ({ crypto }, home, changes) => {
      const { capability, cid, node, opened } = home;
      const toItself = RelativeCapability.toParent(capability, opened.parentKey, home.writer);
      changes.put(home.requireSigner(), capability.mapKey, cid, { node: withParentLink(crypto, node, opened, toItself), fragments: [] });
    });
    await expect(server().openLink(link)).rejects.toMatchObject({ code: 'format.cryptree' });
  });

  test('somebody else publishes what is not his', async () => {
    const session = await server().signUp({ username: 'mallory5', password });
    await session.files.write('/mallory5/x.txt', bytes('mine'));
    // What is published as his is only what he owns.
    const space = partsOf(session.files);
    const own = new OwnSpace(session.account, space);
    const foreign = await capabilityOf('/ada/top.txt');
    await own.change(
      undefined,
      async () => ({ writers: [session.account.identity.publicKeyHash] }),
      async (operation) => {
        const changes = await PublicChanges.open(operation, own);
        await changes.add(['mallory5', 'x.txt'], foreign);
        await changes.commit();
      },
    );
    await expect(server().openPublic('/mallory5/x.txt')).rejects.toMatchObject(invalid);
  });
});

describe('servers that lie', () => {
  const lying = (links: Partial<SecretLinks>): PyrgosServer => {
    const network = world.network();
    return new PyrgosServer(Object.assign(Object.create(network) as typeof network, { links: { ...links } }), { crypto: world.quick });
  };

  test('the block of another link', async () => {
    const [one, two] = [await ada.links.create('/ada/d'), await ada.links.create('/ada/top.txt')];
    const sealed = await world.network().links.get(ada.account.identity.publicKeyHash, two.label);
    await expect(lying({ get: async () => sealed }).openLink(one.text)).rejects.toMatchObject({
      code: 'denied.link',
      data: { reason: 'link' },
    });
  });

  test('something that is no capability', async () => {
    const { text } = await ada.links.create('/ada/d');
    const { link } = SecretLink.parse(text);
    // Nobody without the password of the link makes one that opens.
    const junk = EncryptedCapability.of(CipherText.seal(world.crypto, SymmetricKey.generate(world.crypto), 'junk'), false);
    await expect(lying({ get: async () => junk }).openLink(link.format())).rejects.toMatchObject({ data: { reason: 'link' } });
  });

  test('is asked once, whatever it answers', async () => {
    const { text } = await ada.links.create('/ada/d');
    let asked = 0;
    const get = async (): Promise<never> => {
      asked++;
      throw new NotFoundError('not-found.link', 'none');
    };
    await expect(lying({ get }).openLink(text)).rejects.toMatchObject({ code: 'not-found.link' });
    expect(asked).toBe(1);
  });
});
