import { FormatError, throwIfAborted } from '@pyrgos/core/errors';
import { Champ, chunkCount, type ChunkLocation, chunkLocations, openNode } from '@pyrgos/core/model';
import { type Item, loadNode, type View } from '../view/index.js';
import { placeKey } from './place.js';

/** Up to this many chunks, 20 GiB, a file is believed to be as long as it says. */
const TRUSTED_CHUNKS = 4096;
/** Beyond, a run of this many absent chunks is the end, whatever size the file claims. */
const PROBED_CHUNKS = 1024;

/**
 * Where the chunks of a file are, the first one included (chapter 04 section 21.1): all that its size says, derived from its stream secret;
 * some may be absent. Of a legacy file those that its links lead to. A file that claims a size that it does not have costs no more than
 * its chunks.
 */
export async function fileChunkLocations(view: View, file: Item): Promise<ChunkLocation[]> {
  const { size, streamSecret } = file.opened.properties;
  if (streamSecret === undefined) return linkedLocations(view, file);
  const count = chunkCount(size);
  const locations: ChunkLocation[] = [];
  for (const location of chunkLocations(view.crypto, streamSecret, file.capability.location)) {
    if (locations.length >= count) break;
    locations.push(location);
    if (locations.length < TRUSTED_CHUNKS || locations.length % PROBED_CHUNKS !== 0) continue;
    throwIfAborted(view.signal);
    if (!(await isAnyPresent(view, file, locations.slice(-PROBED_CHUNKS)))) break;
  }
  return locations;
}

async function isAnyPresent(view: View, { owner, writer }: Item, locations: readonly ChunkLocation[]): Promise<boolean> {
  const tree = await view.treeOf(owner, writer);
  if (tree === undefined) return false;
  const champ = Champ.open(tree, view, view.signal === undefined ? { owner } : { owner, signal: view.signal });
  for (const { mapKey } of locations) if ((await champ.get(mapKey)) !== undefined) return true;
  return false;
}

/** The chunks of a legacy file (section 7.3). FormatError when its links bite their tail. */
async function linkedLocations(view: View, file: Item): Promise<ChunkLocation[]> {
  const { owner, writer, capability } = file;
  const locations: ChunkLocation[] = [];
  const seen = new Set<string>();
  let { next } = file.opened;
  let location = capability.location;
  for (;;) {
    const key = placeKey({ writer, mapKey: location.mapKey });
    if (seen.has(key)) throw new FormatError('format.cryptree', 'file', 'its chunks lead back to an earlier one');
    seen.add(key);
    locations.push(location);
    if (next === undefined) return locations;
    location = next.location;
    const found = await loadNode(view, owner, writer, location);
    if (found?.node === undefined) return locations;
    next = openNode(view.crypto, found.node, capability.withLocation(location)).next;
  }
}
