import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CarBlock, Cid, parseCid, readCar } from '@pyrgos/core/codec';
import { NotFoundError } from '@pyrgos/core/errors';
import { Bat, BatId, BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { parseCapabilityLink, reachableBlocks } from '@pyrgos/core/model';
import type { BlockSource } from '@pyrgos/core/store';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlockFixture, blockFixture, crypto } from '../../test/block-fixture.js';
import { BatTable } from '../bats/bat-table.js';
import { CheckedBlockService } from '../blocks/checked-block-service.js';
import { LinkCountTable } from '../links/link-count-table.js';
import { PublicFiles } from '../links/public-files.js';
import { SecretLinks } from '../links/secret-links.js';
import { GarbageCollector } from './garbage-collector.js';

/** What this test reads of the data set. */
interface State {
  readonly owners: readonly {
    readonly username: string;
    readonly identity: string;
    readonly blockCount: number;
    readonly blockBytes: number;
    readonly writers: readonly { readonly writer: string; readonly target: string | null; readonly signedPointer: string }[];
  }[];
  readonly bats: readonly { readonly username: string; readonly id: string; readonly batCbor: string }[];
  readonly linkCounts: readonly { readonly username: string; readonly label: number; readonly count: number }[];
}
interface Inputs {
  readonly secretLinks: readonly { readonly id: string; readonly label?: number; readonly link: string }[];
}
interface Expected {
  readonly publicFiles: readonly { readonly path: string; readonly httpGet: { readonly location: string } }[];
  readonly secretLinks: readonly { readonly id: string; readonly asksForUserPassword?: boolean; readonly error?: string }[];
}

const folder = goldenFolder();
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder ?? '', name), 'utf8'));

