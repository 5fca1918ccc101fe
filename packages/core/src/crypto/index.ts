export { isAcceptableEd25519PublicKey } from './ed25519-rule.js';
export { type LoadCrypto, loadCrypto, type LoadCryptoOptions } from './load-crypto.js';
export * from './provider.js';
