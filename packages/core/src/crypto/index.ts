export * from './ed25519-rule.js';
export * from './load-crypto.js';
export * from './provider.js';
