export * from './crypto-pool.js';
export type { PlainSection, SealedSection } from './section.js';
