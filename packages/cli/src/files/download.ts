import { lstat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FileEntry, pathOfDamaged } from '@pyrgos/client';
import { printableName } from '../terminal.js';
import { downloadFile } from './download-file.js';
import type { FilesContext } from './files-context.js';
import { inParallel } from './in-parallel.js';
import { inTheWay, LocalFolder } from './local-folder.js';
import { assertLocalName } from './local-name.js';
import { PartFolder } from './part-files.js';
import { isSameTime } from './same-time.js';
import { isOfSystem } from './system-directories.js';
import { type ProgressLine, TerminalProgress } from './terminal-progress.js';
import { remoteTreeSize, TransferMeter, type TreeSize } from './tree-progress.js';

/** Files that are fetched at a time. */
const FILES_IN_FLIGHT = 4;

/** One run of `get`: what it has done so far. */
export class Download {
  /** Files that were fetched. */
  fetched = 0;
  /** Files that were there already. */
  passedOver = 0;
  /** Bytes of files that were fetched. */
  bytes = 0;
  /** Bytes that were fetched by this run. */
  private received = 0;
  /** Bytes that need not be fetched any more: what is there, whoever has fetched it, and what could not be. */
  private settled = 0;
  private failed = 0;
  /** Undefined until it is counted. */
  private total: TreeSize | undefined;
  private readonly meter = new TransferMeter();
  private readonly counting = new AbortController();
  private readonly progress: TerminalProgress;

  constructor(
    private readonly context: FilesContext,
    private readonly skipsExisting: boolean,
  ) {
    this.progress = new TerminalProgress(context.output.isJson);
  }

  /** Takes away what shows the progress. */
  end(): void {
    this.counting.abort();
    this.progress.end();
  }

  /** Fetches a directory to `target`, made when it is missing, and shows how much of it there is. */
  async tree(entry: FileEntry, target: string): Promise<void> {
    const { files, signal } = this.context;
    // Beside the download, which need not wait for it; for people only. What it has listed needs no request the second time.
    if (this.progress.isShown) {
      void remoteTreeSize(files, entry.path, AbortSignal.any([signal, this.counting.signal])).then(
        (size) => (this.total = size),
        () => undefined,
      );
    }
    await this.directory(entry, await LocalFolder.make(target));
  }

  /** Fetches one file, whatever is at `target`, unless that is to stay. Errors of `downloadFile`; PyrgosError `conflict.file` for a folder there. */
  async file(entry: FileEntry, target: string): Promise<void> {
    this.total = { files: 1, bytes: entry.size };
    await this.fileBeside(entry, target, await PartFolder.read(await LocalFolder.at(dirname(target))));
  }

  private async fileBeside(entry: FileEntry, target: string, parts: PartFolder): Promise<void> {
    const existing = await lstat(target).catch(() => undefined);
    if (existing?.isDirectory() === true) {
      throw inTheWay('a folder of this name is in the way on this machine', target);
    }
    // A device or a pipe is not replaced, nor is what a link leads to.
    if (existing !== undefined && !existing.isFile())
      throw inTheWay('something of this name that is no file is in the way on this machine', target);
    if (this.skipsExisting && existing !== undefined) {
      this.skipped(entry, target, `Skipping ${printableName(entry.path)}`);
      return;
    }
    const { files, signal } = this.context;
    let present: number | undefined;
    const count = (bytes: number): void => {
      this.settled += bytes - (present ?? 0);
      // What came with an earlier run is first told of.
      if (present !== undefined) this.received += bytes - present;
      present = bytes;
      this.meter.add(this.received);
      this.progress.follow(() => this.line());
    };
    try {
      await downloadFile(files, entry, target, parts, { signal, onProgress: count });
    } catch (error) {
      this.settled -= present ?? 0;
      throw error;
    }
    this.fetched++;
    this.bytes += entry.size;
  }

