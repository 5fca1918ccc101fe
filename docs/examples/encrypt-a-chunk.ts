import { loadCrypto } from '@pyrgos/core/crypto';
import { FragmentedPaddedCipherText } from '@pyrgos/core/containers';
import { PublicKeyHash, SymmetricKey } from '@pyrgos/core/keys';
import { MemoryBlocks } from '@pyrgos/core/model';

/** Encrypts the data of one file chunk into blocks for a server, and reads it back. Returns how many blocks it took. */
export async function encryptAChunk(data: Uint8Array): Promise<number> {
  // The best engine of this platform, self-tested: native or WASM, else plain JavaScript.
  const crypto = await loadCrypto();
  const key = SymmetricKey.generate(crypto);

  // Small data stays inside the container; larger data becomes raw blocks of at most 1 MiB, each with an access token of its own.
  const { container, blocks } = FragmentedPaddedCipherText.seal(crypto, key, data);
  const server = new MemoryBlocks(crypto);
  for (const block of blocks) server.putRaw(block.bytes);

  // The container is a plain value: it goes into the directory or file node that links to the fragments.
  const stored = container.encode();
  const owner = PublicKeyHash.parse('z59vuwzfFDp2jNy4bsSogBKuHSjEY7v8d6Fa3KQ5QcsMWHkiCqCxqyu');
  const opened = await FragmentedPaddedCipherText.decode(stored).open(crypto, key, { blocks: server, owner });
  if (!(opened instanceof Uint8Array) || opened.length !== data.length) throw new Error('this never happens');
  return blocks.length;
}
