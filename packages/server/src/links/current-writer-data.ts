import type { PublicKeyHash } from '@pyrgos/core/keys';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import type { LocalBlocks } from '../ports/local-blocks.js';

/** What {@link currentWriterData} reads from. */
export interface WriterDataSources {
  readonly pointers: Pick<PointerStore, 'getPointer'>;
  readonly local: Pick<LocalBlocks, 'get'>;
}

/**
 * The current WriterData of the identity of a user of this server; undefined when it has none. The pointer was verified when it was
 * accepted, with controller and block.
 */
export async function currentWriterData(
  { pointers, local }: WriterDataSources,
  username: string,
  identity: PublicKeyHash,
): Promise<WriterData | undefined> {
  const signed = await pointers.getPointer(identity, identity);
  const target = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
  const block = target === undefined ? undefined : await local.get(username, target);
  return block === undefined ? undefined : WriterData.decode(block);
}
