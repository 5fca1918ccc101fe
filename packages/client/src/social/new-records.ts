import { AbsoluteCapability } from '@pyrgos/core/model';
import { readRecords, type SharedAccess } from '@pyrgos/core/social';
import { FileReader, findEntry, isDamage, type Item, type View } from '../files/view/index.js';
import { storeFile } from './capability-store.js';

/** Bytes of a stream that are read at a time: some 2,600 capabilities. */
const ROUND_SIZE = 524_288;

/** What was read of one of the files of a sharing directory. */
export interface NewRecords {
  /** Where reading began: the position, or 0 when the file has become shorter than that, so that it is another one. */
  readonly start: number;
  /** Bytes that count as read: up to the last record that is whole. */
  readonly bytes: number;
  readonly capabilities: readonly AbsoluteCapability[];
  /** Whether there is nothing more to be read now. */
  readonly isEnd: boolean;
}

/**
 * The next capabilities of a sharing directory from a position on (chapter 06 sections 8.1 and 9.2), a bounded number of bytes at a time. A file that is missing,
 * damaged, or no file has nothing new. What is only half there is read by a later call.
 */
export async function readNewRecords(view: View, directory: Item, access: SharedAccess, position: number): Promise<NewRecords> {
  const nothing = { start: position, bytes: 0, capabilities: [], isEnd: true };
  try {
    const file = await findEntry(view, directory, storeFile(access));
    if (file === undefined || file.isDangling || file.isDirectory || !file.isReadable) return nothing;
    const reader = new FileReader(view, file);
    if (reader.size === position) return nothing;
    const start = reader.size < position ? 0 : position;
    const bytes = await reader.read(start, Math.min(reader.size, start + ROUND_SIZE));
    const { records, end } = readRecords(bytes, (value) => AbsoluteCapability.fromCbor(value));
    return {
      start,
      bytes: end,
      capabilities: records.map(({ value }) => value),
      // Where nothing could be read, nothing can be read now: it is cut off, or damaged.
      isEnd: end === 0 || start + end >= reader.size,
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return nothing;
  }
}
