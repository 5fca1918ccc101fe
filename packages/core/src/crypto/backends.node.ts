import type { BackendLoaders } from './engine.js';
import { loadNativeEngine, nodeHashes } from './native-engine.node.js';
import { scryptOffThread } from './pool/scrypt.js';

/**
 * The back ends of Node, best first. Without the native module the others still use Node's own SHA-256. They are imported when they are
 * wanted, because a command line starts often and seldom needs them.
 */
export const backendLoaders: BackendLoaders = new Map([
  ['native', async () => loadNativeEngine(scryptOffThread)],
  ['wasm', async () => (await import('./wasm-engine.js')).loadWasmEngine(scryptOffThread, nodeHashes)],
  ['portable', async () => (await import('./portable-engine.js')).createPortableEngine(scryptOffThread, nodeHashes)],
]);
