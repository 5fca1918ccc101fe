import { type DamagedEntry, DeniedError, type FileEntry, LimitError } from '@pyrgos/client';
import type { Row } from '../calls.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { childOf, nameOf, ownerOf, parentOf } from '../paths.js';
import { eachItem } from './each-item.js';
import { FolderRights } from './folder-rights.js';
import { withFreeName } from './free-name.js';
import { unreachableRoots } from './unreachable-roots.js';

/** Rows that travel together; the first part is small, so that something is seen soon. */
const FIRST_PART = 60;
const PART = 500;

/** Bytes of a file that are passed to the page as a whole. */
const MAX_WHOLE = 64_000_000;

type Served =
  | 'drive.list'
  | 'drive.stat'
  | 'drive.read'
  | 'drive.write'
  | 'drive.writeBeside'
  | 'drive.makeDirectory'
  | 'drive.makeTextFile'
  | 'drive.rename'
  | 'drive.transfer'
  | 'drive.remove';

/** Looking at what is there, and changing it. */
export function driveService(state: Pick<EngineState, 'session' | 'files' | 'isAtHome'>): Pick<Handlers, Served> {
  const rights = (signal: AbortSignal): FolderRights => new FolderRights(state, signal);
  return {
    'drive.list': async ({ path }, { signal, emit }) => {
      let count = 0;
      let part: Row[] = [];
      const flush = (): void => {
        if (part.length === 0) return;
        count += part.length;
        emit(part);
        part = [];
      };
      const { files } = state;
      // Whoever opens a folder wants to see what other devices have done.
      files.refresh();
      const isWritable = await rights(signal).isWritable(path);
      const roots = new Set<string>();
      for await (const entry of files.list(path, { signal })) {
        part.push(entry.isDamaged ? damagedRow(entry, !isWritable) : rowOf(entry, !isWritable));
        if (path === '/' && entry.name !== undefined) roots.add(entry.name);
        if (part.length >= (count === 0 ? FIRST_PART : PART)) flush();
      }
      if (path === '/' && state.isAtHome) {
        for (const name of await unreachableRoots(state.session, roots, signal)) part.push(damagedRow({ directory: path, name }, true));
      }
      flush();
      return { count, isWritable };
    },

    'drive.stat': async ({ path }, { signal }) => {
      const { files } = state;
      const entry = await files.find(path, { signal });
      return entry === undefined ? undefined : rowOf(entry, await rights(signal).isFixed(path));
    },

    'drive.read': async ({ path }, { signal }) => {
      const reader = await state.files.open(path, { signal });
      if (reader.size > MAX_WHOLE) throw new LimitError('size of a file that is shown', reader.size, MAX_WHOLE);
      return new Uint8Array(await reader.read(0, reader.size, { signal }));
    },

    'drive.write': async ({ path, content, ifVersion }, { signal }) => {
      const { entry } = await state.files.write(path, content, { signal, ...(ifVersion === undefined ? {} : { ifVersion }) });
      return rowOf(entry);
    },

    'drive.writeBeside': async ({ path, content }, { signal }) => {
      const directory = parentOf(path);
      const name = await withFreeName(nameOf(path), async (free) => {
        await state.files.write(childOf(directory, free), content, { signal, onExisting: 'error' });
      });
      return rowOf(await state.files.stat(childOf(directory, name), { signal }));
    },

    'drive.makeDirectory': async ({ directory, name }, { signal }) =>
      rowOf(await state.files.makeDirectory(childOf(directory, name), { signal })),

    'drive.makeTextFile': async ({ directory, name }, { signal }) =>
      rowOf((await state.files.write(childOf(directory, name), '', { onExisting: 'error', signal })).entry),

    'drive.rename': async ({ path, name }, { signal }) => rowOf(await state.files.rename(path, name, { signal })),

    'drive.transfer': async ({ paths, directory, how }, context) => {
      const { files } = state;
      const { signal } = context;
      return eachItem(paths, context, async (path) => {
        if (how === 'copy') await files.copy(path, directory, { signal });
        else if (ownerOf(path) === ownerOf(directory)) await files.move(path, directory, { signal });
        else {
          // Everybody's files have keys of their own: nothing goes from one to the other but as a copy.
          if (await rights(signal).isFixed(path)) throw new DeniedError('denied.file', 'This cannot be deleted where it is.');
          await files.copy(path, directory, { signal });
          await files.remove(path, { signal });
        }
      });
    },

    'drive.remove': async ({ paths }, context) =>
      eachItem(paths, context, async (path) => state.files.remove(path, { signal: context.signal })),
  };
}

/** An entry as the page shows it; `isFixed`: in a directory that the account may not change. */
export function rowOf(entry: FileEntry, isFixed = false): Row {
  const { thumbnail } = entry;
  return {
    name: entry.name,
    path: entry.path,
    kind: entry.kind,
    size: entry.size,
    mimeType: entry.mimeType,
    modified: entry.modified.getTime(),
    created: entry.created.getTime(),
    isHidden: entry.isHidden,
    isWritable: entry.isWritable,
    isReadable: entry.isReadable,
    isFixed,
    version: entry.version,
    thumbnail: thumbnail === undefined ? undefined : { type: thumbnail.mimeType, bytes: new Uint8Array(thumbnail.bytes) },
  };
}

/** An element that cannot be read, as the page shows it. */
export function damagedRow({ directory, name = '' }: Pick<DamagedEntry, 'directory' | 'name'>, isFixed = false): Row {
  return {
    name,
    path: childOf(directory, name),
    kind: 'damaged',
    size: 0,
    mimeType: '',
    modified: 0,
    created: 0,
    isHidden: false,
    isWritable: false,
    isReadable: false,
    isFixed,
    version: '',
    thumbnail: undefined,
  };
}
