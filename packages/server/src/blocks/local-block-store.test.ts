import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cid, CidCodec, encodeCbor, formatBlockStoreName, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { ArgumentError, LimitError } from '@pyrgos/core/errors';
import { Bat, encodeRawPrefix } from '@pyrgos/core/keys';
import { concatBytes } from '@pyrgos/core/bytes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BlockFixture,
  blockFixture,
  cborBlock,
  crypto,
  nodeBlock,
  noJournal,
  openFixture,
  rawBlock,
} from '../../test/block-fixture.js';
import { FaultyFileSystem, systemError } from '../../test/faulty-file-system.js';
import { BLOCK_CACHE_ENTRIES, MAX_TRANSACTION_ID_LENGTH } from '../limits.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { BlockTable } from './block-table.js';

let fixture: BlockFixture;
let fileSystem: FaultyFileSystem;
beforeEach(async () => {
  fileSystem = new FaultyFileSystem();
  fixture = await blockFixture({ fileSystem });
});
afterEach(() => fixture.remove());

const count = (table: 'blocks' | 'transactions'): number => Number(fixture.db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
const fileOf = ({ cid }: StoredBlock): string => {
  const name = formatBlockStoreName(cid);
  return join(fixture.folder, 'blocks', 'alice', name.slice(-2, -1), `${name}.data`);
};
const readBack = async (block: StoredBlock): Promise<void> => expect(await fixture.local.get('alice', block.cid)).toEqual(block.bytes);

describe('metadata', () => {
  const [a, b] = [rawBlock('a'), rawBlock('b')];
  const identity = Cid.v1(CidCodec.dagCbor, Multihash.create(MultihashCode.identity, encodeCbor('inline')));
  const bat = Bat.of(new Uint8Array(32).fill(1));
  const mirror = Bat.of(new Uint8Array(32).fill(2)).mirrorId(crypto);

  test('of dag-cbor blocks: links in document order, repeated ones too, without identity CIDs', async () => {
    const node = nodeBlock([b.cid, identity, a.cid, b.cid], [bat]);
    await fixture.local.put('alice', [node], 't');
    const metadata = await fixture.local.metadata('alice', node.cid);
    expect(metadata?.size).toBe(node.bytes.length);
    expect(metadata?.links.map(String)).toEqual([b.cid, a.cid, b.cid].map(String));
    expect(metadata?.batIds.map((id) => id.equals(bat.inlineId()))).toEqual([true]);
  });

  test('of raw blocks: no links, BATs of the prefix', async () => {
    const gated = rawBlock(concatBytes(encodeRawPrefix([bat.inlineId(), mirror]), Uint8Array.of(1, 2, 3)));
    await fixture.local.put('alice', [gated, a], 't');
    const metadata = await fixture.local.metadata('alice', gated.cid);
    expect(metadata?.links).toEqual([]);
    expect(metadata?.batIds.map((id) => id.format())).toEqual([bat.inlineId(), mirror].map((id) => id.format()));
    expect(await fixture.local.metadata('alice', a.cid)).toEqual({ size: 1, links: [], batIds: [] });
  });

  test('is computed when it is missing, and kept', async () => {
    const node = nodeBlock([a.cid, b.cid], [bat]);
    await fixture.files.putMany('alice', [node]);
    expect(count('blocks')).toBe(0);
    const metadata = await fixture.local.metadata('alice', node.cid);
    expect(metadata?.links.map(String)).toEqual([a.cid, b.cid].map(String));
    expect(count('blocks')).toBe(1);
    fileSystem.calls.length = 0;
    expect(await fixture.local.metadata('alice', node.cid)).toEqual(metadata);
    expect(fileSystem.calls).toEqual([]);
  });

  test('a block whose BATs cannot be read is closed, not open', async () => {
    const damaged = rawBlock(concatBytes(encodeRawPrefix([bat.inlineId()]).subarray(0, 20), new Uint8Array(100)));
    const odd = cborBlock(new Map([['bats', 'none']]));
    await fixture.files.putMany('alice', [damaged, odd]);
    for (const { cid } of [damaged, odd]) expect((await fixture.local.metadata('alice', cid))?.batIds.length).toBe(1);
  });

  test('a stored block that does not decode is an error, and nothing is kept of it', async () => {
    const broken = { cid: Cid.v1(CidCodec.dagCbor, rawBlock('no cbor').cid.multihash), bytes: rawBlock('no cbor').bytes };
    await fixture.files.putMany('alice', [broken]);
    await expect(fixture.local.metadata('alice', broken.cid)).rejects.toMatchObject({ code: 'format.block' });
    expect(count('blocks')).toBe(0);
  });

  test('identity CIDs are decoded, count nothing and are never stored', async () => {
    await fixture.local.put('alice', [{ cid: identity, bytes: encodeCbor('inline') }], 't');
    expect([count('blocks'), count('transactions')]).toEqual([0, 0]);
    expect(await fixture.local.get('alice', identity)).toEqual(encodeCbor('inline'));
    const root = Cid.v1(CidCodec.dagCbor, Multihash.create(MultihashCode.identity, encodeCbor([a.cid])));
    expect(await fixture.local.metadata('alice', root)).toMatchObject({ size: 0, batIds: [] });
    expect((await fixture.local.metadata('alice', root))?.links.map(String)).toEqual([String(a.cid)]);
    expect(await fixture.local.holderOf(identity)).toBeUndefined();
  });

  test('is absent for absent blocks and other users', async () => {
    await fixture.local.put('alice', [a], 't');
    expect(await fixture.local.metadata('alice', b.cid)).toBeUndefined();
    expect(await fixture.local.metadata('bob', a.cid)).toBeUndefined();
    expect(await fixture.local.get('bob', a.cid)).toBeUndefined();
    expect(await fixture.local.metadata('alice', Cid.v1(CidCodec.libp2pKey, a.cid.multihash))).toBeUndefined();
  });

  test('finds whose block it is', async () => {
    await fixture.local.put('alice', [a], 't');
    await fixture.local.put('bob', [b], 't');
    expect(await fixture.local.holderOf(a.cid)).toBe('alice');
    expect(await fixture.local.holderOf(b.cid)).toBe('bob');
    expect(await fixture.local.holderOf(rawBlock('c').cid)).toBeUndefined();
    expect(await fixture.local.sizeOf('alice', a.cid)).toBe(1);
    expect(await fixture.local.sizeOf('bob', a.cid)).toBeUndefined();
  });
});

describe('transactions', () => {
  const collectAll = async (): Promise<number> => {
    const table = new BlockTable(fixture.db);
    const partition = table.partition('alice') ?? -1;
    const { blocks } = await fixture.local.collect(
      'alice',
      partition,
      table.page(partition, new Uint8Array(0), 100),
      table.lastPut(partition),
    );
    return blocks;
  };

  test('a block that is there already is protected too', async () => {
    const a = rawBlock('a');
    await fixture.local.put('alice', [a], 'one');
    await fixture.local.closeTransaction('alice', 'one');
    expect(count('transactions')).toBe(0);
    await fixture.local.put('alice', [a, a], 'two');
    await fixture.local.put('alice', [a], 'two');
    await fixture.local.put('alice', [a], 'three');
    expect(count('transactions')).toBe(2);
    await fixture.local.closeTransaction('alice', 'two');
    expect(await collectAll()).toBe(0);
    await fixture.local.closeTransaction('alice', 'three');
    expect(await collectAll()).toBe(1);
  });

  test('of others, unknown ones and users without blocks end without effect', async () => {
    const a = rawBlock('a');
    await fixture.local.put('alice', [a], 'one');
    await fixture.local.put('bob', [a], 'one');
    for (const [username, transaction] of [
      ['bob', 'one'],
      ['alice', 'two'],
      ['carol', 'one'],
    ] as const) {
      await fixture.local.closeTransaction(username, transaction);
    }
    expect(count('transactions')).toBe(1);
    expect(await collectAll()).toBe(0);
  });

  test('ids are random; unreasonable ones are refused', async () => {
    const ids = new Set(await Promise.all(Array.from({ length: 20 }, () => fixture.local.startTransaction('alice'))));
    expect(ids.size).toBe(20);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    const a = rawBlock('a');
    await fixture.local.put('alice', [a], 'x'.repeat(MAX_TRANSACTION_ID_LENGTH));
    await expect(fixture.local.put('alice', [a], 'x'.repeat(MAX_TRANSACTION_ID_LENGTH + 1))).rejects.toBeInstanceOf(LimitError);
    await expect(fixture.local.put('alice', [a], 'a\0b')).rejects.toBeInstanceOf(ArgumentError);
    await expect(fixture.local.closeTransaction('alice', 'a\0b')).rejects.toBeInstanceOf(ArgumentError);
  });
});

describe('failures', () => {
  /** Each put writes its files by itself, so that they fail apart. */
  const withoutJournal = async (): Promise<void> => {
    await fixture.close();
    fixture = await openFixture(fixture.folder, fixture.clock, { fileSystem, journal: noJournal });
  };

  test('a full disk: the error is reported and nothing is left but what was there', async () => {
    const [a, b] = [rawBlock('a'), rawBlock('b')];
    await fixture.local.put('alice', [a], 't');
    fileSystem.before = ({ name }) => {
      if (name === 'write') throw systemError('ENOSPC');
    };
    await expect(fixture.local.put('alice', [a, b], 't')).rejects.toMatchObject({ code: 'storage', data: { system: 'ENOSPC' } });
    fileSystem.before = () => undefined;
    expect(await fixture.local.metadata('alice', b.cid)).toBeUndefined();
    await readBack(a);
    await fixture.local.put('alice', [b], 't');
    await readBack(b);
  });

  test('a put that fails does not take away what another one stores at the same time', async () => {
    await withoutJournal();
    const a = rawBlock('a');
    let opened = 0;
    fileSystem.before = async ({ name }) => {
      if (name !== 'write') return;
      opened++;
      if (opened === 1) throw systemError('EIO');
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    };
    const [first, second] = await Promise.allSettled([fixture.local.put('alice', [a], 'one'), fixture.local.put('alice', [a], 'two')]);
    expect([first.status, second.status].toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(count('blocks')).toBe(1);
    await readBack(a);
  });

  test('a crash between the commit and the file: the block is absent, and putting it again writes it', async () => {
    await withoutJournal();
    const a = rawBlock('a');
    // The process ends while the file is being written.
    fileSystem.before = ({ name }) => (name === 'write' ? new Promise(() => undefined) : undefined);
    void fixture.local.put('alice', [a], 't');
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(count('blocks')).toBe(1);
    fileSystem.openNow = 0;
    await fixture.close();
    fixture = await openFixture(fixture.folder);
    expect(await fixture.local.get('alice', a.cid)).toBeUndefined();
    expect(await fixture.local.sizeOf('alice', a.cid)).toBeUndefined();
    await fixture.local.put('alice', [a], 't');
    await readBack(a);
  });

  test('acknowledged blocks are there with metadata after a restart', async () => {
    const blocks = Array.from({ length: 100 }, (_, i) => nodeBlock([rawBlock(`${i}`).cid], [], `node ${i}`));
    await Promise.all(blocks.map((block) => fixture.local.put('alice', [block], 't')));
    await fixture.close();
    fixture = await openFixture(fixture.folder);
    for (const block of blocks) await readBack(block);
    expect([count('blocks'), count('transactions')]).toEqual([100, 1]);
  });

  test('damage is never served from anywhere', async () => {
    const a = rawBlock('the right bytes');
    await fixture.local.put('alice', [a], 't');
    await writeFile(fileOf(a), 'the wrong bytes');
    await expect(fixture.local.get('alice', a.cid)).rejects.toMatchObject({ code: 'storage' });
    await fixture.local.put('alice', [a], 't');
    await readBack(a);
  });
});

describe('cache', () => {
  const reads = (): number => fileSystem.calls.filter(({ name }) => name === 'read' || name === 'readNow').length;

  test('small blocks are read once; nobody can change them', async () => {
    const a = nodeBlock([], [], 'a');
    await fixture.local.put('alice', [a], 't');
    await readBack(a);
    const before = reads();
    (await fixture.local.get('alice', a.cid))?.fill(0);
    await readBack(a);
    expect(reads()).toBe(before);
  });

  test('large ones are not kept, and not more than allowed', async () => {
    const large = rawBlock(new Uint8Array(51_201));
    await fixture.local.put('alice', [large], 't');
    await readBack(large);
    await readBack(large);
    expect(reads()).toBe(2);
    const many = Array.from({ length: BLOCK_CACHE_ENTRIES + 1 }, (_, i) => rawBlock(`block ${i}`));
    await fixture.local.put('alice', many, 't');
    for (const block of many) await readBack(block);
    const before = reads();
    await readBack(many[1]!);
    expect(reads()).toBe(before);
    await readBack(many[0]!);
    expect(reads()).toBe(before + 1);
  });

  test('a deleted block is gone from it', async () => {
    const a = rawBlock('a');
    await fixture.local.put('alice', [a], 't');
    await readBack(a);
    await fixture.local.closeTransaction('alice', 't');
    const table = new BlockTable(fixture.db);
    const partition = table.partition('alice')!;
    const rows = table.page(partition, new Uint8Array(0), 10);
    expect(await fixture.local.collect('alice', partition, rows, table.lastPut(partition))).toEqual({ blocks: 1, bytes: 1 });
    expect(await fixture.local.get('alice', a.cid)).toBeUndefined();
    expect(await fixture.local.metadata('alice', a.cid)).toBeUndefined();
  });
});

test('files are not deleted before what made them garbage is durable', async () => {
  const a = rawBlock('a');
  await fixture.local.put('alice', [a], 't');
  await fixture.local.closeTransaction('alice', 't');
  const table = new BlockTable(fixture.db);
  const partition = table.partition('alice')!;
  const { db } = fixture;
  const durable = db.durable.bind(db);
  db.durable = async () => {
    throw systemError('EIO');
  };
  fileSystem.calls.length = 0;
  const collect = (): Promise<unknown> =>
    fixture.local.collect('alice', partition, table.page(partition, new Uint8Array(0), 10), table.lastPut(partition));
  await expect(collect()).rejects.toThrow('EIO');
  expect(fileSystem.calls.filter(({ name }) => name === 'unlink')).toEqual([]);
  db.durable = durable;
  // As after a restart: its metadata is gone, and it is an orphan.
  expect(await fixture.local.adopt('alice', a.cid)).toBe('adopted');
  await collect();
  expect(fileSystem.calls.filter(({ name }) => name === 'unlink').map(({ path }) => path)).toEqual([fileOf(a)]);
});

test('names of users that are no safe folder names are refused', async () => {
  const a = rawBlock('a');
  for (const username of ['../x', 'a/b', 'A', '']) {
    await expect(fixture.local.put(username, [a], 't')).rejects.toBeInstanceOf(ArgumentError);
    await expect(fixture.local.get(username, a.cid)).rejects.toBeInstanceOf(ArgumentError);
    await expect(fixture.local.metadata(username, a.cid)).rejects.toBeInstanceOf(ArgumentError);
    await expect(fixture.local.startTransaction(username)).rejects.toBeInstanceOf(ArgumentError);
    await expect(fixture.local.closeTransaction(username, 't')).rejects.toBeInstanceOf(ArgumentError);
  }
});
