export { isAcceptableEd25519PublicKey } from './ed25519-rule.js';
export { loadCrypto, type LoadCryptoOptions } from './load-crypto.js';
export * from './provider.js';
