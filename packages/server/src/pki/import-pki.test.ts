import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeChain, encodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { IpnsEntry } from '@pyrgos/core/api';
import { Cid, CidCodec, decodeBase64, decodeMultihash, parseCid, readCar } from '@pyrgos/core/codec';
import { ProofOfWork, PublicKeyHash } from '@pyrgos/core/keys';
import { PointerUpdate, reachableBlocks } from '@pyrgos/core/model';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PkiServer, PkiWorld } from '../../test/pki-world.js';
import { SignUpClient } from '@pyrgos/testkit/server';
import { ServerIdentity } from '../identity/server-identity.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { type ImportedPki, importPki } from './import-pki.js';

/** What these tests read of state.json. */
interface State {
  readonly server: { readonly ids: { readonly IDS: readonly string[] } };
  readonly pki: {
    readonly peergosIdentity: string;
    readonly pkiKeyHash: string;
    readonly peergosPassword: string;
    readonly pkiPublicKeyFile: string;
    readonly pkiSecretKeyFile: string;
    readonly pkiSecretKeyFilePassword: string;
    readonly treeRoot: string;
    readonly usernames: readonly string[];
    readonly identities: Readonly<Record<string, string>>;
    readonly chains: Readonly<Record<string, string>>;
  };
  readonly owners: readonly {
    readonly username: string;
    readonly writers: readonly { readonly writer: string; readonly signedPointer: string; readonly target: string }[];
  }[];
  readonly serverIdentities: readonly { readonly peerId: string; readonly record: string }[];
}

const folder = goldenFolder();

