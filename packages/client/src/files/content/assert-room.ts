import { AbortedError, PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import type { ContentPorts } from './content-ports.js';

/** Content up to this size is not worth the two questions: the server refuses it at its first request. */
const UNASKED_SIZE = 1_048_576;

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
 * {@link assertRoom} for chunks of which nobody knows how many will come: the first one that cannot fit is not given out. `oldSize`: bytes of the
 * file before, which count already.
 */
export function withinRoom<C extends { readonly index: number; readonly data: Uint8Array }>(
  ports: ContentPorts,
  chunks: (signal: AbortSignal) => AsyncIterable<C>,
  oldSize = 0,
): (signal: AbortSignal) => AsyncIterable<C> {
  return async function* (signal) {
    let room: Room | undefined;
    let growth = 0;
    for await (const chunk of chunks(signal)) {
      const before = growth;
      growth = chunk.index * CHUNK_SIZE + chunk.data.length - oldSize;
      if (before <= UNASKED_SIZE && growth > UNASKED_SIZE) room = await roomOf(ports, signal);
      if (room !== undefined) assertFits(room, growth);
      yield chunk;
    }
  };
}

async function roomOf({ space }: ContentPorts, signal: AbortSignal | undefined): Promise<Room | undefined> {
  if (space === undefined) return undefined;
  try {
    const [used, quota] = await Promise.all([space.usage({ signal }), space.quota({ signal })]);
    return { used, quota };
  } catch (error) {
    if (error instanceof AbortedError || !(error instanceof PyrgosError)) throw error;
    return undefined;
  }
}

function assertFits({ used, quota }: Room, size: number): void {
  if (used + size <= quota) return;
  throw new PyrgosError('quota', 'There is not enough space for this file. Delete some files or ask for more space.', {
    data: { used, quota, size, missing: used + size - quota },
  });
}
