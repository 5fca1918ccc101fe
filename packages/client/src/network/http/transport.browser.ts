import { createFetchTransport } from './fetch-transport.js';
import type { Transport, TransportOptions } from './transport.js';

/** The transport of browsers: their own `fetch`, which knows how many connections are good. */
export function createTransport(options: TransportOptions): Transport {
  return createFetchTransport(async (url, init) => globalThis.fetch(url, init), options);
}
