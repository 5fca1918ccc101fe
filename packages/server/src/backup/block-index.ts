import { createReadStream } from 'node:fs';
import { type CarBlock, type Cid, readCar } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { equalBytes } from '@pyrgos/core/bytes';
import { describeStored, type DescribedBlock } from '../blocks/block-metadata.js';
import { BlockTable } from '../blocks/block-table.js';
import { nextTurn } from '../blocks/next-turn.js';
import { blocksSchema } from '../blocks/schema.js';
import { migrate, openDatabase, type SqlDatabase } from '../sql/index.js';
import { BLOCKS_FILE } from './backup-state.js';
import type { ProblemList } from './problem-list.js';

/** The one partition of the index. */
const PARTITION = 'backup';
/** Blocks whose rows are written in one transaction. */
const BATCH = 256;

/** Bytes read from the file at once. */
const READ_SIZE = 1 << 20;

/** The blocks of a CAR file in order, unverified. */
export function readBlocks(path: string, signal?: AbortSignal): AsyncIterable<CarBlock> {
  return readCar(createReadStream(path, { highWaterMark: READ_SIZE }), signal === undefined ? {} : { signal });
}

/**
 * An index of the blocks in a CAR file: what links to what, without the bytes. A database beside the restored one, so that it may be larger
 * than memory.
 */
export class BlockIndex {
  readonly table: BlockTable;
  private readonly partition: number;

  private constructor(readonly db: SqlDatabase) {
    this.table = new BlockTable(db);
    this.partition = this.table.ensurePartition(PARTITION);
  }

  /** An empty index in a new file. */
  static async create(path: string): Promise<BlockIndex> {
    const db = await openDatabase({ path });
    migrate(db, [blocksSchema]);
    return new BlockIndex(db);
  }

  /** The name under which {@link reachableRows} finds the blocks. */
  readonly username: string = PARTITION;

  /** The row of a block, undefined when the file has no such block. */
  rowOf(cid: Cid): number | undefined {
    return this.table.idOf(this.partition, cid.bytes);
  }

  /** Number of blocks, each once. */
  get size(): number {
    return this.table.count(this.partition);
  }

  /** Reads the whole file. Damaged blocks are problems and stay out of the index; so is a file that ends early or is no CAR file. */
  async build(
    path: string,
    crypto: CryptoProvider,
    problems: ProblemList,
    signal?: AbortSignal,
  ): Promise<{ readonly count: number; readonly bytes: number }> {
    let batch: DescribedBlock[] = [];
    let [count, bytes] = [0, 0];
    const flush = (): void => {
      this.db.transaction(() => this.table.record(this.partition, batch));
      batch = [];
    };
    await problems.check(BLOCKS_FILE, async () => {
      for await (const block of readBlocks(path, signal)) {
        throwIfAborted(signal, 'restore');
        count++;
        bytes += block.bytes.length;
        const described = describe(block, crypto, problems);
        if (described !== undefined) batch.push(described);
        if (batch.length < BATCH) continue;
        flush();
        await nextTurn();
      }
    });
    flush();
    return { count, bytes };
  }

  /** Closes the database. */
  async close(): Promise<void> {
    await this.db.close();
  }
}

function describe({ cid, bytes }: CarBlock, crypto: CryptoProvider, problems: ProblemList): DescribedBlock | undefined {
  const where = `${BLOCKS_FILE}, block ${cid.toString()}`;
  if (cid.isIdentity) return undefined;
  if (!equalBytes(crypto.sha256(bytes), cid.multihash.digest)) {
    problems.add(where, 'its bytes are damaged: they do not match its hash');
    return undefined;
  }
  try {
    return { cid, bytes, metadata: describeStored(cid, bytes) };
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    problems.add(where, error.message);
    return undefined;
  }
}