describe.skipIf(folder === undefined)(`the PKI of golden-1${folder === undefined ? ` (skipped: ${goldenMissing})` : ''}`, () => {
  let state: State;
  let blocks: ReadonlyMap<string, StoredBlock>;
  let imported: ImportedPki;
  let chains: ReadonlyMap<string, readonly UserPublicKeyLink[]>;
  let world: PkiWorld;
  let server: PkiServer;

  beforeAll(async () => {
    state = JSON.parse(readFileSync(join(folder ?? '', 'state.json'), 'utf8')) as State;
    const all = new Map<string, StoredBlock>();
    for await (const block of readCar(createReadStream(join(folder ?? '', 'blocks.car')))) {
      if (block.bytes.length < 100_000) all.set(block.cid.key, block);
    }
    blocks = all;
    const { pki } = state;
    chains = new Map(Object.entries(pki.chains).map(([name, chain]) => [name, decodeChain(decodeBase64(chain))]));
    imported = {
      identity: PublicKeyHash.parse(pki.peergosIdentity),
      pkiKey: PublicKeyHash.parse(pki.pkiKeyHash),
      publicKeyFile: decodeBase64(pki.pkiPublicKeyFile),
      secretKeyFile: decodeBase64(pki.pkiSecretKeyFile),
      secretKeyFilePassword: pki.pkiSecretKeyFilePassword,
      identityPassword: pki.peergosPassword,
      chains,
    };
  });

  beforeEach(async () => {
    world = await PkiWorld.create();
    server = await world.open({ prepare: async (db) => importIds(db) });
    await load(server);
  });

  afterEach(async () => {
    await server.stop();
    await world.remove();
  });

  async function importIds(db: PkiServer['db']): Promise<void> {
    const ids = state.server.ids.IDS.map(parseCid);
    const identities = state.serverIdentities.map(({ peerId, record }) => ({
      peerId: Cid.v1(CidCodec.libp2pKey, decodeMultihash(decodeBase64(peerId))),
      record: decodeBase64(record),
    }));
    await ServerIdentity.importIds({ db, crypto: world.crypto, clock: { now: () => world.now } }, ids, identities);
  }

  /** Puts the blocks and pointers of `peergos` where a restore would. */
  async function load({ db, local, space }: PkiServer): Promise<void> {
    const { writers } = state.owners.find(({ username }) => username === 'peergos')!;
    const source = { getBlock: async (cid: Cid) => blocks.get(cid.key)!.bytes };
    const needed: StoredBlock[] = [];
    const context = { owner: imported.identity };
    for await (const cid of reachableBlocks(
      writers.map(({ target }) => parseCid(target)),
      source,
      context,
    ))
      needed.push(blocks.get(cid.key)!);
    await local.put('peergos', needed, await local.startTransaction('peergos'));
    await space.registerUser('peergos', imported.identity);
    db.transaction(() => {
      const user = space.ledger.users.find('peergos')!;
      for (const { writer, signedPointer } of writers) {
        const hash = PublicKeyHash.parse(writer);
        space.ledger.registerWriter(user.id, hash);
        space.ledger.pointers.set(hash, decodeBase64(signedPointer));
      }
    });
  }

  async function doImport(changes: Partial<ImportedPki> = {}): Promise<void> {
    const { db, local, pointers, files } = server;
    await importPki({ db, crypto: world.crypto, local, pointers, files }, { ...imported, ...changes });
  }

  test('every chain of the tree is that of state.json', async () => {
    await doImport();
    await server.start();
    expect(await server.core.usernames()).toEqual(state.pki.usernames);
    for (const [name, chain] of Object.entries(state.pki.chains)) {
      expect(encodeChain(await server.core.getChain(name))).toEqual(decodeBase64(chain));
      expect((await server.core.getPublicKey(name))?.toString()).toBe(state.pki.identities[name]);
      expect(await server.core.getUsername(PublicKeyHash.parse(state.pki.identities[name]!))).toBe(name);
    }
    expect(server.keyReads()).toBe(0);
    expect([...server.problems]).toEqual([]);
  });

  test('the ids are exactly those of the old server, and the record of its peer id is there', async () => {
    expect(server.ids.all.map(String)).toEqual(state.server.ids.IDS);
    expect(server.ids.current.toString()).toBe(state.server.ids.IDS.at(-1));
    for (const chain of chains.values())
      for (const provider of chain.at(-1)!.claim.storageProviders) expect(server.ids.isOurs(provider)).toBe(true);
    const { peerId, record } = state.serverIdentities[0]!;
    const id = Cid.v1(CidCodec.libp2pKey, decodeMultihash(decodeBase64(peerId)));
    expect(server.ids.isOurs(id)).toBe(true);
    const answer = await server.ids.get(id);
    expect(IpnsEntry.of(answer.signature, answer.data).equals(IpnsEntry.decode(decodeBase64(record)))).toBe(true);
    await expect(server.ids.get(server.ids.current)).rejects.toMatchObject({ code: 'not-found.key' });
  });

  test('a new name is signed into the tree with the stored key, and after a restart all names are there', async () => {
    await doImport();
    await server.start();
    const before = PointerUpdate.decodeVerifiedBefore((await server.pointers.getPointer(imported.identity, imported.pkiKey))!);
    const client = new SignUpClient(world.crypto, server.ids.current);
    const frank = await client.build('frank');
    expect(await server.core.signup('frank', frank.link, frank.log, ProofOfWork.empty(), '')).toEqual({ accepted: true });
    const alice = await client.build('alice');
    await expect(server.core.signup('alice', alice.link, alice.log, ProofOfWork.empty(), '')).rejects.toThrow('User already exists');
    await server.stop();
    server = await world.start();
    const after = PointerUpdate.decodeVerifiedBefore((await server.pointers.getPointer(imported.identity, imported.pkiKey))!);
    expect([after.sequence, after.original?.toString()]).toEqual([before.sequence! + 1, before.updated?.toString()]);
    expect(await server.core.usernames()).toEqual([...state.pki.usernames, 'frank'].toSorted());
    for (const [name, chain] of chains) expect(encodeChain(await server.core.getChain(name))).toEqual(encodeChain(chain));
  });

  test('the import can be repeated', async () => {
    await doImport();
    await doImport();
    await server.start();
    expect(await server.core.usernames()).toEqual(state.pki.usernames);
  });

  test('what does not belong together is refused, and then there is no PKI', async () => {
    const other = [...chains.entries()].map(([name, chain]): [string, readonly UserPublicKeyLink[]] => [
      name,
      name === 'alice' ? chains.get('bob')! : chain,
    ]);
    const wrong: readonly Partial<ImportedPki>[] = [
      { secretKeyFilePassword: 'wrong' },
      { pkiKey: imported.identity },
      { identity: PublicKeyHash.parse(state.pki.identities['alice']!) },
      { publicKeyFile: PublicKeyHash.parse(state.pki.identities['alice']!).inlineKey! },
      { chains: new Map(other) },
      { chains: new Map([...chains].slice(1)) },
    ];
    for (const changes of wrong) {
      await expect(doImport(changes)).rejects.toMatchObject({
        code: expect.stringMatching(/^(format\.backup|crypto\.authentication|storage)$/) as string,
      });
      expect(server.pki.identity).toBeUndefined();
    }
    expect(await server.files.readSecrets()).toBeUndefined();
  });
});
