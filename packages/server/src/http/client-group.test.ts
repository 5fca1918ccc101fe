import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { clientGroup } from './client-group.js';

const groupOf = (peer: string, forwarded?: string | string[]): string => {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: peer });
  return clientGroup({ socket, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } });
};

test.each([
  ['203.0.113.7', undefined, '203.0.113.7'],
  ['127.0.0.1', undefined, '127.0.0.1'],
  ['127.0.0.1', '203.0.113.7', '203.0.113.7'],
  ['::ffff:127.0.0.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  // Nothing that is no address, and nobody but a proxy on this machine.
  ['127.0.0.1', 'unknown', '127.0.0.1'],
  ['127.0.0.1', '203.0.113.7, <script>', '127.0.0.1'],
  ['127.0.0.1', '', '127.0.0.1'],
  ['192.168.1.5', '203.0.113.7', '192.168.1.5'],
])('%s, forwarded for %s: %s', (peer, forwarded, group) => {
  expect(groupOf(peer, forwarded)).toBe(group);
});
