import type { Cid } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import type { ChampLookup, ChampLookupResult, ChunkLocation } from '@pyrgos/core/model';
import { TreeEdit } from '../../commit/index.js';
import type { OperationView } from '../view/index.js';

/** Lookups in flight at a time. */
const LOOKUPS_IN_FLIGHT = 4;

/**
 * What a tree has at some places, as the operation sees it: the CIDs of the nodes, undefined where there is none. Brings the ways to them
 * into the cache with one request per 20, so that a change of the places needs no more. Nodes that are damaged or refused have a CID, too.
 */
export async function cidsAt(
  operation: OperationView,
  signer: Signer,
  locations: readonly ChunkLocation[],
): Promise<readonly (Cid | undefined)[]> {
  const writer = signer.publicKeyHash;
  const results: ChampLookupResult[] = [];
  const starts = Array.from({ length: Math.ceil(locations.length / MAX_CHAMP_LOOKUPS) }, (_, i) => i * MAX_CHAMP_LOOKUPS).values();
  const work = async (): Promise<void> => {
    for (const start of starts) {
      const lookups = locations.slice(start, start + MAX_CHAMP_LOOKUPS).map((location): ChampLookup => {
        const bat = location.batWithId(operation.crypto);
        return bat === undefined ? { key: location.mapKey } : { key: location.mapKey, bat };
      });
      for (const [i, result] of (await operation.lookUp(operation.owner, writer, lookups)).entries()) results[start + i] = result;
    }
  };
  await Promise.all(Array.from({ length: LOOKUPS_IN_FLIGHT }, work));
  let tree: TreeEdit | undefined;
  const cids: (Cid | undefined)[] = [];
  for (const [i, { mapKey }] of locations.entries()) {
    const result = results[i];
    if (result?.error === undefined) {
      cids.push(result?.cid);
    } else {
      // Its value cannot be read; its place in the tree can.
      tree ??= TreeEdit.open(operation.committer, operation.snapshot, signer);
      cids.push(await tree.get(mapKey));
    }
  }
  return cids;
}

/** {@link cidsAt} for places that are asked for one by one, in ascending order of their number: looks 20 ahead. */
export class PlaceLookups {
  private readonly known = new Map<number, Cid | undefined>();

  /** `count` places exist; `locationOf` tells where each is. */
  constructor(
    private readonly operation: OperationView,
    private readonly signer: Signer,
    private readonly count: number,
    private readonly locationOf: (index: number) => ChunkLocation,
  ) {}

  /** What is at the place `index`; undefined for nothing, and beyond the last one. */
  async at(index: number): Promise<Cid | undefined> {
    if (index >= this.count) return undefined;
    if (!this.known.has(index)) {
      this.known.clear();
      const indices = Array.from({ length: Math.min(MAX_CHAMP_LOOKUPS, this.count - index) }, (_, i) => index + i);
      const cids = await cidsAt(
        this.operation,
        this.signer,
        indices.map((i) => this.locationOf(i)),
      );
      for (const [i, cid] of cids.entries()) this.known.set(index + i, cid);
    }
    return this.known.get(index);
  }
}
