export * from './block-store.js';
export * from './pointer-store.js';
