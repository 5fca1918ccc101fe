import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { LiveChange, LivePlace, LiveSource } from './live-changes.js';

/** Places that are watched at most; those that sources name later are left out. */
const MAX_PLACES = 5000;

/** A pointer that is watched, and all that a change of it may mean. */
export interface WatchedPlace {
  readonly owner: PublicKeyHash;
  readonly writer: PublicKeyHash;
  readonly changes: readonly LiveChange[];
}

/** All that a session watches: the own space, and what its sources name. */
export class WatchedPlaces {
  /** The own space first. */
  list: readonly WatchedPlace[];
  /** Whether the sources have to be asked again. */
  isOld = true;
  private readonly sources = new Set<LiveSource>();

  constructor(private readonly own: LivePlace) {
    this.list = merged([own]);
  }

  /** Adds a source; returns the way to take it away. */
  add(source: LiveSource): () => void {
    this.sources.add(source);
    this.isOld = true;
    return () => {
      this.sources.delete(source);
      this.isOld = true;
    };
  }

  /** All that a change of a place may mean now. */
  changesAt({ writer, changes }: WatchedPlace): readonly LiveChange[] {
    return [...changes, ...[...this.sources].flatMap((source) => source.changesAt?.(writer) ?? [])];
  }

  /** Asks the sources. One that fails names nothing, and keeps the others from nothing; it is asked again the next time. DeniedError `denied.session`, AbortedError. */
  async gather(signal: AbortSignal): Promise<void> {
    this.isOld = false;
    const places: LivePlace[] = [this.own];
    try {
      for (const source of this.sources) {
        try {
          places.push(...(await source.places({ signal })));
        } catch (error) {
          if (!(error instanceof PyrgosError) || error.code === 'denied.session' || error.code === 'aborted') throw error;
          this.isOld = true;
        }
      }
    } catch (error) {
      this.isOld = true;
      throw error;
    }
    this.list = merged(places.slice(0, MAX_PLACES));
  }
}

function merged(places: readonly LivePlace[]): readonly WatchedPlace[] {
  const byWriter = new Map<string, { readonly owner: PublicKeyHash; readonly writer: PublicKeyHash; readonly changes: LiveChange[] }>();
  for (const { owner, writer, change } of places) {
    const known = byWriter.get(writer.key);
    if (known === undefined) byWriter.set(writer.key, { owner, writer, changes: [change] });
    else known.changes.push(change);
  }
  return [...byWriter.values()];
}
