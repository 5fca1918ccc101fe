import { childOf } from '../paths.js';

/** The name of the trash in a home directory. */
export const TRASH_NAME = '.trash';

/** Characters of the longest name that {@link formatTrashFolder} gives. */
export const LONGEST_TRASH_FOLDER = 34;

/** The most names that two of the same origin and moment get. */
const MAX_TWINS = 10_000;

/**
 * Where the trash keeps what was deleted at one moment from one directory: `.trash/<moment>_<depth>/<names of the directory below home>/`. There the
 * items lie under their own names, so that any client shows what they are and where they were, and nothing else needs to be stored. `depth` is the number
 * of names, which tells the directory from what was deleted in it.
 */
export interface TrashPlace {
  /** Milliseconds since 1970. */
  readonly deleted: number;
  /** The names from the home directory down to the directory of the items. */
  readonly origin: readonly string[];
}

/** The first folder of a place, in the trash; `twin` tells apart those of one moment. */
export function formatTrashFolder({ deleted, origin }: TrashPlace, twin = 0): string {
  const moment = new Date(deleted).toISOString().replaceAll(':', '-');
  return `${moment}${twin === 0 ? '' : `-${twin % MAX_TWINS}`}_${origin.length}`;
}

/** What the name of a folder in the trash says; undefined for one that is not ours. */
export function parseTrashFolder(name: string): { readonly deleted: number; readonly depth: number } | undefined {
  const match = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)(?:-\d{1,4})?_(\d{1,4})$/u.exec(name);
  if (match === null) return undefined;
  const [, day = '', hours = '', minutes = '', seconds = '', depth = ''] = match;
  const deleted = Date.parse(`${day}${hours}:${minutes}:${seconds}`);
  return Number.isNaN(deleted) ? undefined : { deleted, depth: Number(depth) };
}

/** The path of a place in the trash of a home directory. */
export function trashPath(home: string, folder: string, origin: readonly string[]): string {
  return [TRASH_NAME, folder, ...origin].reduce(childOf, home);
}
