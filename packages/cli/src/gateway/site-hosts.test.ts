import { ConfigError } from '@pyrgos/server/config';
import { expect, test } from 'vitest';
import { assertSeparate, siteOwner } from './site-hosts.js';

test.each([
  [['ada.sites.example'], 'ada'],
  [['Ada.Sites.Example:443'], 'ada'],
  [['a-b_c.sites.example:9000'], 'a-b_c'],
  [['ada.sites.example.'], 'ada'],
  [['ada.sites.example.:9000'], 'ada'],
  [['ada.sites.example..'], undefined],
  [['sites.example'], undefined],
  [['.sites.example'], undefined],
  [['a.b.sites.example'], undefined],
  [['adasites.example'], undefined],
  [['ada.sites.example.evil.example'], undefined],
  [['ada.sites.example', 'bob.sites.example'], undefined],
  [['ada@sites.example'], undefined],
  [['ada.sites.example:'], undefined],
  [[], undefined],
  [[''], undefined],
  [['../x.sites.example'], undefined],
  [[`${'a'.repeat(400)}.sites.example`], undefined],
])('%j', (hosts, owner) => {
  expect(siteOwner(hosts, 'sites.example')).toBe(owner);
});

test('no user gets the place of the app', () => {
  const server = { publicDomain: 'files.example', listenHost: 'localhost', basicAuth: undefined };
  for (const domain of ['files.example', 'example']) expect(() => assertSeparate(domain, server)).toThrow(ConfigError);
  for (const domain of ['sites.example', 'sites.files.example', 'others.example']) assertSeparate(domain, server);
  expect(() => assertSeparate('localhost', { ...server, publicDomain: undefined })).toThrow(ConfigError);
  assertSeparate('sites.localhost', { ...server, publicDomain: undefined });
});
