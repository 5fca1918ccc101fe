import { CborFields, cborMap, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { isDamage, type Item, type View } from '../files/view/index.js';
import { readAll } from '../social/own-files.js';

const MAX_SIZE = 1024;

/** How many messages of the own log the user has seen: a file of Pyrgos that nobody else sees. None where it is missing or damaged. */
export async function readSeen(view: View, file: Item | undefined): Promise<number> {
  if (file === undefined || file.properties.size > MAX_SIZE) return 0;
  try {
    return CborFields.map('format.chat', 'SeenMark', decodeCbor(await readAll(view, file))).integer('s', 0);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 0;
  }
}

/** The bytes of the file, `{"s": number}`. */
export function encodeSeen(seen: number): Uint8Array {
  return encodeCbor(cborMap([['s', seen]]));
}
