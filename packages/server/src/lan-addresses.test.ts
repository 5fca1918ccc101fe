import { expect, test } from 'vitest';
import { scriptedServices } from '../test/http/scripted-services.js';
import { matchHost } from './http/host-filter.js';
import { lanAddresses } from './lan-addresses.js';
import { lanUrls, localUrl, publicUrl } from './public-url.js';

const interfaces = {
  lo: [
    { address: '127.0.0.1', family: 'IPv4', internal: true },
    { address: '::1', family: 'IPv6', internal: true },
  ],
  docker0: [{ address: '172.17.0.1', family: 'IPv4', internal: false }],
  eth0: [
    { address: 'fe80::1', family: 'IPv6', internal: false },
    { address: '2001:db8::7', family: 'IPv6', internal: false },
    { address: '192.168.1.5', family: 'IPv4', internal: false },
  ],
  wlan0: [{ address: '169.254.3.4', family: 'IPv4', internal: false }],
};

test('the addresses of the local network, the likeliest first', () => {
  expect(lanAddresses(false, interfaces)).toEqual(['192.168.1.5', '172.17.0.1']);
  expect(lanAddresses(true, interfaces)).toEqual(['192.168.1.5', '2001:db8::7', '172.17.0.1']);
  expect(lanAddresses(true, { lo: interfaces.lo, gone: undefined })).toEqual([]);
});

test('a server on all addresses is open under them, and admits them', () => {
  const { ids } = scriptedServices();
  for (const [listenHost, expected] of [
    ['0.0.0.0', ['http://192.168.1.5:8000', 'http://172.17.0.1:8000']],
    ['::', ['http://192.168.1.5:8000', 'http://[2001:db8::7]:8000', 'http://172.17.0.1:8000']],
  ] as const) {
    const place = { listenHost, publicDomain: undefined };
    const urls = lanUrls(place, 8000, interfaces);
    expect(urls).toEqual(expected);
    for (const url of urls) expect(matchHost([new URL(url).host], 8000, { listenHost, ids }), url).toBeDefined();
    expect([publicUrl(place, 8000, interfaces), localUrl(place, 8000)]).toEqual([expected[0], 'http://localhost:8000']);
    expect(publicUrl(place, 8000, {})).toBe('http://localhost:8000');
    expect(publicUrl({ listenHost, publicDomain: 'files.example.org' }, 8000, interfaces)).toBe('https://files.example.org');
    expect(lanUrls({ listenHost, publicDomain: 'files.example.org' }, 8000, interfaces)).toEqual([]);
  }
  expect(lanUrls({ listenHost: '0.0.0.0', publicDomain: undefined }, 80, interfaces)[0]).toBe('http://192.168.1.5');
  expect(lanUrls({ listenHost: 'localhost', publicDomain: undefined }, 80, interfaces)).toEqual([]);
});
