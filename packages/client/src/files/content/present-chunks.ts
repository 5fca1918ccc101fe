import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { chunkCount } from '@pyrgos/core/model';
import type { ChunkChanges } from '../structure/chunk-changes.js';
import type { OperationView } from '../view/index.js';
import { type FileTarget, TargetLocations } from './file-target.js';
import { firstAbsent } from './presence-search.js';
import { cidsAt } from './tree-places.js';

/** The index of the first chunk of a file of `size` bytes that is not in the tree; the number of its chunks when all are (section 16.3). */
export async function firstAbsentChunk(operation: OperationView, target: FileTarget, size: number): Promise<number> {
  const locations = new TargetLocations(operation.crypto, target);
  return firstAbsent(chunkCount(size), async (indices) => {
    const cids = await cidsAt(
      operation,
      target.signer,
      indices.map((index) => locations.at(index)),
    );
    return cids.map((cid) => cid !== undefined);
  });
}

/** Notes the removal of what is left behind chunk `count` of an earlier, larger upload with the same secrets. */
export async function stageRemovalBehind(
  operation: OperationView,
  changes: ChunkChanges,
  target: FileTarget,
  count: number,
): Promise<void> {
  const locations = new TargetLocations(operation.crypto, target);
  for (let start = count; ; start += MAX_CHAMP_LOOKUPS) {
    const window = Array.from({ length: MAX_CHAMP_LOOKUPS }, (_, i) => locations.at(start + i));
    const cids = await cidsAt(operation, target.signer, window);
    const present = window.filter((_, i) => cids[i] !== undefined);
    for (const { mapKey } of present) changes.remove(target.signer, mapKey);
    if (present.length < window.length) return;
  }
}
