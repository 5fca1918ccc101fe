import { randomId } from '../../streams/random-id.js';
import type { TreeId } from '../../app/shown-tree.js';
import type { UploadItem } from '../../engine/calls.js';

/** Something that an upload was to store: a file as it was then, or a directory. */
export interface JournalItem {
  /** Below the directory of the upload. */
  readonly path: readonly string[];
  /** Bytes; undefined for a directory. */
  readonly size: number | undefined;
  /** Milliseconds since 1970; 0 for a directory. */
  readonly modified: number;
}

/** An upload that was cut off when its page was closed or loaded again. */
export interface CutOffUpload {
  /** For {@link UploadJournal.forget}. */
  readonly id: string;
  readonly directory: string;
  /** What was not stored, as far as the page came to note it. */
  readonly items: readonly JournalItem[];
}

/** One upload that is noted while it runs. */
export interface NotedUpload {
  /** Takes note that an item needs nothing more. */
  done(item: UploadItem): void;
  /** The upload is over: nothing is left of it to go on with. */
  end(): void;
}

/** The part of the browser's storage that is used here. */
export type JournalStorage = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

const PREFIX = 'pyrgos-upload:';
/** Milliseconds between two notes. */
const INTERVAL = 500;

/**
 * Remembers what uploads have still to do, as long as the tab is open: a page that is loaded again finds it, and asks for the files once more, since no
 * page may keep them. Names and sizes only, in the storage of the tab, like the address in its history; it is emptied when somebody logs out.
 *
 * Each upload has two entries, the list and, because that may be long, apart from it one character for each item that says whether it is done.
 */
export class UploadJournal {
  constructor(private readonly storage: JournalStorage | undefined) {}

  /** Begins to note an upload. Where the browser stores nothing, or not as much, it goes on without. */
  begin(tree: TreeId, directory: string, items: readonly UploadItem[]): NotedUpload {
    const id = randomId();
    const places = new Map(items.map((item, place) => [item.id, place]));
    const done = new Uint8Array(items.length);
    const list: readonly JournalItem[] = items.map(({ path, file }) => ({ path, size: file?.size, modified: file?.lastModified ?? 0 }));
    const isKept = this.put(`${PREFIX}${id}`, JSON.stringify({ tree, directory, items: list }));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const note = (): void => {
      timer = undefined;
      this.put(`${PREFIX}${id}:done`, done.join(''));
    };
    return {
      done: (item) => {
        const place = places.get(item.id);
        if (place === undefined || !isKept) return;
        done[place] = 1;
        timer ??= setTimeout(note, INTERVAL);
      },
      end: () => {
        clearTimeout(timer);
        this.forget(id);
      },
    };
  }

  /** What a page before this one has left undone in a tree. What is no note is ignored. */
  left(tree: TreeId): readonly CutOffUpload[] {
    const { storage } = this;
    if (storage === undefined) return [];
    const found: CutOffUpload[] = [];
    for (const key of this.keys()) {
      if (key.endsWith(':done')) continue;
      const noted = parseNote(storage.getItem(key));
      if (noted?.tree !== tree) continue;
      const done = storage.getItem(`${key}:done`) ?? '';
      const items = noted.items.filter((_, place) => done[place] !== '1');
      if (items.some(({ size }) => size !== undefined)) found.push({ id: key.slice(PREFIX.length), directory: noted.directory, items });
      else this.forget(key.slice(PREFIX.length));
    }
    return found;
  }

  /** Forgets an upload. */
  forget(id: string): void {
    this.storage?.removeItem(`${PREFIX}${id}`);
    this.storage?.removeItem(`${PREFIX}${id}:done`);
  }

  /** Forgets all of them but those of the tree `except`. */
  forgetAll(except?: TreeId): void {
    const kept = except === undefined ? [] : this.left(except).map(({ id }) => `${PREFIX}${id}`);
    for (const key of this.keys()) if (!kept.some((start) => key.startsWith(start))) this.storage?.removeItem(key);
  }

  private keys(): readonly string[] {
    const { storage } = this;
    if (storage === undefined) return [];
    return Array.from({ length: storage.length }, (_, place) => storage.key(place) ?? '').filter((key) => key.startsWith(PREFIX));
  }

  private put(key: string, value: string): boolean {
    try {
      this.storage?.setItem(key, value);
      return this.storage !== undefined;
    } catch {
      // Full, or forbidden.
      this.storage?.removeItem(key);
      return false;
    }
  }
}

/** Those of the items that are among what somebody has chosen now, unchanged; directories always are. */
export function chosenAgain(left: readonly JournalItem[], chosen: readonly UploadItem[], newId: () => number): readonly UploadItem[] {
  const files = new Map(chosen.map((item) => [item.path.join('/'), item]));
  return left.flatMap(({ path, size, modified }): UploadItem[] => {
    if (size === undefined) return [{ id: newId(), path, file: undefined }];
    const item = files.get(path.join('/'));
    return item?.file?.size === size && item.file.lastModified === modified ? [item] : [];
  });
}

function parseNote(
  text: string | null,
): { readonly tree: TreeId; readonly directory: string; readonly items: readonly JournalItem[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { tree, directory, items } = value as Readonly<Record<string, unknown>>;
  if (typeof tree !== 'string' || typeof directory !== 'string' || !Array.isArray(items)) return undefined;
  const list = (items as readonly unknown[]).map(parseItem);
  return list.every((item) => item !== undefined) ? { tree, directory, items: list } : undefined;
}

function parseItem(value: unknown): JournalItem | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { path, size, modified } = value as Readonly<Record<string, unknown>>;
  if (!Array.isArray(path) || typeof modified !== 'number' || (size !== undefined && typeof size !== 'number')) return undefined;
  const names = (path as readonly unknown[]).filter((name) => typeof name === 'string');
  return names.length === path.length ? { path: names, size, modified } : undefined;
}
