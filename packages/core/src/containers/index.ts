export * from './asymmetric-cipher-text.js';
export * from './cipher-text.js';
export * from './fragment-fetch.js';
export * from './fragmented-cipher-text.js';
export * from './hash-tree.js';
export * from './padded-cipher-text.js';
export * from './password-protected.js';
export * from './symmetric-link.js';
