import { type DamagedEntry, type FileEntry, type FileSystem, NotFoundError, type Progress } from '@pyrgos/client';
import { MAX_FILE_NAME_LENGTH, MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import type { ItemProblem, TrashedRow } from '../calls.js';
import type { CallContext, Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { childOf, nameOf, parentOf } from '../paths.js';
import { damagedRow, rowOf } from './drive-service.js';
import { eachItem } from './each-item.js';
import { moveUnderFreeName } from './free-name.js';
import { formatTrashFolder, LONGEST_TRASH_FOLDER, parseTrashFolder, TRASH_NAME, trashPath } from './trash-place.js';

/** Milliseconds after which a folder of the trash gets nothing more: what puts many things there takes its time. */
const SETTLED = 3_600_000;

type Served = 'trash.put' | 'trash.list' | 'trash.restore' | 'trash.remove' | 'trash.empty';

/**
 * The trash: a hidden folder of the user's own space ({@link TrashPlace}), into which things are moved. They keep counting as used space until it is
 * emptied.
 */
export function trashService(state: Pick<EngineState, 'session'>, now: () => number = Date.now): Pick<Handlers, Served> {
  return {
    'trash.put': async ({ paths }, context) => {
      const { files } = state.session;
      const deleted = now();
      const trashed: string[] = [];
      /** One folder for each directory that something is deleted from; made when it is needed first. */
      const folders = new Map<string, Promise<string>>();
      const folderFor = async (directory: string): Promise<string> => {
        const known = folders.get(directory);
        if (known !== undefined) return known;
        const made = makeFolder(files, directory, deleted, folders.size);
        folders.set(directory, made);
        return made;
      };
      const problems = await eachItem(paths, context, async (path) => {
        const folder = await folderFor(parentOf(path));
        await files.move(path, folder, { signal: context.signal });
        trashed.push(childOf(folder, nameOf(path)));
      });
      return { trashed, problems };
    },

    'trash.list': async (_, { signal }) => listTrash(state.session.files, signal),

    'trash.restore': async ({ paths }, context) => {
      const { files } = state.session;
      return eachItem(paths, context, async (path) => {
        const origin = originOf(files, path);
        if (origin === undefined) throw new Error('this path is not in the trash');
        // Of what another tab or device has deleted for good, its folder is not to come back.
        if ((await files.find(path, { signal: context.signal })) === undefined) {
          throw new NotFoundError('not-found.file', 'It is not in the trash any more.', { path });
        }
        await files.makeDirectory(origin, { parents: true, signal: context.signal });
        await moveUnderFreeName(files, path, origin, context.signal);
        await removeIfEmpty(files, parentOf(path), context.signal);
      });
    },

    'trash.remove': async ({ paths }, context) => {
      const { files } = state.session;
      return eachItem(paths, context, async (path) => {
        if (!path.startsWith(`${childOf(files.homePath, TRASH_NAME)}/`)) throw new Error('this path is not in the trash');
        await files.remove(path, { signal: context.signal });
        await removeIfEmpty(files, parentOf(path), context.signal);
      });
    },

    'trash.empty': async ({ paths }, context) => {
      const { files } = state.session;
      files.refresh();
      return emptyTrash(files, paths, now(), context);
    },
  };
}

/**
 * Deletes what is named, and nothing that another device has put beside it meanwhile. Several at once where that is safe: a folder of the trash as a whole,
 * when nothing else is in it and nobody puts things there any more; otherwise those of one directory.
 */
async function emptyTrash(
  files: FileSystem,
  paths: readonly string[],
  now: number,
  context: CallContext<'trash.empty'>,
): Promise<readonly ItemProblem[]> {
  const { signal } = context;
  const trash = childOf(files.homePath, TRASH_NAME);
  const chosen = new Set(paths.filter((path) => path.startsWith(`${trash}/`)));
  const folderOf = (path: string): string => namesBelow(trash, path)?.[0] ?? '';
  const others = new Set((await listTrash(files, signal)).filter(({ path }) => !chosen.has(path)).map(({ path }) => folderOf(path)));
  const isSettled = (folder: string): boolean => {
    const place = parseTrashFolder(folder);
    return place === undefined || now - place.deleted > SETTLED;
  };
  const whole = new Set<string>();
  const byDirectory = new Map<string, string[]>();
  for (const path of chosen) {
    const folder = folderOf(path);
    if (!others.has(folder) && isSettled(folder)) whole.add(folder);
    else byDirectory.set(parentOf(path), [...(byDirectory.get(parentOf(path)) ?? []), nameOf(path)]);
  }
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ...(whole.size === 0 ? [] : [[trash, [...whole]] as const]),
    ...byDirectory,
  ];
  const namesIn = new Map(groups);
  // Of the one big step people want to see how far it is.
  const onProgress =
    namesIn.size > 1
      ? undefined
      : ({ done, total = done }: Progress): void => {
          context.emit({ done, total });
        };
  const failed = await eachItem([...namesIn.keys()], context, async (directory) => {
    await unlessGone(async () => files.removeAll(directory, namesIn.get(directory) ?? [], { signal, onProgress }));
    if (directory !== trash) await removeIfEmpty(files, directory, signal);
  });
  return failed.flatMap(({ path, fault }) => (namesIn.get(path) ?? []).map((name) => ({ path: childOf(path, name), fault })));
}

async function makeFolder(files: FileSystem, directory: string, deleted: number, twin: number): Promise<string> {
  const trash = childOf(files.homePath, TRASH_NAME);
  const origin = fittingOrigin(trash, namesBelow(files.homePath, directory) ?? []);
  if ((await files.find(trash)) === undefined) await files.makeDirectory(trash, { parents: true, isHidden: true });
  const place = trashPath(files.homePath, formatTrashFolder({ deleted, origin }, twin), origin);
  await files.makeDirectory(place, { parents: true });
  return place;
}

/** As much of an origin, from its beginning, as leaves a path for whatever was in it: things from far down come back to a directory above theirs. */
function fittingOrigin(trash: string, origin: readonly string[]): readonly string[] {
  let room = MAX_PATH_LENGTH - trash.length - LONGEST_TRASH_FOLDER - MAX_FILE_NAME_LENGTH - 3;
  const end = origin.findIndex((name) => (room -= name.length + 1) < 0);
  return end < 0 ? origin : origin.slice(0, end);
}

/** The names from one directory down to another below it; undefined when it is not below. */
function namesBelow(top: string, path: string): readonly string[] | undefined {
  if (path === top) return [];
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1).split('/') : undefined;
}