/** Data of the reference implementation in our stores. */
describe.skipIf(folder === undefined)(`golden-1${folder === undefined ? ` (skipped: ${goldenMissing})` : ''}`, () => {
  let fixture: BlockFixture;
  let state: State;
  let service: CheckedBlockService;
  let secretLinks: SecretLinks;
  let publicFiles: PublicFiles;
  /** username → the CIDs of its blocks. */
  const owned = new Map<string, Cid[]>();
  const pointers = new Map<string, Uint8Array>();

  const identityOf = (username: string): PublicKeyHash =>
    PublicKeyHash.parse(state.owners.find((owner) => owner.username === username)?.identity ?? '');
  const targetsOf = (username: string): Cid[] =>
    (state.owners.find((owner) => owner.username === username)?.writers ?? []).flatMap(({ target }) =>
      target === null ? [] : [parseCid(target)],
    );

  beforeAll(async () => {
    fixture = await blockFixture();
    state = read('state.json') as State;
    const blocks = new Map<string, CarBlock>();
    for await (const block of readCar(createReadStream(join(folder ?? '', 'blocks.car')), { hasher: crypto }))
      blocks.set(block.cid.key, block);
    const source: BlockSource = {
      getBlock: async (cid) => {
        const block = blocks.get(cid.key);
        if (block === undefined) throw new NotFoundError('not-found.block', 'not in the file');
        return block.bytes;
      },
    };
    for (const { username, identity, writers } of state.owners) {
      const cids: Cid[] = [];
      for await (const cid of reachableBlocks(targetsOf(username), source, { owner: PublicKeyHash.parse(identity) })) cids.push(cid);
      owned.set(username, cids);
      for (let i = 0; i < cids.length; i += 200) {
        const batch = cids.slice(i, i + 200).map((cid) => ({ cid, bytes: blocks.get(cid.key)!.bytes }));
        await fixture.local.put(username, batch, 'restore');
      }
      await fixture.local.closeTransaction(username, 'restore');
      for (const { writer, signedPointer } of writers) pointers.set(writer, new Uint8Array(Buffer.from(signedPointer, 'base64')));
    }
    const bats = new BatTable(fixture.db);
    for (const { username, id, batCbor } of state.bats) {
      bats.add(username, BatWithId.of(Bat.decode(new Uint8Array(Buffer.from(batCbor, 'base64'))), BatId.parse(id)));
    }
    const directory = {
      usernameOf: async (key: PublicKeyHash) => state.owners.find(({ identity }) => identity === key.toString())?.username,
      identityOf: async (username: string) =>
        state.owners.some((owner) => owner.username === username) ? identityOf(username) : undefined,
    };
    const space = { userOfWriter: async () => undefined, admit: () => Promise.reject(new Error('nothing is uploaded here')) };
    const { local, db, clock } = fixture;
    const pointerSource = { getPointer: async (_owner: PublicKeyHash, writer: PublicKeyHash) => pointers.get(writer.toString()) };
    service = new CheckedBlockService({ crypto, local, space, bats, directory });
    const counts = new LinkCountTable(db);
    for (const { username, label, count } of state.linkCounts) counts.restore(username, { label: BigInt(label), count, modified: 1 });
    secretLinks = new SecretLinks({ hasher: crypto, db, local, pointers: pointerSource, bats, counts, directory, clock });
    publicFiles = new PublicFiles({ hasher: crypto, local, pointers: pointerSource, directory });
  });
  afterAll(() => fixture.remove());

  test('blocks and bytes of each owner are those of the reference', async () => {
    for (const { username, blockCount, blockBytes } of state.owners) {
      const sizes = await Promise.all(
        (owned.get(username) ?? []).map(async (cid) => (await fixture.local.metadata(username, cid))?.size ?? 0),
      );
      expect([sizes.length, sizes.reduce((sum, size) => sum + size, 0)], username).toEqual([blockCount, blockBytes]);
    }
  });

  test('garbage collection deletes nothing, and reads no block', async () => {
    const collector = new GarbageCollector({
      ...fixture,
      roots: {
        users: async () => state.owners.map(({ username }) => username).sort(),
        settleDeletion: async () => undefined,
        rootsOf: async (username) => targetsOf(username),
      },
      hasher: crypto,
      logger: { info: () => undefined, warn: () => undefined },
    });
    const total = state.owners.reduce((sum, { blockCount }) => sum + blockCount, 0);
    expect(await collector.collect()).toMatchObject({ deleted: 0, missing: 0, failures: [], blocks: total, reachable: total });
    expect((await collector.collect()).unchanged).toBe(state.owners.length);
    for (const { username, blockCount } of state.owners) {
      let files = 0;
      for await (const _ of fixture.files.list(username)) files++;
      expect(files).toBe(blockCount);
    }
  });

  test('every gated block is refused without its BAT and opens with each of them', async () => {
    const mirrors = new Map(state.bats.map(({ id, batCbor }) => [id, Bat.decode(new Uint8Array(Buffer.from(batCbor, 'base64')))]));
    const stranger = Bat.of(new Uint8Array(32).fill(1)).withMirrorId(crypto);
    let gated = 0;
    let open = 0;
    for (const [username, cids] of owned) {
      const owner = identityOf(username);
      for (const cid of cids) {
        const { batIds = [] } = (await fixture.local.metadata(username, cid)) ?? {};
        if (batIds.length === 0) {
          open++;
          expect(await service.readBlock(owner, cid)).toBeDefined();
          continue;
        }
        gated++;
        await expect(service.readBlock(owner, cid)).rejects.toMatchObject({ message: 'Unauthorised!' });
        await expect(service.readBlock(owner, cid, stranger)).rejects.toMatchObject({ message: 'Unauthorised!' });
        for (const id of batIds) {
          const presented = id.inlineBat?.withCalculatedId(crypto) ?? mirrors.get(id.format())?.withMirrorId(crypto);
          expect(presented, 'every BAT of the data set is known').toBeDefined();
          const bytes = await service.readBlock(owner, cid, presented);
          expect(Cid.ofSha256(crypto.sha256(bytes!), cid.codec).equals(cid)).toBe(true);
        }
      }
    }
    expect(gated).toBeGreaterThan(500);
    expect(open).toBeGreaterThan(100);
  });

  test('the secret links of the reference', async () => {
    const expected = (read('expect.json') as Expected).secretLinks;
    for (const { id, label } of (read('inputs.json') as Inputs).secretLinks) {
      const wanted = expected.find((link) => link.id === id);
      if (label === undefined || wanted === undefined) continue;
      const found = secretLinks.get(identityOf('alice'), BigInt(label));
      if (wanted.error !== undefined) await expect(found).rejects.toThrow(wanted.error);
      else expect((await found).hasPassword).toBe(wanted.asksForUserPassword);
    }
    const current = new BatTable(fixture.db).current('alice');
    const { counts } = await secretLinks.counts('alice', 1n, current!);
    for (const { label, count } of counts) {
      expect(count).toBe((state.linkCounts.find((before) => BigInt(before.label) === label)?.count ?? 0) + 1);
    }
    expect(counts.length).toBe(4);
  });

  test('the public files of the reference', async () => {
    for (const { path, httpGet } of (read('expect.json') as Expected).publicFiles) {
      const [, username = '', ...rest] = path.split('/');
      const link = await publicFiles.capabilityLink(username, rest.join('/'));
      expect(httpGet.location).toContain(`"link":"${link}"`);
      expect(await publicFiles.capabilityLink(username, [...rest, 'below', 'it'].join('/'))).toBe(link);
      expect(parseCapabilityLink(link).owner.equals(identityOf(username))).toBe(true);
    }
    await expect(publicFiles.capabilityLink('bob', 'site')).rejects.toMatchObject({ code: 'not-found.file' });
  });
});
