import { dirname, join } from 'node:path';
import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import {
  JOURNAL_AGE_MILLISECONDS,
  JOURNAL_RETRY_MILLISECONDS,
  JOURNAL_SEGMENT_BLOCKS,
  JOURNAL_SEGMENT_SIZE,
  JOURNAL_SYNCS,
  JOURNAL_SYNCS_IN_A_HURRY,
  MAX_JOURNAL_RETRY_MILLISECONDS,
  MAX_JOURNAL_SEGMENTS,
} from '../limits.js';
import { type BlockPath, blockPath } from './block-paths.js';
import type { FileSystem } from './file-system.js';
import { isForeign, type JournalRecord, readSegment } from './journal-format.js';
import { type Segment, SegmentWriter } from './journal-segment.js';
import { Slots } from './slots.js';
import { systemCode } from '../system-reason.js';

/** How large the journal may become and how long it keeps blocks. */
export interface JournalSizes {
  /** Bytes of blocks of a segment; then the next one begins. */
  readonly segmentBytes: number;
  /** Blocks of a segment. */
  readonly segmentBlocks: number;
  /** Segments that there may be. From the half on their files are synced at once. */
  readonly segments: number;
  /** Milliseconds after which the files of a segment are synced in any case. The system has written most of them by itself until then. */
  readonly age: number;
  /** Milliseconds after which syncing files is tried again that has failed; the next waits are longer. */
  readonly retry: number;
}

/** The sizes that servers use. */
export const journalSizes: JournalSizes = {
  segmentBytes: JOURNAL_SEGMENT_SIZE,
  segmentBlocks: JOURNAL_SEGMENT_BLOCKS,
  segments: MAX_JOURNAL_SEGMENTS,
  age: JOURNAL_AGE_MILLISECONDS,
  retry: JOURNAL_RETRY_MILLISECONDS,
};

/** What {@link BlockJournal} needs. */
export interface BlockJournalOptions {
  /** Folder of the blocks, which exists. The segments are in a folder of their own inside. */
  readonly root: string;
  readonly fileSystem: FileSystem;
  readonly hasher: Hasher;
  readonly random: RandomSource;
  readonly sizes: JournalSizes;
  /**
   * Makes the file of a record that was read at a start right. It need not be durable: the segment stays until it is. `trusts`: a file
   * that looks right needs not be written anew. Returns the path of the file, also when it is absent and nobody needs it.
   */
  readonly restore: (record: JournalRecord, trusts: boolean) => Promise<string>;
  /** Writes the file of a record anew, durably but for its name, if there is one. */
  readonly rewrite: (record: JournalRecord) => Promise<void>;
  /** Told when files could not be synced: the first time for each segment, and when it is not tried again before the next start. */
  readonly onProblem: (error: unknown, isFinal: boolean) => void;
}

/** What a put has in the journal. */
export interface JournalEntry {
  /** Adds the blocks; durable when it resolves. Errors are those of the file system. */
  append(records: readonly JournalRecord[]): Promise<void>;
  /** Call it when the files of the blocks have their names, or when the put has failed. */
  leave(): void;
}

/** The folder of the segments. No user name has a dot. */
const FOLDER = '.journal';
/** Names of segments: numbers in the order of time. */
const NAME = /^[0-9]{12,15}$/;
/**
 * Behind the name of a segment, the name of an empty file that is there while the files of the segment are synced. A sync that has failed may be
 * reported as a success the next time, although the content is lost. So a start that finds it does not trust those files, however
 * right they look, and writes them anew.
 */
const SYNCING = '.syncing';
/** Behind the name of a segment that is none: somebody may want to know what it is. */
const SET_ASIDE = '.set-aside';
/** Errors before anything was synced. */
const openFailures: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/**
 * Makes many small blocks durable with one sync. Concurrent puts append their blocks to one file, a segment, and share its sync; the
 * files of the blocks are written without one. When a segment is full or old, the files are synced in the background, then their
 * folders, and then the segment is deleted. Only a start after a crash reads it.
 *
 * A file may get its name only after its block is in the journal. So whatever has a name is durable, here or by itself.
 *
 * When the disk cannot follow, the journal is full. Then puts have to sync their files themselves, which slows them down as needed.
 */
export class BlockJournal {
  /** From the oldest to the newest. */
  private readonly segments: Segment[] = [];
  private nextNumber = 1;
  private settling: Promise<void> | undefined;
  private isClosed = false;

  private readonly folder: string;

