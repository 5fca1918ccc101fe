export * from './account-records.js';
export * from './accounts.js';
export * from './schema.js';
