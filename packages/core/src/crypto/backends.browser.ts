import type { BackendLoaders } from './engine.js';
import { scryptInline } from './scrypt-inline.js';
import { loadWasmEngine } from './wasm-engine.js';

/** The back ends of browsers, best first. The portable one is a chunk of its own: only pages that forbid WASM fetch it. */
export const backendLoaders: BackendLoaders = new Map([
  ['wasm', async () => loadWasmEngine(scryptInline)],
  ['portable', async () => (await import('./portable-engine.js')).createPortableEngine(scryptInline)],
]);
