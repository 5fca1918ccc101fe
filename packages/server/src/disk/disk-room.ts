import { statfs } from 'node:fs/promises';
import { PyrgosError } from '@pyrgos/core/errors';
import {
  BLOCK_OVERHEAD_ON_DISK,
  DISK_RESERVE,
  DISK_RESERVE_SHARE,
  FREE_DISK_MEMORY_MILLISECONDS,
  JOURNALED_BLOCK_SIZE,
  SMALL_UPLOAD_FREE_DISK,
  SMALL_UPLOAD_FREE_SHARE,
  UPLOAD_FREE_DISK,
  UPLOAD_FREE_FILES,
  UPLOAD_FREE_FILES_SHARE,
  UPLOAD_FREE_SHARE,
} from '../limits.js';

/** How large a disk is and how much of it this account may still fill, in bytes. */
export interface DiskSpace {
  readonly free: number;
  readonly total: number;
  /** How many files it can hold, and how many of them are still possible. Absent when it knows no such limit. */
  readonly files?: { readonly free: number; readonly total: number };
}

/** What must stay free on a disk of a size, in bytes. */
export interface DiskFloors {
  /** For uploads. */
  readonly upload: number;
  /** For small ones, such as those of deletions. */
  readonly smallUpload: number;
  /** The size of the reserve. */
  readonly reserve: number;
  /** Whether the disk is so small that these are shares of it. */
  readonly isSmallDisk: boolean;
}

/** What must stay free on a disk of `total` bytes. */
export function diskFloors(total: number): DiskFloors {
  const share = (bytes: number, part: number): number => Math.min(bytes, Math.floor(total / part));
  const upload = share(UPLOAD_FREE_DISK, UPLOAD_FREE_SHARE);
  return {
    upload,
    smallUpload: share(SMALL_UPLOAD_FREE_DISK, SMALL_UPLOAD_FREE_SHARE),
    reserve: share(DISK_RESERVE, DISK_RESERVE_SHARE),
    isSmallDisk: upload < UPLOAD_FREE_DISK,
  };
}

/** The space of the disk that holds a path. Errors are those of the system. */
export async function measureDisk(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(path);
  // Some file systems say 0 for what they do not know; where it is true, a write says so.
  return { free: bavail * bsize, total: blocks * bsize, ...(files > 0 && ffree > 0 ? { files: { free: ffree, total: files } } : {}) };
}

/** Whether so few files are still possible, less those that are wanted, that uploads have to stop; small ones at the half of that. */
function isShortOfFiles({ files }: DiskSpace, isSmall: boolean, wanted = 0): boolean {
  if (files === undefined) return false;
  const floor = Math.min(UPLOAD_FREE_FILES, Math.floor(files.total / UPLOAD_FREE_FILES_SHARE));
  return files.free - wanted < (isSmall ? floor / 2 : floor);
}

/** What blocks take on a disk while they are being stored, in bytes: small ones are written twice, once into the journal. */
export function sizeOnDisk(blocks: readonly Uint8Array[]): number {
  return blocks.reduce((sum, { length }) => sum + length * (length <= JOURNALED_BLOCK_SIZE ? 2 : 1) + BLOCK_OVERHEAD_ON_DISK, 0);
}

/** What uploads take of a disk. */
interface Booked {
  readonly bytes: number;
  readonly files: number;
}

const nothing: Booked = { bytes: 0, files: 0 };

function plus(a: Booked, b: Booked): Booked {
  return { bytes: a.bytes + b.bytes, files: a.files + b.files };
}

function minus(a: Booked, b: Booked): Booked {
  return { bytes: a.bytes - b.bytes, files: a.files - b.files };
}

/** What {@link DiskRoom} needs. */
export interface DiskRoomOptions {
  readonly measure: () => Promise<DiskSpace>;
  /** Milliseconds, monotonic. Default: the clock of the process. */
  readonly monotonic?: () => number;
}

