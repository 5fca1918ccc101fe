import { assertValidChain, decodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import type { KeyLookup, PublicKeyHash } from '@pyrgos/core/keys';
import { SQL_ROWS_PER_STEP } from '../limits.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { ChainIndex, IndexedChain, PkiState } from './chain-index.js';
import { localBlockSource } from '../ports/local-source.js';
import { PKI_USERNAME } from './pki-writer.js';
import { UsernameTree } from './username-tree.js';

/** Told of a name whose chain in the tree cannot be used. The name stays taken, but nobody can look it up. */
export type OnDamagedChain = (username: string, problem: PyrgosError) => void;

/** Where the keys of a user's chain are resolved: nearly always they are in their hashes (chapter 03 section 1.1). */
export function keyLookup(crypto: CryptoProvider, local: LocalBlocks, username: string, owner: PublicKeyHash): KeyLookup {
  return { hasher: crypto, blocks: localBlockSource(local, username), context: { owner } };
}

/** Brings the index up to date with the tree. */
export class TreeIndexer {
  constructor(
    private readonly options: {
      readonly crypto: CryptoProvider;
      readonly local: LocalBlocks;
      readonly index: ChainIndex;
      readonly onDamagedChain: OnDamagedChain | undefined;
    },
  ) {}

  /**
   * Makes the index show the version `next` of the tree. From a version whose blocks are still there, only what differs is read; otherwise
   * everything: then every chain is a block of its own to read and verify, about 0.5 ms each. A walk that is interrupted begins anew.
   */
  async show(state: PkiState, next: NonNullable<PkiState['shown']>): Promise<void> {
    const { shown } = state;
    if (shown !== undefined) {
      try {
        await this.apply(state, shown.root, next);
        return;
      } catch (error) {
        // The blocks of the old version are garbage, so it may have been collected.
        if (!(error instanceof PyrgosError) || error.code !== 'not-found.block') throw error;
      }
    }
    this.options.index.reset(state);
    await this.apply(state, undefined, next);
  }

  private async apply(state: PkiState, from: Cid | undefined, next: NonNullable<PkiState['shown']>): Promise<void> {
    const { crypto, local, index } = this.options;
    const tree = new UsernameTree(crypto, localBlockSource(local, PKI_USERNAME), state.identity);
    let found: { readonly username: string; readonly chain: Cid }[] = [];
    for await (const { username, chain } of tree.changes(from, next.root)) {
      if (username === undefined || chain === undefined) continue;
      found.push({ username, chain });
      if (found.length < SQL_ROWS_PER_STEP) continue;
      index.record(await this.readChains(found, state.identity));
      found = [];
    }
    index.record(await this.readChains(found, state.identity), { ...state, shown: next });
  }

  private async readChains(
    found: readonly { readonly username: string; readonly chain: Cid }[],
    owner: PublicKeyHash,
  ): Promise<readonly IndexedChain[]> {
    const chains = await Promise.all(
      found.map(async ({ username, chain }) => ({ username, chain: await this.readChain(username, chain, owner) })),
    );
    return chains.flatMap(({ username, chain }) => (chain === undefined ? [] : [{ username, chain }]));
  }

  /** The chain, verified; undefined for a damaged one, so that the others stay usable. */
  private async readChain(username: string, block: Cid, owner: PublicKeyHash): Promise<readonly UserPublicKeyLink[] | undefined> {
    const { crypto, local } = this.options;
    const bytes = await localBlockSource(local, PKI_USERNAME).getBlock(block, { owner });
    try {
      const chain = decodeChain(bytes);
      await assertValidChain(crypto, chain, username, keyLookup(crypto, local, username, chain.at(-1)?.owner ?? owner));
      return chain;
    } catch (error) {
      const isBad =
        error instanceof PyrgosError && (error.code.startsWith('format.') || error.code.startsWith('denied.') || error.code === 'limit');
      if (!isBad) throw error;
      this.options.onDamagedChain?.(username, error);
      return undefined;
    }
  }
}
