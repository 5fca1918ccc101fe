import type { BackendLoaders } from './engine.js';
import { scryptOffThread } from './pool/scrypt.js';
import { loadWasmEngine } from './wasm-engine.js';

/** The back ends of browsers, best first. The portable one is a chunk of its own: only pages that forbid WASM fetch it. */
export const backendLoaders: BackendLoaders = new Map([
  ['wasm', async () => loadWasmEngine(scryptOffThread)],
  ['portable', async () => (await import('./portable-engine.js')).createPortableEngine(scryptOffThread)],
]);