/**
 * Keeps uploads from taking the room that the server needs for its own work: a disk that is full to the last byte cannot even be cleared up, since
 * deletions are written down, too.
 *
 * The free space is measured, remembered for a moment, and reduced by what is admitted meanwhile; uploads that are under way while it is measured
 * count as if nothing of them were written yet. So uploads at the same time cannot take more than there is.
 */
export class DiskRoom {
  private readonly monotonic: () => number;
  private known: (DiskSpace & { readonly time: number }) | undefined;
  private measuring: Promise<DiskSpace> | undefined;
  /** Of the uploads that go on. */
  private underWay = nothing;
  /** Of all uploads so far. */
  private admitted = nothing;
  /** What may have gone from the free space since it was measured. */
  private taken = nothing;
  /** The most that an upload wanted that was refused and would be refused again. */
  private refused = 0;
  private listener: (() => void) | undefined;

  constructor(private readonly options: DiskRoomOptions) {
    this.monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Whether less was free at the last look than uploads need, those included that were refused and would be again. */
  get isLow(): boolean {
    return (
      this.known !== undefined &&
      (this.known.free < diskFloors(this.known.total).upload + this.refused || isShortOfFiles(this.known, false))
    );
  }

  /** What is free now. Errors are those of the system. */
  async look(): Promise<DiskSpace> {
    this.measuring ??= this.measure().finally(() => {
      this.measuring = undefined;
    });
    return this.measuring;
  }

  /** From now on `listener` is called after each refusal. */
  onRefused(listener: () => void): void {
    this.listener = listener;
  }

  /**
   * Books the bytes of an upload, as {@link sizeOnDisk} counts them, and its files, one for each block, until the returned function is called. `isSmall`: it
   * may use room that is kept free from others. PyrgosError `storage` when there is no room.
   */
  async book(bytes: number, isSmall: boolean, files = 0): Promise<() => void> {
    const upload: Booked = { bytes, files };
    if (!this.isFresh() || !this.fits(upload, isSmall)) await this.lookIfPossible();
    if (!this.fits(upload, isSmall)) {
      if (!isSmall) this.refused = Math.max(this.refused, bytes);
      this.listener?.();
      // Small changes, of which deletions are some, find room long after uploads do not: when even they do not, no user can help.
      const advice = isSmall
        ? 'the change was refused. Only who runs the server can make room now.'
        : 'the upload was refused. Deleting something makes room.';
      throw new PyrgosError('storage', `The disk of this server is full: ${advice}`, {
        data: { system: 'ENOSPC' },
        retry: 'safe',
      });
    }
    this.underWay = plus(this.underWay, upload);
    this.admitted = plus(this.admitted, upload);
    this.taken = plus(this.taken, upload);
    let isOver = false;
    return () => {
      if (!isOver) this.underWay = minus(this.underWay, upload);
      isOver = true;
    };
  }

  private isFresh(): boolean {
    return this.known !== undefined && this.monotonic() - this.known.time < FREE_DISK_MEMORY_MILLISECONDS;
  }

  private fits(wanted: Booked, isSmall: boolean): boolean {
    if (this.known === undefined) return true;
    const { bytes, files } = plus(this.taken, wanted);
    if (isShortOfFiles(this.known, isSmall, files)) return false;
    const { smallUpload, upload } = diskFloors(this.known.total);
    return this.known.free - bytes >= (isSmall ? smallUpload : upload);
  }

  /** Where the system does not tell, only a failing write does. */
  private async lookIfPossible(): Promise<void> {
    try {
      await this.look();
    } catch {
      this.known = undefined;
    }
  }

  private async measure(): Promise<DiskSpace> {
    const { admitted, underWay } = this;
    const time = this.monotonic();
    const space = await this.options.measure();
    this.known = { ...space, time };
    this.taken = plus(underWay, minus(this.admitted, admitted));
    if (space.free >= diskFloors(space.total).upload + this.refused) this.refused = 0;
    return space;
  }
}
