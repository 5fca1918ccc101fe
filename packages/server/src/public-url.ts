import type { ServerConfig } from './config/server-config.js';
import { listensEverywhere, urlHost } from './http/host-filter.js';
import { lanAddresses } from './lan-addresses.js';

type Place = Pick<ServerConfig, 'listenHost' | 'publicDomain'>;
/** Of this machine by default. */
type Interfaces = Parameters<typeof lanAddresses>[1];

/**
 * Where people open the server in a browser, without slash at the end: its public name, else the likeliest address in the local network if it can be
 * reached there, else this machine.
 */
export function publicUrl(place: Place, port: number, interfaces?: Interfaces): string {
  if (place.publicDomain !== undefined) return `https://${place.publicDomain}`;
  return lanUrls(place, port, interfaces)[0] ?? localUrl(place, port);
}

/**
 * Where others in the local network reach a server that listens on all addresses and has no public name, the likeliest first; the host filter admits
 * these names (chapter 02 section 1.3).
 */
export function lanUrls({ listenHost, publicDomain }: Place, port: number, interfaces?: Interfaces): string[] {
  if (publicDomain !== undefined || !listensEverywhere(listenHost)) return [];
  const suffix = port === 80 ? '' : `:${port}`;
  return lanAddresses(listenHost.includes(':'), interfaces).map((address) => `http://${urlHost(address)}${suffix}`);
}

/** Where this machine reaches the server, without slash at the end. */
export function localUrl({ listenHost, publicDomain }: Place, port: number): string {
  const suffix = port === 80 ? '' : `:${port}`;
  const isNear = ['localhost', '0.0.0.0', '::'].includes(listenHost);
  // A server with a public name answers to it, and to this address, but not to localhost (chapter 02 section 1.3).
  if (isNear) return `http://${publicDomain === undefined ? 'localhost' : '127.0.0.1'}${suffix}`;
  return `http://${urlHost(listenHost)}${suffix}`;
}

/**
 * The address to listen on. For `localhost` that is the IPv4 one, as with the reference: Node would take whichever the system names first, and
 * clients that are given 127.0.0.1 could not connect. Whoever looks the name up tries both.
 */
export function bindAddress(listenHost: string): string {
  return listenHost === 'localhost' ? '127.0.0.1' : listenHost;
}
