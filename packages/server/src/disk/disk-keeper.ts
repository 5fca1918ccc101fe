import { AbortedError, serialiseError } from '@pyrgos/core/errors';
import { FULL_DISK_COLLECTION_MILLISECONDS, FULL_DISK_COLLECTION_SHARE } from '../limits.js';
import type { DiskReserve } from './disk-reserve.js';
import { diskFloors, type DiskRoom, type DiskSpace } from './disk-room.js';

/** Where the keeper reports; a logger like pino is one. */
interface KeeperLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** What {@link DiskKeeper} needs. */
export interface DiskKeeperOptions {
  readonly room: DiskRoom;
  readonly reserve: Pick<DiskReserve, 'make' | 'giveUp'>;
  /** Collects the garbage of all users. */
  readonly collect: () => Promise<unknown>;
  /** Told whether writing should take as little of the disk as it can. */
  readonly spare: (isSparing: boolean) => void;
  readonly logger: KeeperLog;
  /** Milliseconds, monotonic. Default: the clock of the process. */
  readonly monotonic?: () => number;
}

/** Gives the reserve up if less is free than it has; the free space, or undefined where the system does not tell. */
export async function makeRoom({
  logger,
  reserve,
  room,
}: Pick<DiskKeeperOptions, 'logger' | 'reserve' | 'room'>): Promise<DiskSpace | undefined> {
  const space = await look(room);
  if (space === undefined || space.free >= diskFloors(space.total).reserve || !(await reserve.giveUp())) return space;
  logger.warn({ free: space.free }, 'the disk is full: the reserve was given up, so that there is room for the work of the server');
  return look(room);
}

async function look(room: DiskRoom): Promise<DiskSpace | undefined> {
  try {
    return await room.look();
  } catch {
    // Then only a failing write tells.
    return undefined;
  }
}

/**
 * Looks after the disk of the data directory: gives the reserve up when there is no room for the server's own work and makes it again when there is,
 * keeps the log of the database short while room is scarce, and collects garbage, now and then, when uploads find none.
 */
export class DiskKeeper {
  private readonly monotonic: () => number;
  /** Before this time no collection begins. */
  private nextCollection = Number.NEGATIVE_INFINITY;
  private collecting: Promise<void> | undefined;
  private checking: Promise<void> | undefined;
  private wasLow = false;
  private isStopped = false;

  constructor(private readonly options: DiskKeeperOptions) {
    this.monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Looks and does what is necessary; a collection goes on after it. `collects`: whether one may begin. Never fails. */
  async check(collects: boolean): Promise<void> {
    this.checking ??= this.checkNow(collects).finally(() => {
      this.checking = undefined;
    });
    await this.checking;
  }

  /** Resolves when nothing is going on. */
  async idle(): Promise<void> {
    await this.checking;
    await this.collecting;
  }

  /** Begins nothing any more, and resolves when nothing is going on. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.idle();
  }

  private async checkNow(collects: boolean): Promise<void> {
    const { logger, reserve, room, spare } = this.options;
    const space = await makeRoom(this.options);
    if (space === undefined || this.isStopped) return;
    const floors = diskFloors(space.total);
    spare(floors.isSmallDisk || room.isLow);
    const facts = { free: space.free, freeFiles: space.files?.free };
    if (room.isLow && !this.wasLow) logger.warn(facts, 'the disk is nearly full: uploads are refused');
    if (!room.isLow && this.wasLow) logger.info(facts, 'the disk has room again: uploads are taken');
    this.wasLow = room.isLow;
    if (room.isLow && collects) this.collect();
    if (space.free - floors.reserve >= floors.smallUpload) await reserve.make(floors.reserve);
  }

  private collect(): void {
    if (this.collecting !== undefined || this.monotonic() < this.nextCollection) return;
    this.collecting = this.collectNow().finally(() => {
      this.collecting = undefined;
    });
  }

  private async collectNow(): Promise<void> {
    const { collect, logger } = this.options;
    const begin = this.monotonic();
    try {
      await collect();
    } catch (error) {
      if (!(error instanceof AbortedError)) logger.warn({ error: serialiseError(error) }, 'garbage collection failed');
    }
    const end = this.monotonic();
    this.nextCollection = end + Math.max(FULL_DISK_COLLECTION_MILLISECONDS, (end - begin) * FULL_DISK_COLLECTION_SHARE);
    if (!this.isStopped) await this.checkAgain();
  }

  /** What was collected may be room enough. */
  private async checkAgain(): Promise<void> {
    await this.checking;
    await this.check(false);
  }
}
