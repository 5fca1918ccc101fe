import type { BackendLoaders } from './load-crypto.js';
import { createPortableEngine } from './portable-engine.js';
import { scryptInline } from './scrypt-inline.js';
import { loadWasmEngine } from './wasm-engine.js';

/** The back ends of browsers, best first. */
export const backendLoaders: BackendLoaders = new Map([
  ['wasm', async () => loadWasmEngine(scryptInline)],
  ['portable', async () => createPortableEngine(scryptInline)],
]);
