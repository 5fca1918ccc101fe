import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressGroup } from './connection-room.js';
import { TrustedProxies } from './trusted-proxies.js';

/**
 * Whose share of memory a request takes: that of its address (ours). Behind a proxy all would share that of the proxy, so the word of a trusted one counts:
 * the last address of `X-Forwarded-For`, which is the one that it has seen itself. Who can forge it gets what many addresses get, no more.
 */
export function clientGroup(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  proxies: TrustedProxies = TrustedProxies.onThisMachine,
): string {
  return knownClient({ headers, socket }, proxies) ?? addressGroup(socket.remoteAddress ?? '');
}

/** The same where it is known; undefined behind a trusted proxy, or for a program on this machine, that does not say for whom it asks: those may be many. */
export function knownClient(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  proxies: TrustedProxies = TrustedProxies.onThisMachine,
): string | undefined {
  const peer = socket.remoteAddress ?? '';
  if (!proxies.has(peer)) return addressGroup(peer);
  const forwarded = String(headers['x-forwarded-for'] ?? '');
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
  return isIP(last) === 0 ? undefined : addressGroup(last);
}
