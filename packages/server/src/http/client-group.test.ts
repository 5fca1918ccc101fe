import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { clientGroup, knownClient } from './client-group.js';
import { TrustedProxies } from './trusted-proxies.js';

const groupOf = (peer: string, forwarded?: string | string[], proxies?: TrustedProxies): string => {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: peer });
  return clientGroup({ socket, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }, proxies);
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

test.each([
  ['private', '172.18.0.2', true],
  ['private', '::ffff:192.168.7.7', true],
  ['private', 'fd00::7', true],
  ['private', '203.0.113.9', false],
  ['private', '172.32.0.1', false],
  ['198.51.100.0/24', '198.51.100.77', true],
  ['198.51.100.0/24', '198.51.101.1', false],
  ['2001:db8::5', '2001:db8::5', true],
  ['2001:db8::5', '2001:db8::6', false],
  ['198.51.100.1', '127.0.0.1', true],
])('with %s trusted the word of %s counts: %s', (item, peer, counts) => {
  expect(TrustedProxies.isItem(item)).toBe(true);
  expect(groupOf(peer, '203.0.113.7', new TrustedProxies([item])) === '203.0.113.7').toBe(counts);
});

test.each(['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0', 'private,', '10.0.0.0/-1'])(
  '%j is no item of the list',
  (text) => {
    expect(TrustedProxies.isItem(text)).toBe(false);
  },
);

test('whoever asks for many without saying for whom is nobody who is known', () => {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: '127.0.0.1' });
  expect(knownClient({ socket, headers: {} })).toBeUndefined();
  expect(knownClient({ socket, headers: { 'x-forwarded-for': '203.0.113.7' } })).toBe('203.0.113.7');
});
