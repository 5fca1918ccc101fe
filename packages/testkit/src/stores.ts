export { MemoryBlockStore, signBlock } from './stores/memory-block-store.js';
export { MemoryPointerStore } from './stores/memory-pointer-store.js';
export { MemoryServer, type MemoryServerOptions } from './stores/memory-server.js';
export { type ServerHooks, type ServerOperation } from './stores/server-core.js';
export { ServerState } from './stores/server-state.js';
