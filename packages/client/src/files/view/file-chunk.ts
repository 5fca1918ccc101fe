import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import type { ChunkLocation, OpenedNode } from '@pyrgos/core/model';
import type { LoadedNode } from './load-nodes.js';

/** A chunk of a file: its node and where that is. */
export interface FileChunk extends LoadedNode {
  readonly index: number;
  readonly location: ChunkLocation;
  readonly opened: OpenedNode;
}

/** What is in the place of a chunk: the chunk, what is wrong with it, or nothing. */
export type FoundChunk = FileChunk | PyrgosError | undefined;

/** The chunk `index` that was found; FormatError when there is none, or what is wrong with it. */
export function requireChunk(index: number, found: FoundChunk): FileChunk {
  if (found === undefined) return missingChunk(index);
  if (found instanceof PyrgosError) throw found;
  return found;
}

/** The error of a chunk that is not what it should be. */
export function damagedChunk(index: number, problem: string): FormatError {
  return new FormatError('format.cryptree', 'file', `chunk ${index} ${problem}`, { data: { chunk: index } });
}

/** Fails because there is no chunk `index` in a file that should have one. */
export function missingChunk(index: number): never {
  throw new FormatError('format.cryptree', 'file', `ends early: chunk ${index} is missing`, { data: { chunk: index } });
}
