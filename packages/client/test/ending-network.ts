import type { Network } from '../src/network/index.js';
import { changedNetwork, overriding } from './changed-network.js';

/** A network that ends with the n-th call that changes something, before or after it was made. */
export interface EndingNetwork {
  readonly network: Network;
  endAt(step: number, isMade: boolean): void;
}

/** Ends at calls that change pointers and inboxes; `countsBlocks`: and at those that store blocks. */
export function endingNetwork(network: Network, countsBlocks = false): EndingNetwork {
  let left = Number.POSITIVE_INFINITY;
  let made = false;
  const step = async <T>(change: () => Promise<T>): Promise<T> => {
    left--;
    if (left > 0) return change();
    if (left === 0 && made) await change();
    throw new Error('the power is off');
  };
  return {
    endAt(n, isMade) {
      left = n;
      made = isMade;
    },
    network: changedNetwork(network, {
      ...(countsBlocks
        ? { blocks: overriding(network.blocks, { putBlocks: async (...call) => step(async () => network.blocks.putBlocks(...call)) }) }
        : {}),
      pointers: overriding(network.pointers, {
        setPointer: async (...call) => step(async () => network.pointers.setPointer(...call)),
        setPointers: async (...call) => step(async () => network.pointers.setPointers(...call)),
      }),
      social: overriding(network.social, {
        sendFollowRequest: async (...call) => step(async () => network.social.sendFollowRequest(...call)),
        removeFollowRequest: async (...call) => step(async () => network.social.removeFollowRequest(...call)),
      }),
    }),
  };
}
