import { AbortedError, PyrgosError } from '@pyrgos/core/errors';
import type { ContentPorts } from './content-ports.js';

/** Content up to this size is not worth the two questions: the server refuses it at its first request. */
export const UNASKED_SIZE = 1_048_576;

/** Bytes of the node of a file without its content, at least. */
const NODE_SIZE = 512;
/** Contents are padded to multiples of this, but for this many bytes of a head. */
const PADDING_BLOCK = 4096;
const PADDING_ALLOWANCE = 64;

/** Bytes that an account stores and may store. */
interface Room {
  readonly used: number;
  readonly quota: number;
}

/**
 * PyrgosError `quota`, with `used`, `quota` and `size` in its data, for `size` bytes more content that cannot fit into the account: before anything of it is sent, which
 * would count against what the account may upload in a day (chapter 02 section 20.2). When the server does not say, the upload shows.
 */
export async function assertRoom(ports: ContentPorts, size: number, signal: AbortSignal | undefined): Promise<void> {
  if (size <= UNASKED_SIZE) return;
  const room = await roomOf(ports, signal);
  if (room !== undefined) assertFits(room, size);
}

/**
 * {@link assertRoom} for chunks of which nobody knows how many will come: the first one that cannot fit is not given out.
 */
export function withinRoom<C extends { readonly index: number; readonly data: Uint8Array }>(
  ports: ContentPorts,
  chunks: (signal: AbortSignal) => AsyncIterable<C>,
): (signal: AbortSignal) => AsyncIterable<C> {
  return async function* (signal) {
    let room: Room | undefined;
    let growth = 0;
    for await (const chunk of chunks(signal)) {
      const before = growth;
      growth += chunk.data.length;
      if (before <= UNASKED_SIZE && growth > UNASKED_SIZE) room = await roomOf(ports, signal);
      if (room !== undefined) assertFits(room, growth);
      yield chunk;
    }
  };
}

/**
 * {@link assertRoom} for a copy. `measure` adds up what is copied, until that is more than `limit`; it is left out when what is copied is a part of the account,
 * and all of the account would fit once more.
 */
export async function assertRoomForCopy(
  ports: Pick<ContentPorts, 'space'>,
  measure: (limit: number) => Promise<number>,
  isOwn: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const room = await roomOf(ports, signal);
  if (room === undefined || (isOwn && 2 * room.used <= room.quota)) return;
  assertFits(room, await measure(room.quota - room.used), 'the copy');
}

/** {@link assertRoom} for a tree: `all` bytes at most; `measure` finds out how much of that is missing, and is asked only when not all fit. */
export async function assertRoomForTree(
  ports: Pick<ContentPorts, 'space'>,
  all: number,
  measure: () => Promise<number>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (all <= UNASKED_SIZE) return;
  const room = await roomOf(ports, signal);
  if (room === undefined || room.used + all <= room.quota) return;
  assertFits(room, await measure(), 'these files');
}

/**
 * The room for the many small files of a call, which are checked some at a time: {@link assertRoom} before any of them is sent. Asks once, and again when what is
 * left is not enough.
 */
export class RoomForMany {
  private room: Room | undefined;
  /** Bytes since it was asked for. */
  private since = 0;
  private isUnknown = false;

  constructor(private readonly ports: ContentPorts) {}

  /** Requires room for new files of some sizes. */
  async require(sizes: readonly number[], signal: AbortSignal | undefined): Promise<void> {
    const bytes = sizes.reduce((sum, size) => sum + storedSize(size), 0);
    if (this.isUnknown || bytes === 0) return;
    const isLittle = this.room === undefined && this.since + bytes <= UNASKED_SIZE;
    const fits = this.room !== undefined && this.room.used + this.since + bytes <= this.room.quota;
    if (!isLittle && !fits) {
      this.room = await roomOf(this.ports, signal);
      this.since = 0;
      this.isUnknown = this.room === undefined;
      if (this.room !== undefined) assertFits(this.room, bytes, 'these files');
    }
    this.since += bytes;
  }
}

/** Bytes that a file takes at least: its content is padded to multiples of 4096 (chapter 01 section 14.2), and it has a node. */
export function storedSize(size: number): number {
  return NODE_SIZE + Math.max(0, Math.ceil((size - PADDING_ALLOWANCE) / PADDING_BLOCK)) * PADDING_BLOCK;
}

async function roomOf({ space }: Pick<ContentPorts, 'space'>, signal: AbortSignal | undefined): Promise<Room | undefined> {
  if (space === undefined) return undefined;
  try {
    const [used, quota] = await Promise.all([space.usage({ signal }), space.quota({ signal })]);
    return { used, quota };
  } catch (error) {
    if (error instanceof AbortedError || !(error instanceof PyrgosError)) throw error;
    return undefined;
  }
}

function assertFits({ used, quota }: Room, size: number, what = 'this file'): void {
  if (used + size <= quota) return;
  throw new PyrgosError('quota', `There is not enough space for ${what}. Delete some files or ask for more space.`, {
    data: { used, quota, size, missing: used + size - quota },
  });
}
