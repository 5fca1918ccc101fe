export * from './crypto-pool.js';
