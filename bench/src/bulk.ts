import { loadCrypto, type CryptoBackend, type CryptoProvider } from '@pyrgos/core/crypto';
import { createCryptoPool } from '@pyrgos/core/crypto/pool';
import { measure, mebibytesPerSecond, type Measurement, type Subject } from './measure.js';
import { loadRawSecretbox, rawSha256 } from './raw-engines.js';

const CHUNK = 5 * 1024 * 1024;
/** Chunks per sample of a pool: enough to keep every worker busy. */
const POOL_CHUNKS = 8;
const MIB_PER_SECOND = 'MiB/s';

const key = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(24).fill(3);

async function usableProviders(): Promise<CryptoProvider[]> {
  const found: CryptoProvider[] = [];
  for (const backend of ['native', 'wasm', 'portable'] as const) {
    try {
      found.push(await loadCrypto({ backend }));
    } catch {
      process.stderr.write(`bench: back end ${backend} is not usable here\n`);
    }
  }
  return found;
}

const secretboxTargets = new Map<CryptoBackend, number>([
  ['native', 550],
  ['wasm', 250],
]);
const sha256Targets = new Map<CryptoBackend, number>([['native', 800]]);

function withTarget(backend: CryptoBackend, targets: ReadonlyMap<CryptoBackend, number>): { readonly target?: number } {
  const target = targets.get(backend);
  return target === undefined ? {} : { target };
}

/** secretbox and SHA-256 of 5 MiB chunks on the calling thread, every back end, beside the raw engines in the same run. */
export async function benchBulkInline(): Promise<Measurement[]> {
  const providers = await usableProviders();
  const chunk = providers[0]?.randomBytes(65536) ?? new Uint8Array(65536);
  const data = new Uint8Array(CHUNK);
  for (let at = 0; at < CHUNK; at += chunk.length) data.set(chunk, at);

  const raw = await loadRawSecretbox();
  const rawName = 'raw libsodium';
  const seal: Subject[] = [];
  if (raw !== undefined) seal.push({ name: rawName, run: () => raw.seal(Buffer.allocUnsafeSlow(CHUNK + 16), data, nonce, key) });
  for (const provider of providers) {
    seal.push({
      name: provider.backend,
      run: () => provider.secretboxSeal(data, nonce, key),
      ...withTarget(provider.backend, secretboxTargets),
      ...(raw === undefined ? {} : { comparedWith: rawName }),
    });
  }
  const open: Subject[] = providers.map((provider) => {
    const boxed = provider.secretboxSeal(data, nonce, key);
    return { name: provider.backend, run: () => provider.secretboxOpen(boxed, nonce, key) };
  });
  const hash: Subject[] = [
    { name: 'raw node:crypto', run: () => rawSha256(data) },
    ...providers.map((provider) => ({
      name: provider.backend,
      run: () => provider.sha256(data),
      ...withTarget(provider.backend, sha256Targets),
      comparedWith: 'raw node:crypto',
    })),
  ];
  const figure = mebibytesPerSecond(CHUNK);
  return [
    ...(await measure('secretbox seal 5 MiB, inline', MIB_PER_SECOND, figure, seal)),
    ...(await measure('secretbox open 5 MiB, inline', MIB_PER_SECOND, figure, open)),
    ...(await measure('SHA-256 5 MiB, inline', MIB_PER_SECOND, figure, hash)),
  ];
}

/** The same through pools of one and two workers, buffers given away so that they are transferred, not copied. */
export async function benchBulkPools(): Promise<Measurement[]> {
  const out: Measurement[] = [];
  for (const { backend } of await usableProviders()) {
    for (const size of [1, 2]) {
      const pool = createCryptoPool({ size, backend });
      let buffers: Uint8Array[] = [];
      const prepare = (): void => {
        buffers = Array.from({ length: POOL_CHUNKS }, () => new Uint8Array(CHUNK).fill(7));
      };
      const name = `${backend}, ${size} worker${size === 1 ? '' : 's'}`;
      const figure = mebibytesPerSecond(CHUNK * POOL_CHUNKS);
      const options = { samples: backend === 'portable' ? 5 : 10, warmUps: 2 };
      try {
        const seal: Subject = {
          name,
          prepare,
          run: async () => Promise.all(buffers.map(async (buffer) => pool.secretboxSeal(buffer, nonce, key, { consume: true }))),
          ...(size === 1 ? withTarget(backend, secretboxTargets) : {}),
        };
        const hash: Subject = {
          name,
          prepare,
          run: async () => Promise.all(buffers.map(async (buffer) => pool.sha256(buffer, { consume: true }))),
        };
        out.push(...(await measure('secretbox seal 5 MiB, pool', MIB_PER_SECOND, figure, [seal], options)));
        out.push(...(await measure('SHA-256 5 MiB, pool', MIB_PER_SECOND, figure, [hash], options)));
      } finally {
        await pool.close();
      }
    }
  }
  return out;
}
