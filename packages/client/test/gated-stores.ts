import type { Cid } from '@pyrgos/core/codec';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockReadContext, BlockStore, PointerStore, SignedBlock, WriterPointer } from '@pyrgos/core/store';
import type { Stores } from '../src/files/view/index.js';
import { networkError } from './commit-world.js';

/** What happens to a call: it never arrives, its answer is lost, or the same and nothing gets through from then on. */
export type CallFault = 'lost before' | 'lost after' | 'cut before' | 'cut after';

/** What a device meets at its storage calls, which are counted from 0. */
export interface CallPlan {
  /** Something else happens as a whole just before this call. */
  readonly interlude?: { readonly at: number; readonly run: () => Promise<void> } | undefined;
  /** One call goes wrong. */
  readonly fault?: { readonly at: number; readonly kind: CallFault } | undefined;
}

/**
 * The stores of one device. Every call passes a gate, where other devices get their turn and faults happen. Closing a transaction passes
 * uncounted, because nobody waits for it.
 */
export class GatedStores implements Stores {
  readonly blocks: BlockStore;
  readonly pointers: PointerStore;
  /** Names of the calls since the plan was set. */
  readonly calls: string[] = [];
  private plan: CallPlan = {};
  private isCut = false;
  private interlude: Promise<void> | undefined;

  constructor({ blocks, pointers }: Stores) {
    const lookUp = blocks.lookUpChamp?.bind(blocks);
    this.blocks = {
      getBlock: async (cid: Cid, context: BlockReadContext) => this.pass('getBlock', () => blocks.getBlock(cid, context)),
      startTransaction: async (owner: PublicKeyHash) => this.pass('startTransaction', () => blocks.startTransaction(owner)),
      closeTransaction: async (owner: PublicKeyHash, transaction: string) => {
        if (this.isCut) throw networkError();
        await blocks.closeTransaction(owner, transaction);
      },
      putBlocks: async (owner: PublicKeyHash, writer: PublicKeyHash, signed: readonly SignedBlock[], transaction: string) =>
        this.pass('putBlocks', () => blocks.putBlocks(owner, writer, signed, transaction)),
      ...(lookUp === undefined
        ? {}
        : {
            lookUpChamp: async (root: Cid, lookups: Parameters<typeof lookUp>[1], context: BlockReadContext) =>
              this.pass('lookUpChamp', () => lookUp(root, lookups, context)),
          }),
    };
    this.pointers = {
      getPointer: async (owner: PublicKeyHash, writer: PublicKeyHash) => this.pass('getPointer', () => pointers.getPointer(owner, writer)),
      setPointer: async (owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array) =>
        this.pass('setPointer', () => pointers.setPointer(owner, writer, signed)),
      setPointers: async (owner: PublicKeyHash, updates: readonly WriterPointer[]) =>
        this.pass('setPointers', () => pointers.setPointers(owner, updates)),
    };
  }

  /** Starts counting anew, with another plan. */
  follow(plan: CallPlan): void {
    this.plan = plan;
    this.calls.length = 0;
    this.interlude = undefined;
  }

  /** Whether the call of the interlude came. */
  get wasInterrupted(): boolean {
    return this.interlude !== undefined;
  }

  /** Resolves when the interlude is over: a call that nobody waits for, one that reads ahead, may have been the one that it delays. */
  async interludeEnded(): Promise<void> {
    await this.interlude;
  }

  /** Whether nothing gets through any more. */
  get wasCut(): boolean {
    return this.isCut;
  }

  private async pass<T>(name: string, call: () => Promise<T>): Promise<T> {
    const { interlude, fault } = this.plan;
    const number = this.calls.length;
    this.calls.push(name);
    if (number === interlude?.at) {
      this.interlude = interlude.run();
      await this.interlude;
    }
    const kind = number === fault?.at ? fault.kind : undefined;
    if (kind === 'cut before') this.isCut = true;
    if (this.isCut || kind === 'lost before') throw networkError();
    const answer = await call();
    if (kind === 'cut after') this.isCut = true;
    // Also calls that were on their way when another one was cut.
    if (this.isCut || kind === 'lost after') throw networkError();
    return answer;
  }
}
