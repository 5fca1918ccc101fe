import type { PublicKeyHash } from '@pyrgos/core/keys';
import { locationKey } from './location-key.js';

/** The places that a walk has been to: what peers write may lead in circles. */
export class VisitedLocations {
  private readonly keys = new Set<string>();

  /** Takes note of a map key of a writer; false when it was noted before. */
  add(writer: PublicKeyHash, mapKey: Uint8Array): boolean {
    const key = `${writer.key}${locationKey(mapKey)}`;
    if (this.keys.has(key)) return false;
    this.keys.add(key);
    return true;
  }
}
