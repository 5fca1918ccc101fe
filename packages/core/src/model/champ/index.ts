export * from './champ.js';
export * from './champ-diff.js';
export * from './champ-lookup.js';
export { type ChampOptions } from './champ-shape.js';
export * from './chunk-mirror-cap.js';
