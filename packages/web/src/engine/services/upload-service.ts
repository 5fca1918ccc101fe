import { ArgumentError, DeniedError, type FileEntry, type FileSystem, PyrgosError, type TreeEntry, type TreeFile } from '@pyrgos/client';
import { isLegalName } from '@pyrgos/core/model';
import type { ConflictAnswer, UploadItem } from '../calls.js';
import { faultOf } from '../engine-fault.js';
import type { CallContext, Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { childOf } from '../paths.js';
import { blameOwner } from './blame-owner.js';
import { withFreeName } from './free-name.js';

/** Bytes from which a file is uploaded alone, with progress of its own; smaller ones travel together. */
const LARGE = 2_000_000;

type FileItem = Extract<UploadItem, { readonly file: File }>;

/** Uploads that the page has asked for. */
export function uploadService(state: Pick<EngineState, 'files' | 'isAtHome' | 'username'>): Pick<Handlers, 'upload.run'> {
  return {
    'upload.run': async ({ directory, items, isInLink }, context) => {
      if (isInLink === state.isAtHome) throw new DeniedError('denied.file', 'The page shows other files by now.');
      await new Upload(state, state.files, directory, context).run(items);
      return undefined;
    },
  };
}

/** One upload: the small files in parts, then the large ones, each alone. */
class Upload {
  /** Files that the person wants beside what is there. */
  private readonly beside: FileItem[] = [];
  /** Names are asked about one after the other: one dialog at a time. */
  private asking: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly state: Pick<EngineState, 'username'>,
    private readonly files: FileSystem,
    private readonly directory: string,
    private readonly context: CallContext<'upload.run'>,
  ) {}

  async run(items: readonly UploadItem[]): Promise<void> {
    const isLarge = (item: UploadItem): item is FileItem => item.file !== undefined && item.file.size >= LARGE;
    const possible = new Set(items.filter(({ path }) => path.every(canBeName)));
    // One name that cannot be would keep all from being stored.
    for (const item of items) if (!possible.has(item)) this.failed(item, new ArgumentError('entry.path', 'cannot be the name of a file'));
    await this.storeTogether([...possible].filter((item) => !isLarge(item)));
    for (const item of [...possible].filter(isLarge)) await this.each(item, async () => this.store(item));
    for (const item of this.beside) await this.each(item, async () => this.storeBeside(item));
  }

  private async storeTogether(items: readonly UploadItem[]): Promise<void> {
    if (items.length === 0) return;
    const { signal } = this.context;
    const itemOf = new Map<TreeEntry, FileItem>();
    const entries = items.map((item): TreeEntry => {
      if (item.file === undefined) return { path: item.path, isDirectory: true };
      const entry: TreeFile = { path: item.path, source: item.file, modified: new Date(item.file.lastModified) };
      itemOf.set(entry, item);
      return entry;
    });
    const told = new Set<FileItem>();
    try {
      const outcomes = this.files.writeTree(this.directory, entries, {
        signal,
        onExisting: async (file, existing) => {
          const item = itemOf.get(file);
          return item === undefined ? 'skip' : this.resolve(item, existing);
        },
        onError: (file, error) => {
          const item = itemOf.get(file);
          if (item !== undefined) this.failed(item, error);
          return 'skip';
        },
      });
      for await (const { file, outcome } of outcomes) {
        const item = itemOf.get(file);
        if (item === undefined) continue;
        told.add(item);
        if (outcome !== 'failed' && !this.beside.includes(item)) this.done(item, outcome);
      }
      for (const item of items) if (item.file === undefined) this.done(item, 'created');
    } catch (error) {
      if (signal.aborted || !(error instanceof PyrgosError)) throw error;
      // What keeps one from being stored (a full account, no connection) keeps the rest from it.
      for (const item of items) if (item.file !== undefined && !told.has(item)) this.failed(item, error);
    }
  }

  private async store(item: FileItem): Promise<void> {
    const { signal, emit } = this.context;
    const { outcome } = await this.files.write(this.pathOf(item), item.file, {
      signal,
      parents: true,
      modified: new Date(item.file.lastModified),
      onExisting: async (existing) => this.resolve(item, existing),
      onProgress: ({ done }) => {
        emit({ kind: 'progress', id: item.id, done });
      },
    });
    if (!this.beside.includes(item)) this.done(item, outcome);
  }

  private async storeBeside(item: FileItem): Promise<void> {
    const { signal, emit } = this.context;
    const folder = item.path.slice(0, -1).reduce(childOf, this.directory);
    const stored = await withFreeName(item.path.at(-1) ?? '', async (name) => {
      await this.files.write(childOf(folder, name), item.file, {
        signal,
        modified: new Date(item.file.lastModified),
        onExisting: 'error',
        onProgress: ({ done }) => {
          emit({ kind: 'progress', id: item.id, done });
        },
      });
    });
    this.done(item, 'created', stored);
  }

  /** Asks the person at the page; one question at a time. */
  private async resolve(item: FileItem, existing: FileEntry): Promise<'replace' | 'skip'> {
    const asked = this.asking.then(async () =>
      this.context.ask({
        id: item.id,
        path: existing.path,
        existing: { size: existing.size, modified: existing.modified.getTime() },
        incoming: { size: item.file.size, modified: item.file.lastModified },
      }),
    );
    this.asking = asked;
    const answer: ConflictAnswer = (await asked) ?? 'skip';
    if (answer === 'keep-both') this.beside.push(item);
    return answer === 'replace' ? 'replace' : 'skip';
  }

  /** What goes wrong with one item is told; only a cancelled upload ends. */
  private async each(item: FileItem, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.context.signal.aborted) throw error;
      this.failed(item, error);
    }
  }

  private done({ id }: UploadItem, outcome: string, name?: string): void {
    const known = outcome === 'unchanged' || outcome === 'skipped' ? outcome : 'stored';
    this.context.emit({ kind: 'done', id, outcome: known, name });
  }

  private failed({ id }: UploadItem, error: unknown): void {
    this.context.emit({ kind: 'failed', id, fault: blameOwner(this.state, this.directory, faultOf(error)) });
  }

  private pathOf({ path }: UploadItem): string {
    return path.reduce(childOf, this.directory);
  }
}

/** Whether a file may be stored under this name: not `..`, nothing with a slash, nothing that is too long; and no disk takes NUL. */
function canBeName(name: string): boolean {
  return isLegalName(name) && !name.includes('\0');
}
