import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressGroup } from './connection-room.js';

const LOOPBACK = /^(::ffff:)?127\.|^::1$/iu;

/**
 * Whose share of memory a request takes: that of its address (ours). Behind a proxy on this machine all would share that of the proxy, so its word counts:
 * the last address of `X-Forwarded-For`, which is the one that it has seen itself. Who can forge it gets what many addresses get, no more.
 */
export function clientGroup({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
  const peer = socket.remoteAddress ?? '';
  if (!LOOPBACK.test(peer)) return addressGroup(peer);
  const forwarded = String(headers['x-forwarded-for'] ?? '');
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
  return addressGroup(isIP(last) === 0 ? peer : last);
}
