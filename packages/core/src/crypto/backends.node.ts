import type { BackendLoaders } from './load-crypto.js';
import { loadNativeEngine, nodeHashes } from './native-engine.node.js';
import { createPortableEngine } from './portable-engine.js';
import { scryptInline } from './scrypt-inline.js';
import { loadWasmEngine } from './wasm-engine.js';

/** The back ends of Node, best first. Without the native module the others still use Node's own SHA-256. */
export const backendLoaders: BackendLoaders = new Map([
  ['native', async () => loadNativeEngine(scryptInline)],
  ['wasm', async () => loadWasmEngine(scryptInline, nodeHashes)],
  ['portable', async () => createPortableEngine(scryptInline, nodeHashes)],
]);
