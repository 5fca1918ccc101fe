import { loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { blockStoreContract } from '@pyrgos/testkit/contracts/block-store';
import { pointerStoreContract, type StoreHarness } from '@pyrgos/testkit/contracts/pointer-store';
import { MemoryServer } from '@pyrgos/testkit/stores';
import { memoryFetch } from '../../../test/memory-http.js';
import { HttpNetwork } from './http-network.js';

const crypto = await loadCrypto();

/**
 * The network's own sentences replaced by the server's: the contracts expect the words of the wire, which only servers use. Code and data stay
 * those of the network.
 */
function withServerWords<T extends object>(store: T, words: () => string): T {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...parameters: readonly unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(member, target, parameters) as Promise<unknown>);
        } catch (error) {
          if (!(error instanceof PyrgosError)) throw error;
          throw new PyrgosError(error.code, words() === '' ? error.message : words(), { data: error.data, retry: error.retry });
        }
      };
    },
  });
}

/** A server in memory, and the network in front of it. */
async function create(): Promise<StoreHarness> {
  const server = new MemoryServer(crypto);
  const owner = SigningKeyPair.generate(crypto);
  server.registerIdentity(owner.publicKey.hash);
  let words = '';
  const network = new HttpNetwork({ server: 'http://localhost', crypto, fetch: memoryFetch(server, crypto, (said) => (words = said)) });
  return {
    crypto,
    blocks: withServerWords(network.blocks, () => words),
    pointers: withServerWords(network.pointers, () => words),
    owner,
    checksBats: server.checksBats,
    addIdentity: async () => {
      const other = SigningKeyPair.generate(crypto);
      server.registerIdentity(other.publicKey.hash);
      return other;
    },
    openBlocks: async (of) => server.openBlocks(of),
    collectGarbage: async (of) => server.collectGarbage(of),
    duringNextCommit: (action) => {
      server.hooks.before = async (operation) => {
        if (operation.name !== 'commitPointers') return;
        server.hooks.before = undefined;
        await action();
      };
    },
    ban: async (writer) => server.ban(writer),
  };
}

blockStoreContract('network', create);
pointerStoreContract('network', create);
