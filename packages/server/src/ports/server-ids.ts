import type { Cid } from '@pyrgos/core/codec';

/** The ids under which this server is and was known (chapter 08 section 9). */
export interface ServerIds {
  /** The current id: CIDv1 libp2p-key. */
  readonly current: Cid;
  /** All ids, oldest first; the last one is the current one. */
  readonly all: readonly Cid[];
  /** Whether a storage provider names this server: compared by bare multihash with all ids; the zero id is everybody's (chapter 05 section 16.6). */
  isOurs(provider: Cid): boolean;
}
