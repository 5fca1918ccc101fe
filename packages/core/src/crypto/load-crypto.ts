import { backendLoaders } from '#crypto-backends';
import { ArgumentError, CryptoError, PyrgosError } from '../errors.js';
import { createCheckedProvider } from './checked-provider.js';
import type { BackendLoaders, CryptoEngine } from './engine.js';
import type { CryptoBackend, CryptoProvider } from './provider.js';
import { runSelfTest } from './self-test.js';

/** What {@link loadCrypto} may be told. */
export interface LoadCryptoOptions {
  /** Use this back end or none; `auto` (the default) takes the first that works. */
  readonly backend?: CryptoBackend | 'auto' | undefined;
  /** Told about every back end that was tried and refused, and why. */
  readonly onRefused?: ((backend: CryptoBackend, reason: PyrgosError) => void) | undefined;
}

/** The type of {@link loadCrypto}. */
export type LoadCrypto = (options?: LoadCryptoOptions) => Promise<CryptoProvider>;

async function loadAndTest(backend: CryptoBackend, load: () => Promise<CryptoEngine>): Promise<CryptoProvider> {
  let engine: CryptoEngine;
  try {
    engine = await load();
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    const reason = error instanceof Error ? error.message : typeof error;
    throw new CryptoError('crypto.unavailable', `the ${backend} crypto back end cannot be loaded: ${reason}`, { backend, reason }, error);
  }
  const provider = createCheckedProvider(engine);
  await runSelfTest(backend, provider);
  return provider;
}

/** A loader over some back ends, with a cache of its own. */
export function createCryptoLoader(loaders: BackendLoaders): LoadCrypto {
  const loaded = new Map<CryptoBackend, Promise<CryptoProvider>>();

  async function loadBackend(backend: CryptoBackend): Promise<CryptoProvider> {
    const present = loaded.get(backend);
    if (present !== undefined) return present;
    const load = loaders.get(backend);
    if (load === undefined) throw new CryptoError('crypto.unavailable', `there is no ${backend} crypto back end here`, { backend });
    const promise = loadAndTest(backend, load);
    loaded.set(backend, promise);
    // A failure is not remembered: memory or a missing module may be there next time.
    promise.catch(() => loaded.delete(backend));
    return promise;
  }

  return async (options = {}) => {
    if (typeof options !== 'object' || options === null) throw new ArgumentError('options', 'must be an object');
    const { backend = 'auto', onRefused } = options;
    if (backend !== 'auto') {
      if (!['native', 'wasm', 'portable'].includes(backend)) throw new ArgumentError('backend', 'must be auto, native, wasm or portable');
      return loadBackend(backend);
    }
    const reasons: string[] = [];
    for (const candidate of loaders.keys()) {
      try {
        return await loadBackend(candidate);
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
        reasons.push(error.message);
        onRefused?.(candidate, error);
      }
    }
    throw new CryptoError('crypto.unavailable', `no crypto back end works here (${reasons.join('; ')})`);
  };
}

/**
 * The crypto engine of this platform, self-tested: in Node `native`, else `wasm`, else `portable`; in browsers `wasm`, else `portable`.
 * Loaded once per back end. CryptoError `crypto.unavailable` (with the reasons) when none works, or when the named one does not;
 * `crypto.self-test` when the named one computes wrongly.
 */
export const loadCrypto: LoadCrypto = createCryptoLoader(backendLoaders);
