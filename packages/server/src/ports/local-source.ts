import { NotFoundError } from '@pyrgos/core/errors';
import type { BlockSource } from '@pyrgos/core/store';
import type { LocalBlocks } from './local-blocks.js';

/** The blocks of one user as a source for the readers of core: no access check, because the server reads for itself. */
export function localBlockSource(local: LocalBlocks, username: string): BlockSource {
  return {
    getBlock: async (cid) => {
      const bytes = await local.get(username, cid);
      if (bytes !== undefined) return bytes;
      throw new NotFoundError('not-found.block', `block ${cid.toString()} is not stored here`, { cid: cid.toString() });
    },
  };
}
