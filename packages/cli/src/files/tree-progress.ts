import type { FileSystem } from '@pyrgos/client';
import { formatSize } from '@pyrgos/server/config';
import { localChildren } from './local-tree.js';
import { isPartName } from './part-files.js';
import { walkRemote } from './remote-tree.js';

/** Milliseconds after which a speed says something. */
const SETTLED = 1000;
/** Milliseconds that count for the speed: long enough not to jump, short enough to be true. */
const WINDOW = 8000;

/** How much there is in a folder of this machine, or in a directory of the account. */
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

/** Counts what `get -r` fetches of a directory of the account, as {@link treeSize}. Rejects when `signal` fires. */
export async function remoteTreeSize(files: FileSystem, path: string, signal: AbortSignal): Promise<TreeSize> {
  let count = 0;
  let bytes = 0;
  const onProblem = (): void => signal.throwIfAborted();
  for await (const { isDirectory, size } of walkRemote(files, path, { signal, onProblem })) {
    if (isDirectory) continue;
    count++;
    bytes += size;
  }
  return { files: count, bytes };
}

/** Measures how fast a transfer has been lately, and says so beside its bar. */
export class TransferMeter {
  private samples: { readonly at: number; readonly bytes: number }[] = [];

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Tells how many bytes were transferred in all; the first time when it begins. */
  add(bytes: number): void {
    const at = this.now();
    if (bytes === this.samples.at(-1)?.bytes) return;
    this.samples.push({ at, bytes });
    // One from before the window stays: the speed is measured from there.
    while (this.samples.length > 2 && (this.samples[1]?.at ?? at) < at - WINDOW) this.samples.shift();
  }

  /**
   * What is said of the transfer: `1.2 MB of 30 MB, 4 MB/s, 8 s left`, and when nothing has come for a while `1.2 MB of 30 MB, waiting for the server (12 s)`. `done` counts what
   * was there already, too.
   */
  text(done: number, total: number | undefined): string {
    const now = this.now();
    const amount = total === undefined ? formatSize(done) : `${formatSize(done)} of ${formatSize(total)}`;
    const last = this.samples.at(-1);
    if (last === undefined || (total !== undefined && done >= total)) return amount;
    if (now - last.at >= WINDOW) return `${amount}, waiting for the server (${timeText(Math.floor((now - last.at) / 1000))})`;
    const first = this.samples.findLast(({ at }) => at <= now - WINDOW) ?? this.samples[0] ?? last;
    const bytes = last.bytes - first.bytes;
    if (bytes <= 0 || now - first.at < SETTLED) return amount;
    // Up to now, not to the last piece: it falls while nothing comes.
    const perSecond = (bytes * 1000) / (now - first.at);
    const speed = `${amount}, ${formatSize(Math.round(perSecond))}/s`;
    return total === undefined ? speed : `${speed}, ${timeText(Math.ceil(Math.max(0, total - done) / perSecond))} left`;
  }
}

/** Columns of a line of progress for what follows the number. */
const ROOM = 46;
/** Fewer columns of a name than this say nothing. */
const SHORTEST_NAME = 8;

/** What a line of progress says of one file: its path, or the end of that, as far as there is room beside how far it is. */
export function aboutFile(path: string, text: string): string {
  const room = ROOM - text.length - 1;
  if (path.length <= room) return `${path} ${text}`;
  return room < SHORTEST_NAME ? text : `…${path.slice(1 - room)} ${text}`;
}

function timeText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
