import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import { GroupSync } from '../sql/group-sync.js';
import type { FileSystem } from './file-system.js';
import { type JournalRecord, PAGE, padding, recordSize, SALT_SIZE, segmentHead, writeRecord } from './journal-format.js';
import { writeWhole } from './write-whole.js';

/** Bytes of records written at a time; more than one record has. */
const WRITE_SIZE = 1_048_576;

/** What a {@link SegmentWriter} needs. */
interface SegmentWriterOptions {
  readonly folder: string;
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly hasher: Hasher;
  readonly random: RandomSource;
}

/** Appends records to a new file. Those who append at the same time share a sync. After one failure everything fails. */
export class SegmentWriter {
  private readonly salt: Uint8Array;
  private readonly descriptor: Promise<number>;
  private waiting: (readonly JournalRecord[])[] = [];
  /** What is to be written next; one piece of memory for all, because fresh megabytes cost more than what is done with them. */
  private readonly buffer = Buffer.allocUnsafeSlow(WRITE_SIZE + PAGE);
  private filled = 0;
  private readonly group = new GroupSync(async () => this.flush());
  private readonly appending = new Set<Promise<void>>();
  private position = 0;
  private hasName = false;
  private failure: unknown;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: SegmentWriterOptions) {
    const { fileSystem, path, random } = options;
    this.salt = random.randomBytes(SALT_SIZE);
    this.fill(segmentHead(this.salt));
    this.descriptor = fileSystem.open(path, 'wx');
    // Told to whoever appends.
    this.descriptor.catch(() => undefined);
  }

  /** Whether an append has failed. What follows in the file would never be read. */
  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /** Appends records; durable when it resolves. Errors are those of the file system. */
  async append(records: readonly JournalRecord[]): Promise<void> {
    this.waiting.push(records);
    const appended = this.group.sync();
    this.appending.add(appended);
    try {
      await appended;
    } finally {
      this.appending.delete(appended);
    }
  }

  /** Waits for what is being appended, and closes the file. Safe to repeat. */
  async close(): Promise<void> {
    this.closing ??= this.closeFile();
    await this.closing;
  }

  private async closeFile(): Promise<void> {
    while (this.appending.size > 0) await Promise.allSettled(this.appending);
    this.failure ??= new Error('the segment is closed');
    const descriptor = await this.descriptor.catch(() => undefined);
    if (descriptor !== undefined) await this.options.fileSystem.close(descriptor);
  }

  private async flush(): Promise<void> {
    const { fileSystem, folder, hasher } = this.options;
    try {
      if (this.failure !== undefined) throw this.failure;
      const descriptor = await this.descriptor;
      const waiting = this.waiting.flat();
      this.waiting = [];
      for (const record of waiting) {
        if (this.filled + recordSize(record) > WRITE_SIZE) await this.write(descriptor);
        this.filled = writeRecord(hasher, this.salt, record, this.buffer, this.filled);
      }
      this.fill(padding(this.position + this.filled));
      await this.write(descriptor);
      await fileSystem.datasync(descriptor);
      if (!this.hasName) await fileSystem.syncFolder(folder);
      this.hasName = true;
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  private fill(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.filled);
    this.filled += bytes.length;
  }

  private async write(descriptor: number): Promise<void> {
    await writeWhole(this.options.fileSystem, descriptor, this.buffer.subarray(0, this.filled));
    this.position += this.filled;
    this.filled = 0;
  }
}

/** A file of the journal and what depends on it. */
export interface Segment {
  readonly path: string;
  /** The paths of the files of its blocks: their content may be durable only here. */
  readonly files: Set<string>;
  /** Undefined when it was written by an earlier life of the server. */
  readonly writer: SegmentWriter | undefined;
  /** Bytes and blocks that were or are being appended. */
  bytes: number;
  blocks: number;
  /** Puts that are going on. */
  users: number;
  /** Whether nothing is appended any more but by these. */
  isSealed: boolean;
  /** Whether it is time to sync its files. */
  isOld: boolean;
  /** Files whose sync has failed, until they are written anew: the next sync may report a success that is none. */
  readonly distrusted: Set<string>;
  /** Attempts to sync its files that have failed. */
  failures: number;
  /** Whether the next attempt has to wait. */
  isWaiting: boolean;
  /** Whether nothing can be believed any more. Then it stays until the next start, which writes all files anew. */
  hasFailed: boolean;
}
