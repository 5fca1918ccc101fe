import { type FeedState, readRecords, SharedItem } from '@pyrgos/core/social';
import type { CborValue } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { splitPath } from '../files/view/index.js';
import { isSharedChat } from '../messaging/shared-chat.js';
import { isGroupDirectory } from './groups.js';
import type { StoredFeed } from './feed-files.js';

/** Records of the feed that are parsed at a time. */
const RECORDS_AT_ONCE = 4096;

/** A place that was shared, in the order in which the account has come to know of them. */
export interface FeedPlace {
  /** The number of the record that named it first, from 0 on. */
  readonly number: number;
  /** From the root down, the owner first. */
  readonly names: readonly string[];
  /** The record that counts: the last one, where there is one that of the owner. */
  readonly item: SharedItem;
}

interface Known {
  readonly number: number;
  readonly path: string;
  readonly sharer: string;
  readonly isOwners: boolean;
  readonly isShown: boolean;
  start: number;
  end: number;
}

/**
 * The records of a feed as they are shown: each place once, as often as its capability may have changed since it was shared first, and without what is no news: the
 * directories of groups, fields of profiles, and chats, whose invitations are told of elsewhere (chapter 06 sections 14 and 16.2, chapter 07 section 10.1). Only offsets are kept of each of them. Immutable.
 */
export class FeedLog {
  private constructor(
    readonly state: FeedState,
    /** See {@link StoredFeed.version}. */
    readonly version: string,
    private readonly bytes: Uint8Array,
    /** By number; those that are not shown, too. */
    private readonly all: readonly Known[],
    /** Those that are shown. */
    private readonly places: readonly Known[] = all.filter(({ isShown }) => isShown),
  ) {}

  /** Reads a feed. LimitError beyond MAX_FEED_SIZE. */
  static async read({ state, version, items }: StoredFeed): Promise<FeedLog> {
    const bytes = await items();
    const places = new Map<string, Known>();
    let offset = 0;
    for (let first = 0; first < state.feedItems;) {
      const found = readRecords(bytes, readItem, { offset, limit: Math.min(RECORDS_AT_ONCE, state.feedItems - first) });
      for (const { value, index, start, end } of found.records) note(places, value, { number: first + index, start, end });
      if (found.stopped !== 'limit') break;
      first += found.records.length + found.skipped;
      offset = found.end;
    }
    return new FeedLog(state, version, bytes, [...places.values()]);
  }

  /** The same records, of which the user has seen others. */
  withState(state: FeedState): FeedLog {
    return new FeedLog(state, this.version, this.bytes, this.all, this.places);
  }

  /** The places with a smaller number than `before`, newest first. */
  *newestFirst(before: number = Number.MAX_SAFE_INTEGER): Generator<FeedPlace, void, undefined> {
    for (let i = this.places.length - 1; i >= 0; i--) {
      const known = this.places[i];
      if (known === undefined || known.number >= before) continue;
      const item = SharedItem.decode(this.bytes.subarray(known.start, known.end));
      yield { number: known.number, names: splitPath(known.path), item };
    }
  }

  /** Who has shared each of the places that the user has not seen yet. */
  unseenSharers(): readonly string[] {
    return this.places.filter(({ number }) => number >= this.state.seenItems).map(({ sharer }) => sharer);
  }

  /** How many places somebody has shared. */
  countOf(sharer: string): number {
    return this.all.filter((place) => place.sharer === sharer).length;
  }

  /** Of items in the order in which they are shared those that say something new; of those of one place the last one. */
  news(items: readonly SharedItem[]): ReadonlySet<SharedItem> {
    const known = new Map(this.all.map((place) => [place.path, place]));
    const latest = new Map(items.map((item) => [item.path, item]));
    const isNew = (item: SharedItem): boolean => {
      const place = known.get(item.path);
      return place === undefined || !SharedItem.decode(this.bytes.subarray(place.start, place.end)).equals(item);
    };
    return new Set([...latest.values()].filter(isNew));
  }
}

function readItem(value: CborValue): SharedItem {
  return SharedItem.fromCbor(value);
}

function note(places: Map<string, Known>, item: SharedItem, { number, start, end }: { number: number; start: number; end: number }): void {
  const names = namesOf(item);
  if (names === undefined) return;
  const path = `/${names.join('/')}`;
  const isOwners = item.sharer === item.owner;
  const known = places.get(path);
  if (known === undefined || (isOwners && !known.isOwners)) {
    // The place in the order stays the one that it has had from the beginning.
    const isShown = names[1] !== '.profile' && !isGroupDirectory(names, item.owner) && !isSharedChat(names);
    places.set(path, { number: known?.number ?? number, path, sharer: item.sharer, isOwners, isShown, start, end });
  } else if (isOwners === known.isOwners) {
    known.start = start;
    known.end = end;
  }
}

/** The names of a place; undefined for what another program should not have written. */
function namesOf({ path, owner }: SharedItem): readonly string[] | undefined {
  try {
    const names = splitPath(path);
    return names.length >= 2 && names[0] === owner ? names : undefined;
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}
