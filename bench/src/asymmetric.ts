import { scrypt as nodeScrypt } from 'node:crypto';
import { loadCrypto, type CryptoProvider } from '@pyrgos/core/crypto';
import { measure, operationsPerSecond, type Measurement } from './measure.js';

const MEBIBYTE = 1024 * 1024;

async function providers(): Promise<CryptoProvider[]> {
  const found: CryptoProvider[] = [];
  for (const backend of ['native', 'wasm', 'portable'] as const) {
    const provider = await loadCrypto({ backend }).catch(() => undefined);
    if (provider !== undefined) found.push(provider);
  }
  return found;
}

/** Ed25519 sign and verify of 32-byte messages (what a block signature covers), and ML-KEM-1024. */
export async function benchAsymmetric(): Promise<Measurement[]> {
  const out: Measurement[] = [];
  const message = new Uint8Array(32).fill(9);
  const repeat = (count: number, work: () => unknown) => (): void => {
    for (let i = 0; i < count; i++) work();
  };
  const all = await providers();
  const signing = all.map((crypto) => {
    const pair = crypto.ed25519KeyPair(new Uint8Array(32).fill(7));
    return { crypto, pair, signature: crypto.ed25519Sign(message, pair.secretKey) };
  });
  const count = 20;
  out.push(
    ...(await measure(
      'Ed25519 sign',
      'ops/s',
      operationsPerSecond(count),
      signing.map(({ crypto, pair }) => ({ name: crypto.backend, run: repeat(count, () => crypto.ed25519Sign(message, pair.secretKey)) })),
    )),
    ...(await measure(
      'Ed25519 verify',
      'ops/s',
      operationsPerSecond(count),
      signing.map(({ crypto, pair, signature }) => ({
        name: crypto.backend,
        run: repeat(count, () => crypto.ed25519Verify(signature, message, pair.publicKey)),
      })),
    )),
  );
  const [crypto] = all;
  if (crypto === undefined) return out;
  const pair = crypto.mlKemKeyPair(new Uint8Array(32), new Uint8Array(32).fill(1));
  const { ciphertext } = crypto.mlKemEncapsulate(pair.publicKey, message);
  out.push(
    ...(await measure('ML-KEM-1024', 'ops/s', operationsPerSecond(5), [
      { name: 'key pair', run: repeat(5, () => crypto.mlKemKeyPair(message, message)) },
      { name: 'encapsulate', run: repeat(5, () => crypto.mlKemEncapsulate(pair.publicKey, message)) },
      { name: 'decapsulate', run: repeat(5, () => crypto.mlKemDecapsulate(ciphertext, pair.secretKey)) },
    ])),
  );
  return out;
}

/** scrypt with the login parameters (N 2^17, r 8): every back end, off the main thread, beside node:crypto. */
export async function benchScrypt(): Promise<Measurement[]> {
  const password = new Uint8Array(32).fill(1);
  const salt = new Uint8Array(64).fill(2);
  const raw = 'raw node:crypto';
  const subjects = [
    {
      name: raw,
      run: async (): Promise<void> =>
        new Promise((resolve, reject) => {
          nodeScrypt(password, salt, 64, { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * MEBIBYTE }, (error) => {
            if (error) reject(error);
            else resolve();
          });
        }),
    },
    ...(await providers()).map((crypto) => ({
      name: crypto.backend,
      run: async () => crypto.scrypt(password, salt, { logN: 17, r: 8, p: 1, length: 64 }),
      comparedWith: raw,
    })),
  ];
  return measure('scrypt 2^17', 'ms', (milliseconds) => milliseconds, subjects, { samples: 5, warmUps: 1 });
}
