import { FormatError, LimitError, NotFoundError } from '@pyrgos/core/errors';
import { MAX_SOCIAL_FILE_SIZE } from '@pyrgos/core/limits';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { appendContent, uploadFile } from '../files/content/index.js';
import { getOrMakeDirectories, refresh } from '../files/structure/index.js';
import { FileReader, findChild, isDamage, type Item, type OperationView, type View } from '../files/view/index.js';
import type { OwnSpace } from './own-space.js';

/** What files of this layer are said to be; other clients give them the same type. */
const MIME_TYPE = 'application/octet-stream';

/** All bytes of a file. LimitError beyond `limit`. */
export async function readAll(view: View, file: Item, limit: number = MAX_SOCIAL_FILE_SIZE): Promise<Uint8Array> {
  const reader = new FileReader(view, file.requireFile());
  if (reader.size > limit) throw new LimitError('social file', reader.size, limit);
  return reader.read(0, reader.size);
}

/**
 * The child with this name in a directory as the view has it now: an operation may have added it since the directory was read, and what it does not see it
 * would overwrite.
 */
async function childIn(view: View, directory: Item, name: string): Promise<Item | undefined> {
  return findChild(view, await refresh(view, directory), name);
}

/** The bytes of the file with this name in a directory, or undefined when there is none. Errors of {@link readAll}. */
export async function readFileIn(view: View, directory: Item, name: string, limit?: number): Promise<Uint8Array | undefined> {
  const file = await childIn(view, directory, name);
  return file === undefined ? undefined : readAll(view, file, limit);
}

/** The child directory with this name, or undefined. FormatError when a file has the name. */
export async function directoryIn(view: View, parent: Item, name: string): Promise<Item | undefined> {
  return (await childIn(view, parent, name))?.requireDirectory();
}

/** The directory at names below another one, or undefined. */
export async function directoryAt(view: View, base: Item, names: readonly string[]): Promise<Item | undefined> {
  let directory: Item | undefined = base;
  for (const name of names) {
    if (directory === undefined) return undefined;
    directory = await directoryIn(view, directory, name);
  }
  return directory;
}

/** The directory at names below another one; what is missing of it is made, hidden or not, and committed. */
export async function makeDirectoryAt(
  operation: OperationView,
  space: OwnSpace,
  base: Item,
  names: readonly string[],
  { isHidden }: { readonly isHidden: boolean },
): Promise<Item> {
  return getOrMakeDirectories(operation, base, names, { ...space.directoryOptions, isHidden });
}

/**
 * Makes `bytes` the whole content of a file in a directory, which keeps its capability, and commits that. LimitError for more than one chunk,
 * 5 MiB: those could not be part of a larger commit.
 */
export async function writeFileIn(
  operation: OperationView,
  space: OwnSpace,
  directory: Item,
  name: string,
  bytes: Uint8Array,
  { isHidden = false, mimeType = MIME_TYPE }: { readonly isHidden?: boolean; readonly mimeType?: string } = {},
): Promise<Item> {
  if (bytes.length > CHUNK_SIZE) throw new LimitError('bytes of a social file', bytes.length, CHUNK_SIZE);
  const { item } = await uploadFile(operation, space.ports, directory, name, bytes, {
    isHidden,
    mimeType,
    onExisting: 'replace',
    // What another program has left in the place of the content must not stay there for a hash that it claims.
    trustsHash: false,
  });
  return item;
}

/** Appends `bytes` to a file in a directory, which is made when there is none, and commits that. */
export async function appendToFileIn(
  operation: OperationView,
  space: OwnSpace,
  directory: Item,
  name: string,
  bytes: Uint8Array,
  { isHidden = false }: { readonly isHidden?: boolean } = {},
): Promise<Item> {
  const file = await childIn(operation, directory, name);
  if (file === undefined) return writeFileIn(operation, space, directory, name, bytes, { isHidden });
  if (file.isDirectory) throw new FormatError('format.social', name, 'is a directory');
  return appendContent(operation, space.ports, file, bytes);
}

/** The result; undefined for what is damaged or gone. */
export async function unlessDamaged<T>(compute: () => Promise<T>): Promise<T | undefined> {
  try {
    return await compute();
  } catch (error) {
    if (error instanceof NotFoundError || isDamage(error)) return undefined;
    throw error;
  }
}
