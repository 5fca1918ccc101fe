import { assertInstance, assertString } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { ArgumentError } from '../errors.js';
import { isLegalName } from '../model/cryptree/file-name.js';
import { MAX_CHAT_MEDIA_DEPTH } from '../limits.js';
import { FileRef } from '../social/file-ref.js';
import { isFriendName } from '../social/social-fields.js';

/** Where a copy of a file that a message shows belongs. */
export interface MirrorPlace {
  /** Whose file it is, as the message claims. */
  readonly owner: string;
  /** Names of the folders below `shared/media`, and of the file. */
  readonly names: readonly string[];
}

/**
 * Where the file of a message of this chat belongs below everybody's `shared/media` (chapter 07 section 8.2); undefined when its path does not lead to the media of this chat
 * in the space of a user, in which case it is not copied.
 */
export function mirrorPlace(ref: FileRef, chatId: string): MirrorPlace | undefined {
  assertInstance('ref', ref, FileRef);
  assertString('chatId', chatId);
  const [owner, messaging, id, shared, media, ...names] = (ref.path.startsWith('/') ? ref.path.slice(1) : ref.path).split('/');
  if (!isFriendName(owner) || messaging !== '.messaging' || id !== chatId || shared !== 'shared' || media !== 'media') return undefined;
  if (names.length === 0 || names.length > MAX_CHAT_MEDIA_DEPTH || !names.every(isLegalName)) return undefined;
  return { owner, names };
}

/** The names of the folder below `shared/media` for files that are attached at a time: year and month in UTC, without zeros (section 3.2). Unix time in milliseconds. */
export function mediaFolder(time: number): readonly [year: string, month: string] {
  assertInteger('time', time, 0, 8_640_000_000_000_000);
  const date = new Date(time);
  return [String(date.getUTCFullYear()), String(date.getUTCMonth() + 1)];
}

/** The name of an attached file: the UUID and what comes after the last dot of the original name (section 8.1). */
export function mediaFileName(uuid: string, originalName: string): string {
  assertString('uuid', uuid);
  assertString('originalName', originalName);
  const dot = originalName.lastIndexOf('.');
  const name = `${uuid}.${dot < 0 ? '' : originalName.slice(dot + 1)}`;
  if (!isLegalName(name)) throw new ArgumentError('originalName', 'has an end that no file name may have');
  return name;
}
