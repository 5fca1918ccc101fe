import { expect, test } from 'vitest';
import { encodeBase58, parseCid } from '@pyrgos/core/codec';
import { scriptedServices } from '../../test/http/scripted-services.js';
import { type HostRules, listensEverywhere, matchHost, uiHost } from './host-filter.js';

const { ids } = scriptedServices();
const past = parseCid('QmVdFZgHnEgcedCS2G2ZNiEN59LuVrnRm7z3yXtEBv2XiF');
const rules = (more: Partial<HostRules> = {}): HostRules => ({ listenHost: 'localhost', ids, ...more });
const judge = (host: string, more: Partial<HostRules> = {}, port = 8000): string | undefined => {
  const match = matchHost([host], port, rules(more));
  return match === undefined ? undefined : `${match.subdomain ?? ''}@${match.uiHost}`;
};
const everywhere = { listenHost: '0.0.0.0' };
const publicly = { publicDomain: 'files.example.org' };

test.each([
  ['localhost:8000', {}, '@localhost:8000'],
  ['LocalHost:8000', {}, '@localhost:8000'],
  ['127.0.0.1:8000', {}, '@127.0.0.1:8000'],
  ['calendar.localhost:8000', {}, 'calendar@localhost:8000'],
  ['12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB', {}, '@localhost:8000'],
  ['5AanNVJCxnF5YtgjnHW43gxUTgmt6xvBeG7J5LxrDKZZtnXNC34Ldm', {}, '@localhost:8000'],
  [encodeBase58(past.multihash.bytes), { ids: { ...ids, all: [past, ...ids.all] } }, '@localhost:8000'],
  ['files.example.org', publicly, '@files.example.org'],
  ['files.example.org:443', publicly, '@files.example.org:443'],
  ['pdf.files.example.org', publicly, 'pdf@files.example.org'],
  ['127.0.0.1:8000', publicly, '@127.0.0.1:8000'],
  ['192.168.1.5:8000', everywhere, '@192.168.1.5:8000'],
  ['localhost:8000', everywhere, '@localhost:8000'],
  ['email.localhost:8000', everywhere, 'email@localhost:8000'],
  ['[2001:db8::1]:8000', { listenHost: '::' }, '@[2001:db8::1]:8000'],
  ['[::1]:8000', { listenHost: '[::]' }, '@[::1]:8000'],
  ['10.0.0.1:8000', { listenHost: '::' }, '@10.0.0.1:8000'],
  ['nas:8000', { listenHost: 'nas' }, '@nas:8000'],
  ['[::1]:8000', { listenHost: '::1' }, '@[::1]:8000'],
])('%s passes for %j', (host, more, expected) => {
  expect(judge(host, more)).toBe(expected);
});

test('the default port is left out by browsers', () => {
  expect(judge('localhost', {}, 80)).toBe('@localhost');
  expect(judge('192.168.1.5', everywhere, 80)).toBe('@192.168.1.5:80'.replace(':80', ''));
});

test.each([
  ['localhost', {}],
  ['localhost:8001', {}],
  ['evil.example', {}],
  ['evillocalhost:8000', {}],
  ['a.b.localhost:8000', {}],
  ['.localhost:8000', {}],
  ["x';script-src *;.localhost:8000", {}],
  ['localhost:8000 ', {}],
  ['user@localhost:8000', {}],
  ['localhost:8000/', {}],
  ['', {}],
  ['192.168.1.5:8000', {}],
  ['[::1]:8000', {}],
  ['localhost:8000', publicly],
  ['files.example.org:8000', publicly],
  ['files.example.org.evil.example', publicly],
  ['192.168.1.5:8000', publicly],
  ['192.168.1.5:8001', everywhere],
  ['evil.example:8000', everywhere],
  ['[2001:db8::1]:8000', everywhere],
  ['12d3koowa4xop1jat3mhxwymkcepysv4ipvopmxwcz5ihydbfesb', {}],
  ['calendar.12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB', {}],
  ['z5AanNVJCxnF5YtgjnHW43gxUTgmt6xvBeG7J5LxrDKZZtnXNC34Ldm', {}],
  [`${'a'.repeat(400)}.localhost:8000`, {}],
])('%j does not pass for %j', (host, more) => {
  expect(judge(host, more)).toBeUndefined();
});

test('exactly one Host header', () => {
  expect(matchHost([], 8000, rules())).toBeUndefined();
  expect(matchHost(['localhost:8000', 'localhost:8000'], 8000, rules())).toBeUndefined();
});

test('the host of the pages', () => {
  expect(uiHost({ listenHost: 'localhost' }, 1)).toBe('localhost:1');
  expect(uiHost({ listenHost: '::1' }, 1)).toBe('[::1]:1');
  expect(uiHost({ listenHost: '0.0.0.0', publicDomain: 'a.b' }, 1)).toBe('a.b');
  expect(['0.0.0.0', '::', '[::]', 'localhost'].map(listensEverywhere)).toEqual([true, true, true, false]);
});
