import { sizeText } from './entry-text.js';
import { localChildren } from './local-tree.js';
import { isPartName } from './part-files.js';

/** Milliseconds after which a speed says something. */
const SETTLED = 1000;

/** How much there is in a folder of this machine. */
export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

/** Counts what `put -r` stores of a folder. What cannot be looked at counts as nothing; whoever stores it tells. Stops, with what it has, when `signal` fires. */
export async function treeSize(folder: string, signal: AbortSignal): Promise<TreeSize> {
  let files = 0;
  let bytes = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && !signal.aborted; next = waiting.pop()) {
    for await (const { isDirectory, name, path, size } of localChildren(next, () => undefined)) {
      if (signal.aborted) break;
      if (isDirectory) waiting.push(path);
      else if (!isPartName(name)) {
        files++;
        bytes += size;
      }
    }
  }
  return { files, bytes };
}

/**
 * What is said of a transfer beside its bar: `1.2 MiB of 30 MiB, 4.0 MiB/s, 8 s left`. `sent`: bytes that were transferred in `milliseconds`; `done` counts
 * what was there already, too.
 */
export function transferText(done: number, total: number | undefined, sent: number, milliseconds: number): string {
  const amount = total === undefined ? sizeText(done) : `${sizeText(done)} of ${sizeText(total)}`;
  if (sent <= 0 || milliseconds < SETTLED) return amount;
  const perSecond = (sent * 1000) / milliseconds;
  const speed = `${amount}, ${sizeText(Math.round(perSecond))}/s`;
  return total === undefined ? speed : `${speed}, ${timeLeft(Math.max(0, total - done) / perSecond)} left`;
}

function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
