import { PyrgosError } from '@pyrgos/core/errors';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import type { MemoryServer } from '@pyrgos/testkit/stores';
import { networkError } from './commit-world.js';

/** Ways to answer wrongly. */
export const LIES = ['flip', 'cut', 'grow', 'empty', 'swap', 'junk', 'forget', 'refuse', 'break', 'reverse', 'throw'] as const;
export type Lie = (typeof LIES)[number];

/** A server that answers request number `at` (and, if it is stubborn, every later one with the same content) with a lie. */
export interface LyingStores {
  readonly stores: { readonly blocks: BlockStore; readonly pointers: PointerStore };
  /** Requests so far. */
  readonly count: () => number;
}

/** The stores of a memory server, in front of which somebody lies. `random` gives integers below a bound. */
export function lyingStores(
  server: MemoryServer,
  plan: { at: number; lie: Lie; isStubborn: boolean },
  random: (bound: number) => number,
): LyingStores {
  const { blocks, pointers } = server;
  const { at, lie, isStubborn } = plan;
  let requests = 0;
  let last = new Uint8Array(10);
  const isLie = (): boolean => (isStubborn ? requests++ >= at : requests++ === at);

  const twist = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes);
    switch (lie) {
      case 'flip':
        if (copy.length > 0) copy[random(copy.length)]! ^= 1 << random(8);
        return copy;
      case 'cut':
        return copy.subarray(0, random(copy.length + 1) - 1);
      case 'grow':
        return new Uint8Array([...copy.subarray(0, 5000), 0, 0, 0]);
      case 'empty':
        return new Uint8Array();
      case 'swap':
        return last;
      case 'junk':
        return { length: 5, at: () => 0 } as unknown as Uint8Array;
      default:
        return copy;
    }
  };

  const fail = (): void => {
    if (lie === 'refuse') throw new PyrgosError('denied.block', 'Unauthorised!');
    if (lie === 'break') throw networkError();
    if (lie === 'throw') throw new PyrgosError('not-found.block', 'no such block');
  };

  return {
    count: () => requests,
    stores: {
      blocks: {
        startTransaction: blocks.startTransaction.bind(blocks),
        closeTransaction: blocks.closeTransaction.bind(blocks),
        putBlocks: blocks.putBlocks.bind(blocks),
        getBlock: async (cid, context) => {
          const lies = isLie();
          if (lies) fail();
          const bytes = await blocks.getBlock(cid, context);
          const answer = lies ? twist(bytes) : bytes;
          last = new Uint8Array(bytes);
          if (lies && lie === 'forget') throw new PyrgosError('not-found.block', 'no such block');
          return answer;
        },
        lookUpChamp: async (root, lookups, context) => {
          const lies = isLie();
          if (lies) fail();
          const answer = [...(await blocks.lookUpChamp(root, lookups, context))];
          if (!lies) return answer;
          if (lie === 'reverse') return answer.toReversed();
          if (lie === 'junk') return 'junk' as unknown as Uint8Array[];
          if (lie === 'forget') return answer.filter(() => random(2) === 0);
          const victim = random(Math.max(1, answer.length));
          return answer.map((bytes, i) => (i === victim ? twist(bytes) : bytes));
        },
      },
      pointers: {
        setPointer: pointers.setPointer.bind(pointers),
        setPointers: pointers.setPointers.bind(pointers),
        getPointer: async (owner, writer, signal) => {
          const lies = isLie();
          if (lies && lie === 'break') throw networkError();
          if (lies && lie === 'refuse') throw new PyrgosError('denied.pointer', 'banned');
          if (lies && (lie === 'forget' || lie === 'throw')) return undefined;
          const signed = await pointers.getPointer(owner, writer, signal);
          return lies && signed !== undefined ? twist(signed) : signed;
        },
      },
    },
  };
}