  private constructor(private readonly options: BlockJournalOptions) {
    this.folder = join(options.root, FOLDER);
  }

  /**
   * Opens the journal. First every block that is in it gets its file. Errors are those of the file system; nothing is lost then, and the next
   * attempt does the same.
   */
  static async open(options: BlockJournalOptions): Promise<BlockJournal> {
    const journal = new BlockJournal(options);
    const { fileSystem, root } = options;
    const { folder } = journal;
    await fileSystem.makeFolder(folder);
    await fileSystem.syncFolder(root);
    const names = new Set<string>();
    for await (const { name, isFile } of fileSystem.list(folder)) {
      if (isFile) names.add(name);
      if (NAME.test(name)) journal.nextNumber = Math.max(journal.nextNumber, Number(name) + 1);
    }
    const segments = [...names].filter((name) => NAME.test(name));
    // When only the process was killed, what is read here need not be on the disk yet, and files get their names because of it.
    for (const name of segments) await fileSystem.syncFile(join(folder, name));
    await fileSystem.syncFolder(folder);
    for (const name of segments.toSorted((a, b) => Number(a) - Number(b))) await journal.replay(name, !names.has(name + SYNCING));
    return journal;
  }

  /** A place for the blocks of one put; undefined when there is none: then it has to sync its files itself. */
  enter(paths: readonly BlockPath[], bytes: number): JournalEntry | undefined {
    const segment = this.isClosed ? undefined : this.segmentFor(paths.length, bytes);
    const writer = segment?.writer;
    if (segment === undefined || writer === undefined) return undefined;
    segment.users++;
    segment.blocks += paths.length;
    segment.bytes += bytes;
    for (const { file } of paths) segment.files.add(file);
    let hasLeft = false;
    return {
      append: async (records) => writer.append(records),
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        segment.users--;
        if (writer.hasFailed) segment.isSealed = true;
        this.settle();
      },
    };
  }

  /** Resolves when nothing goes on in the background. What is not synced is left to the next start. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.settling;
    for (const { writer } of this.segments) await writer?.close();
  }

  private segmentFor(blocks: number, bytes: number): Segment | undefined {
    const { folder } = this;
    const { sizes } = this.options;
    const last = this.segments.at(-1);
    if (last !== undefined && !last.isSealed) {
      if (last.blocks + blocks <= sizes.segmentBlocks && last.bytes + bytes <= sizes.segmentBytes) return last;
      last.isSealed = true;
    }
    this.settle();
    if (this.segments.length >= sizes.segments) return undefined;
    const path = join(folder, String(this.nextNumber++).padStart(12, '0'));
    return this.add(path, new Set(), new SegmentWriter({ ...this.options, folder, path }));
  }

  private add(path: string, files: Set<string>, writer: SegmentWriter | undefined): Segment {
    const segment: Segment = {
      path,
      files,
      writer,
      bytes: 0,
      blocks: 0,
      users: 0,
      isSealed: writer === undefined,
      isOld: false,
      distrusted: new Set(),
      failures: 0,
      isWaiting: false,
      hasFailed: false,
    };
    this.segments.push(segment);
    const timer = setTimeout(() => {
      segment.isOld = true;
      segment.isSealed = true;
      this.settle();
    }, this.options.sizes.age);
    timer.unref();
    return segment;
  }

  private async replay(name: string, trusts: boolean): Promise<void> {
    const { fileSystem, hasher, restore } = this.options;
    const path = join(this.folder, name);
    const files = new Set<string>();
    if (await isForeign(fileSystem, path)) {
      await fileSystem.rename(path, path + SET_ASIDE);
      await this.unmark(path);
      this.options.onProblem(
        new PyrgosError('storage', 'A file in the journal of the blocks is none of its segments. It was set aside.', {
          data: { segment: name },
        }),
        true,
      );
      return;
    }
    for await (const record of readSegment(fileSystem, hasher, path)) {
      files.add(await restore(record, trusts));
    }
    if (files.size > 0) {
      this.add(path, files, undefined);
    } else {
      await fileSystem.unlink(path);
      await this.unmark(path);
    }
  }

  private get isInAHurry(): boolean {
    return this.segments.length * 2 >= this.options.sizes.segments;
  }

  /** Begins to sync the files of the oldest segment, if it is time to, and goes on with the next one. */
  private settle(): void {
    const segment = this.segments.find(({ hasFailed, isWaiting }) => !hasFailed && !isWaiting);
    if (this.settling !== undefined || this.isClosed || segment === undefined) return;
    if (!segment.isSealed || segment.users > 0 || !(segment.isOld || this.isInAHurry)) return;
    this.settling = this.giveUp(segment).then((isDone) => {
      this.settling = undefined;
      if (isDone) this.settle();
    });
  }

  /** Makes everything in a segment durable without it, and deletes it. Whether the next one may follow. */
  private async giveUp(segment: Segment): Promise<boolean> {
    const { fileSystem } = this.options;
    try {
      await segment.writer?.close();
      await this.mark(segment.path);
      await this.syncFiles(segment);
      if (segment.distrusted.size > 0) await this.rewriteFiles(segment);
      if (this.isClosed) {
        await this.unmark(segment.path);
        return false;
      }
      await this.syncFolders(segment);
      await unlessMissing(fileSystem.unlink(segment.path));
      await this.unmark(segment.path);
      this.segments.splice(this.segments.indexOf(segment), 1);
    } catch (error) {
      this.postpone(segment, error);
    }
    return true;
  }

  private postpone(segment: Segment, error: unknown): void {
    const { onProblem, sizes } = this.options;
    segment.failures++;
    if (segment.failures === 1 || segment.hasFailed) onProblem(error, segment.hasFailed);
    if (segment.hasFailed) return;
    segment.isWaiting = true;
    const timer = setTimeout(
      () => {
        segment.isWaiting = false;
        this.settle();
      },
      Math.min(sizes.retry * 2 ** (segment.failures - 1), MAX_JOURNAL_RETRY_MILLISECONDS),
    );
    timer.unref();
  }

  private async mark(path: string): Promise<void> {
    const { fileSystem } = this.options;
    try {
      await fileSystem.close(await fileSystem.open(path + SYNCING, 'wx'));
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }

  private async unmark(path: string): Promise<void> {
    await unlessMissing(this.options.fileSystem.unlink(path + SYNCING));
  }

  /** Syncs the files of a segment, and notes those that could not be synced. */
  private async syncFiles({ distrusted, files }: Segment): Promise<void> {
    const { fileSystem } = this.options;
    const next = files.values();
    const work = async (): Promise<void> => {
      for (let step = next.next(); step.done !== true && !this.isClosed; step = next.next()) {
        try {
          await fileSystem.syncFile(step.value);
        } catch (error) {
          const code = systemCode(error);
          if (openFailures.has(code)) throw error;
          // It may have been deleted, or the put has failed. That it is absent becomes durable with its folder.
          if (code !== 'ENOENT') distrusted.add(step.value);
        }
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: this.isInAHurry ? JOURNAL_SYNCS_IN_A_HURRY : JOURNAL_SYNCS }, work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** After a failed sync the system may have dropped the content: it is written to new files, from the segment. */
  private async rewriteFiles({ distrusted, path }: Segment): Promise<void> {
    const { fileSystem, hasher, rewrite, root } = this.options;
    for await (const record of readSegment(fileSystem, hasher, path)) {
      const { file } = blockPath(root, record.username, record.cid);
      if (!distrusted.has(file)) continue;
      await rewrite(record);
      distrusted.delete(file);
    }
    if (distrusted.size > 0) throw new Error('a block is not in the journal');
  }

  private async syncFolders(segment: Segment): Promise<void> {
    const { fileSystem } = this.options;
    const folders = new Set<string>();
    for (const file of segment.files) {
      const folder = dirname(file);
      if (!folders.has(folder))
        folders
          .add(folder)
          .add(dirname(folder))
          .add(dirname(dirname(folder)));
    }
    const slots = new Slots(JOURNAL_SYNCS);
    const sync = async (folder: string): Promise<void> => {
      try {
        await unlessMissing(fileSystem.syncFolder(folder));
      } catch (error) {
        // Names may be lost, and the next sync may report a success that is none.
        if (!openFailures.has(systemCode(error))) segment.hasFailed = true;
        throw error;
      }
    };
    const ends = await Promise.allSettled(Array.from(folders, async (folder) => slots.run(async () => sync(folder))));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

/** What a journal holds, without changing anything, in the order of time. Errors are those of the file system. */
export async function* readJournal(fileSystem: FileSystem, hasher: Hasher, root: string): AsyncIterable<JournalRecord> {
  const folder = join(root, FOLDER);
  const names: string[] = [];
  try {
    for await (const { name } of fileSystem.list(folder)) if (NAME.test(name)) names.push(name);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  for (const name of names.toSorted()) yield* readSegment(fileSystem, hasher, join(folder, name));
}

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