  private line(): ProgressLine {
    const { settled, total } = this;
    // The directory may grow while it is fetched.
    const bytes = total && Math.max(total.bytes, settled);
    const finished = this.fetched + this.passedOver + this.failed;
    return {
      path: this.meter.text(settled, bytes),
      index: finished,
      count: total && Math.max(total.files, finished),
      fraction: bytes === undefined ? 0 : bytes === 0 ? 1 : settled / bytes,
    };
  }

  /** Fetches all that is in a directory to a folder. What cannot be fetched is reported; what ends everything is thrown. */
  private async directory(entry: FileEntry, folder: LocalFolder): Promise<void> {
    const target = folder.path;
    // Read once: a folder may have many files.
    const parts = await PartFolder.read(folder);
    const { path } = entry;
    const directories: FileEntry[] = [];
    const taken = new Set<string>();
    const names = new Set<string>();
    const alike: FileEntry[] = [];
    const fetch = async (child: FileEntry): Promise<void> =>
      this.attempt(child, async () => {
        assertLocalName(child.name);
        await this.treeFile(child, join(target, child.name), taken, parts);
      });
    await inParallel(this.children(path, directories), FILES_IN_FLIGHT, async (child) => {
      // What the disk may take for the same file is not written at the same time.
      const folded = child.name.normalize('NFKC').toLowerCase();
      if (names.has(folded)) alike.push(child);
      else {
        names.add(folded);
        await fetch(child);
      }
    });
    for (const child of alike) await fetch(child);
    for (const child of directories) {
      await this.attempt(child, async () => {
        assertLocalName(child.name);
        await this.directory(child, await folder.child(child.name));
      });
    }
    // Last: every file in it has changed its time.
    await folder
      .requireSame()
      .then(async () => utimes(target, entry.modified, entry.modified))
      .catch(() => undefined);
  }

  /** The files of a directory, one after the other; its directories are collected. */
  private async *children(path: string, directories: FileEntry[]): AsyncGenerator<FileEntry, void, undefined> {
    const { files, output, signal } = this.context;
    try {
      for await (const child of files.list(path, { signal })) {
        if (child.isDamaged) this.problem(pathOfDamaged(child), child.error);
        else if (isOfSystem(child)) continue;
        else if (child.isDirectory) directories.push(child);
        else yield child;
      }
    } catch (error) {
      this.progress.clear();
      output.problem(path, error);
    }
  }

  /** A file of a tree. `taken` are the files that this run has written into the folder: disks may take two names for the same. */
  private async treeFile(entry: FileEntry, target: string, taken: Set<string>, parts: PartFolder): Promise<void> {
    const existing = await lstat(target, { bigint: true }).catch(() => undefined);
    if (existing !== undefined) {
      if (taken.has(`${existing.dev}:${existing.ino}`)) {
        throw inTheWay('the disk of this machine takes its name for that of another file', target);
      }
      const isSame =
        existing.isFile() &&
        existing.size === BigInt(entry.size) &&
        isSameTime(Number(existing.mtimeNs / 1_000_000n), entry.modified.getTime());
      if (isSame && !this.skipsExisting) {
        await parts.forget(entry);
        this.skipped(entry, target, undefined);
        taken.add(`${existing.dev}:${existing.ino}`);
        return;
      }
    }
    await this.fileBeside(entry, target, parts);
    const now = await lstat(target, { bigint: true });
    taken.add(`${now.dev}:${now.ino}`);
    const { output } = this.context;
    if (output.isJson && !this.skipsExisting) output.done('', { event: 'fetched', path: entry.path, local: target, size: entry.size });
  }

  private skipped({ path, size }: FileEntry, local: string, text: string | undefined): void {
    this.passedOver++;
    this.settled += size;
    const { output } = this.context;
    this.progress.clear();
    if (text !== undefined || output.isJson) output.done(text ?? '', { event: 'passed-over', path, local });
  }

  private async attempt({ isDirectory, path, size }: FileEntry, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.problem(path, error);
      if (isDirectory) return;
      this.failed++;
      this.settled += size;
    }
  }

  private problem(path: string, error: unknown): void {
    this.progress.clear();
    this.context.output.problem(path, error);
  }
}
