import type { PyrgosError } from '@pyrgos/core/errors';
import { type FileType, fileTypeOf, type Thumbnail, type Timestamp } from '@pyrgos/core/model';
import { type DanglingEntry, Item, ItemFacts } from './view/index.js';

/** The path of the root. */
const ROOT = '/';

/**
 * A file or directory as it was when it was looked at. Immutable; take a new one to see changes. Its texts come from whoever wrote the
 * file: show them as text, never as markup. All that it says are properties of its own: a copy, by spreading or `structuredClone`, has them, too.
 */
export class FileEntry {
  /** Tells it from a {@link DamagedEntry}. */
  readonly isDamaged = false;
  /** The name by which its directory lists it; empty for the root. */
  readonly name: string;
  readonly kind: 'file' | 'directory';
  /** Whether it is a directory; else it is a file. */
  readonly isDirectory: boolean;
  /** What kind of thing it is, in a word (chapter 04 section 6). */
  readonly type: FileType;
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Empty for a directory. */
  readonly mimeType: string;
  readonly modified: Date;
  readonly created: Date;
  /** Only a wish of who made it: user interfaces do not show it unless asked. */
  readonly isHidden: boolean;
  readonly isWritable: boolean;
  /**
   * Whether its content can be read; not so a directory of somebody else of which only something below is shared: what is shared of it
   * can be listed all the same.
   */
  readonly isReadable: boolean;
  /** The user whose file it is; empty for the root. */
  readonly owner: string;
  /**
   * Another text whenever content, name, place, keys or another property of the file has changed, equal on all devices and in all sessions: what
   * `ifVersion` of a change expects. Opaque; it may also differ although nothing that anybody sees has changed. That of a directory
   * tells its own properties, not what is in it.
   */
  readonly version: string;
  /** A small picture of the content, if whoever wrote it made one. Untrusted: decode it as an image only. */
  readonly thumbnail: Thumbnail | undefined;

  constructor(
    /** From the root, `/username/…`. */
    readonly path: string,
    item: Item | ItemFacts,
    name: string = item.name,
  ) {
    const facts = item instanceof ItemFacts ? item : ItemFacts.of(item);
    this.name = name;
    this.kind = facts.isDirectory ? 'directory' : 'file';
    this.size = facts.isDirectory ? 0 : facts.size;
    this.isDirectory = facts.isDirectory;
    this.mimeType = facts.mimeType;
    this.type = fileTypeOf({ isDirectory: facts.isDirectory, mimeType: facts.mimeType });
    this.modified = dateOf(facts.modified);
    this.created = dateOf(facts.created);
    this.isHidden = facts.isHidden;
    this.isWritable = facts.isWritable && path !== ROOT;
    this.isReadable = !(item instanceof Item) || item.isReadable;
    this.owner = path.split('/', 2)[1] ?? '';
    this.version = facts.version;
    this.thumbnail = facts.thumbnail;
  }

  /**
   * The root, which holds the home directory and those of others who share something: a directory without a name, which nobody can change. Its times are
   * those of the home directory.
   */
  static root(home: Item): FileEntry {
    return FileEntry.above(ROOT, home);
  }

  /** A directory above the place where a tree begins: all that is known of it is its path. Its times are those of the item at that place. */
  static above(path: string, item: Item): FileEntry {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return new FileEntry(path, ItemFacts.above(item, name), name);
  }

  /** What `JSON.stringify` makes of it: everything but the bytes of the thumbnail. */
  toJSON(): Omit<FileEntry, 'thumbnail' | 'toJSON'> {
    const { thumbnail: _, ...facts } = this;
    return facts;
  }
}

/** An element of a directory that cannot be opened: deleted, revoked or damaged. Its siblings are not affected. */
export class DamagedEntry {
  /** Tells it from a {@link FileEntry}. */
  readonly isDamaged = true;
  /** The listed name, where there is one. */
  readonly name: string | undefined;
  /**
   * What the list says that its name is, where nothing can have such a name: whatever somebody has put there, to be shown to people and to be used for nothing
   * else. Undefined where `name` is not.
   */
  readonly claimedName: string | undefined;
  /** What is wrong. */
  readonly error: PyrgosError;

  constructor(
    /** Of the directory that lists it. */
    readonly directory: string,
    { name, claimedName, error }: Pick<DanglingEntry, 'name' | 'error'> & { readonly claimedName?: string | undefined },
  ) {
    this.name = name;
    this.claimedName = claimedName;
    this.error = error;
  }
}

/** A path for people of what is damaged: that of its directory, and a name where there is any. Nothing need be found there. */
export function pathOfDamaged({ directory, name, claimedName }: DamagedEntry): string {
  return `${directory === ROOT ? '' : directory}/${name ?? claimedName ?? '?'}`;
}

/** The farthest a Date goes from 1970, in milliseconds. */
const MAX_DATE = 8_640_000_000_000_000;

/** A stored time as a Date; one that no Date can show, which somebody else may have stored, is the first or last that there is. */
export function dateOf(time: Timestamp): Date {
  return new Date(Math.min(Math.max(time.toMilliseconds(), -MAX_DATE), MAX_DATE));
}
