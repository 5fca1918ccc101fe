import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cid, CidCodec, type CborValue, encodeCbor } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import type { Bat } from '@pyrgos/core/keys';
import { batsSchema } from '../src/bats/schema.js';
import type { JournalSizes } from '../src/blocks/block-journal.js';
import { FileBlockStorage } from '../src/blocks/file-block-storage.js';
import type { BlockStorage } from '../src/blocks/block-storage.js';
import type { FileSystem } from '../src/blocks/file-system.js';
import { LocalBlockStore } from '../src/blocks/local-block-store.js';
import { blocksSchema } from '../src/blocks/schema.js';
import { gcSchema } from '../src/gc/schema.js';
import { linksSchema } from '../src/links/schema.js';
import type { StoredBlock } from '../src/ports/local-blocks.js';
import { migrate } from '../src/sql/migrate.js';
import { openDatabase } from '../src/sql/open-database.js';
import type { SqlDatabase } from '../src/sql/sql-database.js';

/** A journal that takes no blocks: each file is synced by itself, as when the journal is full. */
export const noJournal: JournalSizes = { segmentBytes: 0, segmentBlocks: 0, segments: 0, age: 60_000, retry: 60_000 };

/** The engine that all tests of this package share. */
export const crypto: CryptoProvider = await loadCrypto();

/** A clock that stands still until it is set. */
export class TestClock {
  constructor(public time: number = 1_700_000_000_000) {}

  now(): number {
    return this.time;
  }
}

/** A dag-cbor block. */
export function cborBlock(value: CborValue): StoredBlock {
  const bytes = encodeCbor(value);
  return { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.dagCbor), bytes };
}

/** A raw block. */
export function rawBlock(content: Uint8Array | string): StoredBlock {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw), bytes };
}

/** A dag-cbor block with links and BATs. */
export function nodeBlock(links: readonly Cid[], bats: readonly Bat[] = [], label = ''): StoredBlock {
  const fields: [string, CborValue][] = [
    ['label', label],
    ['links', links],
  ];
  if (bats.length > 0) fields.push(['bats', bats.map((bat) => bat.inlineId().toCbor())]);
  return cborBlock(new Map(fields));
}

/** What a {@link blockFixture} is made of. */
export interface BlockFixtureOptions {
  readonly fileSystem?: FileSystem;
  readonly journal?: JournalSizes;
  readonly schemas?: readonly (readonly string[])[];
  /** Wraps the storage, for instance to make it fail. */
  readonly wrap?: (storage: BlockStorage) => BlockStorage;
}

/** Blocks in a folder of their own with a real database. */
export interface BlockFixture {
  readonly folder: string;
  readonly db: SqlDatabase;
  readonly files: FileBlockStorage;
  readonly storage: BlockStorage;
  readonly local: LocalBlockStore;
  readonly clock: TestClock;
  /** Closes the database; keeps the folder. */
  readonly close: () => Promise<void>;
  /** Closes everything and deletes the folder. */
  readonly remove: () => Promise<void>;
}

/** Opens what is in a folder. */
export async function openFixture(
  folder: string,
  clock: TestClock = new TestClock(),
  options: BlockFixtureOptions = {},
): Promise<BlockFixture> {
  const db = await openDatabase({ path: join(folder, 'test.sqlite') });
  migrate(db, [blocksSchema, batsSchema, linksSchema, gcSchema, ...(options.schemas ?? [])]);
  const files = await FileBlockStorage.open({
    root: join(folder, 'blocks'),
    hasher: crypto,
    random: crypto,
    ...(options.fileSystem === undefined ? {} : { fileSystem: options.fileSystem }),
    ...(options.journal === undefined ? {} : { journal: options.journal }),
  });
  const storage = options.wrap?.(files) ?? files;
  const local = new LocalBlockStore({ storage, db, clock, random: crypto });
  const close = async (): Promise<void> => {
    await local.close();
    await db.close();
  };
  const remove = async (): Promise<void> => {
    await close();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, db, files, storage, local, clock, close, remove };
}

/** A fresh {@link BlockFixture}. */
export async function blockFixture(options: BlockFixtureOptions = {}): Promise<BlockFixture> {
  return openFixture(await mkdtemp(join(tmpdir(), 'pyrgos-server-')), new TestClock(), options);
}
