import { LimitError } from '@pyrgos/core/errors';
import { MAX_FEED_SIZE } from '@pyrgos/core/limits';
import { FeedState, readRecords, type SharedItem } from '@pyrgos/core/social';
import { appendContent, truncateFile } from '../files/content/index.js';
import { findChild, isDamage, type Item, type OperationView, type View } from '../files/view/index.js';
import { directoryIn, makeDirectoryAt, readAll, readFileIn, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';

const DIRECTORY = '.feed';
const ITEMS = 'feed.cbor';
const STATE = 'feed-state.cbor';

/** The feed of an account as it is stored (chapter 06 section 16.1). */
export interface StoredFeed {
  readonly state: FeedState;
  /** Another text whenever the items are other ones. */
  readonly version: string;
  /** Reads the bytes of all items that the state counts. LimitError beyond MAX_FEED_SIZE. */
  readonly items: () => Promise<Uint8Array>;
}

/** The feed as it is stored; an empty one when there is none. A state that is damaged counts anew, and knows nothing of friends. */
export async function readStoredFeed(view: View, home: Item): Promise<StoredFeed> {
  const directory = await directoryIn(view, home, DIRECTORY);
  const file = directory === undefined ? undefined : await findChild(view, directory, ITEMS);
  const state = directory === undefined ? FeedState.empty : ((await readState(view, directory, file)) ?? FeedState.empty);
  return {
    state,
    version: `${file?.cid.key ?? ''} ${state.feedBytes} ${state.feedItems}`,
    items: async () => (file === undefined ? new Uint8Array() : (await readAll(view, file, MAX_FEED_SIZE)).subarray(0, state.feedBytes)),
  };
}

/** Undefined when there is none. */
async function readState(view: View, directory: Item, items: Item | undefined): Promise<FeedState | undefined> {
  try {
    const bytes = await readFileIn(view, directory, STATE);
    return bytes === undefined ? undefined : FeedState.decode(bytes);
  } catch (error) {
    if (!isDamage(error)) throw error;
    const counted = recounted(FeedState.empty, items === undefined ? new Uint8Array() : await readAll(view, items, MAX_FEED_SIZE));
    // What was there before is nothing new.
    return counted.withSeen(counted.feedItems);
  }
}

/**
 * Appends items to the feed, and changes its state (section 16.3); commits both, in one piece if nothing flushes in between. What another program has left
 * half done is repaired: bytes that its state does not count go, and a state that counts more than there is counts anew.
 */
export async function appendToFeed(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  items: readonly SharedItem[],
  change: (state: FeedState) => FeedState = (state) => state,
): Promise<FeedState> {
  const directory = await makeDirectoryAt(operation, space, home, [DIRECTORY], { isHidden: true });
  let file = await findChild(operation, directory, ITEMS);
  const stored = await readState(operation, directory, file);
  let state = stored ?? FeedState.empty;
  const before = state;
  const size = file?.opened.properties.size ?? 0;
  if (size < state.feedBytes)
    state = recounted(state, file === undefined ? new Uint8Array() : await readAll(operation, file, MAX_FEED_SIZE));
  // Also what is left of an item that was cut off.
  if (file !== undefined && size > state.feedBytes) file = await truncateFile(operation, space.ports, file, state.feedBytes);
  const { bytes, state: appended } = state.append(items);
  if (appended.feedBytes > MAX_FEED_SIZE) throw new LimitError('bytes of the feed', appended.feedBytes, MAX_FEED_SIZE);
  if (bytes.length > 0) {
    if (file === undefined) await writeFileIn(operation, space, directory, ITEMS, bytes);
    else await appendContent(operation, space.ports, file, bytes);
  }
  const after = change(appended);
  if (stored === undefined || !after.equals(before)) {
    const current = (await directoryIn(operation, home, DIRECTORY)) ?? directory;
    await writeFileIn(operation, space, current, STATE, after.encode());
  }
  return after;
}

/** The state of a feed that is shorter than its state says. */
function recounted(state: FeedState, bytes: Uint8Array): FeedState {
  let count = 0;
  let end = 0;
  for (;;) {
    const found = readRecords(bytes, () => undefined, { offset: end });
    count += found.records.length + found.skipped;
    end = found.end;
    if (found.stopped !== 'limit') break;
  }
  return state.withLength(end, count);
}