/** The directory that something in the trash was in. */
function originOf(files: FileSystem, path: string): string | undefined {
  const [folder = '', ...names] = namesBelow(childOf(files.homePath, TRASH_NAME), path) ?? [];
  const place = parseTrashFolder(folder);
  // Put there by another program.
  if (folder !== '' && names.length === 0) return files.homePath;
  if (place === undefined || names.length <= place.depth) return undefined;
  return names.slice(0, place.depth).reduce(childOf, files.homePath);
}

async function listTrash(files: FileSystem, signal: AbortSignal): Promise<readonly TrashedRow[]> {
  const trash = childOf(files.homePath, TRASH_NAME);
  if ((await files.find(trash, { signal })) === undefined) return [];
  const rows: TrashedRow[] = [];
  for await (const folder of files.list(trash, { signal })) {
    if (folder.isDamaged) {
      if (folder.name !== undefined) rows.push({ ...damagedRow(folder), origin: files.homePath, deleted: 0 });
      continue;
    }
    const place = parseTrashFolder(folder.name);
    if (place === undefined || !folder.isDirectory) {
      // Put there by another program: it has no origin but the home directory.
      rows.push({ ...rowOf(folder), origin: files.homePath, deleted: folder.modified.getTime() });
      continue;
    }
    for (const { entry, origin } of await entriesAt(files, folder.path, place.depth, [], signal)) {
      const row = entry.isDamaged ? damagedRow(entry) : rowOf(entry);
      rows.push({ ...row, origin: origin.reduce(childOf, files.homePath), deleted: place.deleted });
    }
  }
  return rows;
}

/** What lies `depth` directories below a path, and the names on the way. */
async function entriesAt(
  files: FileSystem,
  path: string,
  depth: number,
  way: readonly string[],
  signal: AbortSignal,
): Promise<readonly { readonly entry: FileEntry | DamagedEntry; readonly origin: readonly string[] }[]> {
  const found: { readonly entry: FileEntry | DamagedEntry; readonly origin: readonly string[] }[] = [];
  for await (const entry of files.list(path, { signal })) {
    // What has no name cannot be named to be deleted; it goes with its folder.
    if (entry.isDamaged && entry.name === undefined) continue;
    if (depth === 0 || entry.isDamaged || !entry.isDirectory) found.push({ entry, origin: way });
    else found.push(...(await entriesAt(files, entry.path, depth - 1, [...way, entry.name], signal)));
  }
  return found;
}

/** Takes empty folders of the trash away, from a path up to the trash itself. */
async function removeIfEmpty(files: FileSystem, path: string, signal: AbortSignal): Promise<void> {
  const trash = childOf(files.homePath, TRASH_NAME);
  for (let place = path; place.startsWith(`${trash}/`); place = parentOf(place)) {
    let isEmpty = true;
    await unlessGone(async () => {
      for await (const _ of files.names(place, { signal })) {
        isEmpty = false;
        return;
      }
      await files.remove(place, { signal });
    });
    if (!isEmpty) return;
  }
}

/** Deletes something; that another device was faster is as good. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
