import { ConflictError, type FileEntry, type TreeEntry } from '@pyrgos/client';
import { assertLegalName } from '@pyrgos/core/model';
import { printableName } from '../terminal.js';
import type { FilesContext } from './files-context.js';
import { type FileIdentity, localChildren, type LocalEntry, localSource } from './local-tree.js';
import { isPartName } from './part-files.js';
import { joinRemote } from './remote-path.js';
import { isSameTime } from './same-time.js';
import { type ProgressLine, TerminalProgress } from './terminal-progress.js';
import { TransferMeter, type TreeSize, treeSize } from './tree-progress.js';

/** What the account has at a name already. */
type Present = Pick<FileEntry, 'isDirectory' | 'size' | 'modified'>;

/** One run of `put -r`: what it has done so far. */
export class Upload {
  /** Files that were stored, or found to have this content. */
  stored = 0;
  /** Files that were there already, with this size and time. */
  passedOver = 0;
  /** What `get` has not completed, by its name. */
  leftOut = 0;
  /** Bytes of files that were stored. */
  bytes = 0;
  /** Bytes of files that were passed over, and files that could not be stored. */
  private passedBytes = 0;
  private failed = 0;
  private sent = 0;
  private readonly meter = new TransferMeter();
  /** Undefined until it is counted. */
  private total: TreeSize | undefined;
  private readonly counting = new AbortController();
  private readonly progress: TerminalProgress;
  private readonly locals = new Map<string, string>();

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

  /** Stores a folder as `target`, made when it is missing, with all that is in it. What cannot be stored is reported; what ends everything is thrown. */
  async folder(folder: string, target: string): Promise<void> {
    const { files, output, signal } = this.context;
    // Beside the upload, which need not wait for it; for people only.
    if (this.progress.isShown) {
      void treeSize(folder, AbortSignal.any([signal, this.counting.signal])).then(
        (size) => (this.total = size),
        () => undefined,
      );
    }
    const present = (await files.find(target, { signal })) !== undefined;
    const written = files.writeTree(target, this.entries(folder, target, present), {
      signal,
      onExisting: () => (this.skipsExisting ? 'skip' : 'replace'),
      onError: () => 'skip',
      onProgress: ({ done }) => this.show(done),
    });
    for await (const { error, file, outcome } of written) {
      const key = file.path.join('/');
      const local = this.locals.get(key) ?? key;
      this.locals.delete(key);
      const path = joinRemote(target, key);
      if (outcome === 'failed') {
        this.failed++;
        this.problem(local, error);
      } else if (outcome === 'skipped') this.skipped(local, path);
      else {
        this.stored++;
        this.bytes += sizeOf(file.source);
        if (output.isJson) output.done('', { event: 'stored', local, path, outcome });
      }
    }
  }

  /** What there is to store, folder by folder. */
  private async *entries(folder: string, target: string, isPresent: boolean): AsyncGenerator<TreeEntry, void, undefined> {
    const waiting: {
      readonly folder: string;
      readonly path: readonly string[];
      readonly isPresent: boolean;
      readonly seen?: FileIdentity;
    }[] = [{ folder, path: [], isPresent }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { path } = next;
      // Directories are named for the sake of empty ones.
      if (path.length > 0 && !next.isPresent) yield { path, isDirectory: true };
      const there = next.isPresent ? await this.present([target, ...path].join('/')) : new Map<string, Present>();
      for await (const entry of localChildren(next.folder, (place, error) => this.problem(place, error), next.seen)) {
        const below = [...path, entry.name];
        const existing = there.get(entry.name);
        if (entry.isDirectory) {
          try {
            assertLegalName(entry.name);
            const path = joinRemote(target, below.join('/'));
            if (existing?.isDirectory === false) throw new ConflictError('conflict.exists', 'a file is in the way', { path });
            waiting.push({ folder: entry.path, path: below, isPresent: existing !== undefined, seen: entry.identity });
          } catch (error) {
            this.problem(entry.path, error);
          }
        } else if (isPartName(entry.name)) this.leftOut++;
        else if (this.isThere(entry, existing)) {
          this.passedBytes += entry.size;
          this.skipped(entry.path, joinRemote(target, below.join('/')));
        } else {
          this.locals.set(below.join('/'), entry.path);
          yield { path: below, source: localSource(entry.path, entry), modified: entry.modified };
        }
      }
    }
  }

  /** `sent`: bytes that the client has stored, or found to be there. */
  private show(sent: number): void {
    this.sent = sent;
    this.meter.add(sent);
    this.progress.follow(() => this.line());
  }

  private line(): ProgressLine {
    const { total } = this;
    const done = this.sent + this.passedBytes;
    // The folder may grow while it is stored.
    const bytes = total && Math.max(total.bytes, done);
    const finished = this.stored + this.passedOver + this.failed;
    return {
      path: this.meter.text(done, bytes),
      index: finished,
      count: total && Math.max(total.files, finished),
      fraction: bytes === undefined ? 0 : bytes === 0 ? 1 : done / bytes,
    };
  }

  private isThere(entry: LocalEntry, existing: Present | undefined): boolean {
    if (existing === undefined || existing.isDirectory) return false;
    if (this.skipsExisting) return true;
    return existing.size === entry.size && isSameTime(existing.modified.getTime(), Math.floor(entry.modified.getTime()));
  }

  /** What a directory of the account has already. What is damaged counts as missing: it is written anew. */
  private async present(path: string): Promise<Map<string, Present>> {
    const { files, signal } = this.context;
    const found = new Map<string, Present>();
    try {
      for await (const entry of files.list(path, { signal })) {
        if (!entry.isDamaged) found.set(entry.name, { isDirectory: entry.isDirectory, size: entry.size, modified: entry.modified });
      }
    } catch (error) {
      this.problem(path, error);
    }
    return found;
  }

  private skipped(local: string, path: string): void {
    this.passedOver++;
    const { output } = this.context;
    this.progress.clear();
    if (output.isJson || this.skipsExisting) output.done(`Skipping ${printableName(local)}`, { event: 'passed-over', local, path });
  }

  private problem(path: string, error: unknown): void {
    this.progress.clear();
    this.context.output.problem(path, error);
  }
}

function sizeOf(source: unknown): number {
  return typeof source === 'object' && source !== null && 'size' in source && typeof source.size === 'number' ? source.size : 0;
}
