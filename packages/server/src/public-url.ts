import type { ServerConfig } from './config/server-config.js';

type Place = Pick<ServerConfig, 'listenHost' | 'publicDomain'>;

/** Where people open the server in a browser, without slash at the end: its public name, or this machine. */
export function publicUrl(place: Place, port: number): string {
  return place.publicDomain === undefined ? localUrl(place, port) : `https://${place.publicDomain}`;
}

/** Where this machine reaches the server, without slash at the end. */
export function localUrl({ listenHost, publicDomain }: Place, port: number): string {
  const suffix = port === 80 ? '' : `:${port}`;
  const isNear = ['localhost', '0.0.0.0', '::'].includes(listenHost);
  // A server with a public name answers to it, and to this address, but not to localhost (chapter 02 section 1.3).
  if (isNear) return `http://${publicDomain === undefined ? 'localhost' : '127.0.0.1'}${suffix}`;
  return `http://${listenHost.includes(':') ? `[${listenHost}]` : listenHost}${suffix}`;
}

/**
 * The address to listen on. For `localhost` that is the IPv4 one, as with the reference: Node would take whichever the system names first, and
 * clients that are given 127.0.0.1 could not connect. Whoever looks the name up tries both.
 */
export function bindAddress(listenHost: string): string {
  return listenHost === 'localhost' ? '127.0.0.1' : listenHost;
}
