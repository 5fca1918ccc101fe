import { fromHex } from '@pyrgos/core/bytes';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { beforeAll, describe, expect, test } from 'vitest';
import v from '../../../../../vectors/02/exchanges.json' with { type: 'json' };
import { isPlayable, isSame, parseTarget, type RecordedExchange, replayCall, shown } from '../../../test/network-replay.js';

const exchanges = v.valid.map((vector): readonly [string, RecordedExchange] => [
  vector.name,
  {
    method: vector.method,
    path: vector.path,
    requestBody: fromHex('body' in vector ? (vector.body ?? '') : ''),
    status: vector.status,
    responseHeaders: Object.fromEntries(Object.entries(vector.headers ?? {}).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
    responseBody: fromHex(vector.reply),
  },
]);

/** The examples of forms that only old clients write, or whose content is a placeholder that nothing can read. */
const notOurs = new Set([
  'block/stat without owner',
  'champ/get, legacy',
  'champ/get/bulk without caps',
  'link/counts as existing clients write it',
  'getLogin without mfaTypes',
  'ipns/get',
  'approve',
  'public file',
  'public file without open',
]);

/** The calls whose `auth` in the examples is the one of the test identity for this very path. */
const exactAuth = new Set([
  '/peergos/v0/bats/getUserBats',
  '/peergos/v0/social/getFollowRequests',
  '/peergos/v0/login/getLogin',
  '/peergos/v0/storage/quota',
  '/peergos/v0/storage/usage',
]);

const codes: ReadonlyMap<string, string> = new Map([
  ['block/get of an absent block', 'not-found.block'],
  ['block/get refused', 'denied.block'],
  ['blockstore/auth without S3', 'unsupported'],
  ['blockstore/auth-reads without S3', 'unsupported'],
  ['setPointer conflict', 'conflict.pointer'],
  ['getUsername of an unknown key', 'not-found.user'],
  ['getLogin, wrong password', 'denied.login'],
  ['getLogin, wrong code', 'denied.login'],
]);

describe('examples of chapter 02', () => {
  let crypto: CryptoProvider;
  let identity: SigningKeyPair;
  beforeAll(async () => {
    crypto = await loadCrypto();
    identity = SigningKeyPair.fromSeed(
      crypto,
      Uint8Array.from({ length: 32 }, (_, i) => i),
    );
  });

  test.each(exchanges.filter(([name]) => !notOurs.has(name)))('%s', async (name, exchange) => {
    expect(isPlayable(exchange)).toBe(true);
    const { sent, understood, error } = await replayCall(exchange, identity, crypto, 1_700_000_000_000);
    const { path, parameters } = parseTarget(exchange.path);
    expect([sent.method, sent.path]).toEqual(['POST', path]);
    const secret = exactAuth.has(path) ? ['req'] : ['auth', 'req'];
    // The example of a wrong password leaves out what does not matter there.
    if (name === 'getLogin, wrong password') secret.push('mfaTypes', 'proxy');
    const comparable = (all: ReadonlyMap<string, string>) => new Map([...all].filter(([key]) => !secret.includes(key)));
    expect(comparable(sent.parameters)).toEqual(comparable(parameters));
    if (path !== '/peergos/v0/server-message/send') expect(shown(sent.body)).toEqual(shown(exchange.requestBody));
    expect((error as { code?: string } | undefined)?.code).toBe(codes.get(name));
    if (understood !== undefined) expect(isSame(understood, exchange.responseBody)).toBe(true);
  });
});
