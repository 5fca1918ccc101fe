import { loadCrypto } from '@pyrgos/core/crypto';
import { ArgumentError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import { connect, type ConnectOptions, type LogInOptions, MemoryLocalStore, type PyrgosServer } from './index.js';

/** Nothing answers here, and nothing is to be asked. */
const nowhere = 'http://localhost:1';

const field = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'accepted',
    (error: unknown) => (error instanceof ArgumentError ? error.data.field : error),
  );

describe('what cannot be an option of connect is told by connect', () => {
  test.each<[string, object]>([
    ['options.storre', { storre: new MemoryLocalStore() }],
    ['crypto', { crypto: {} }],
    ['pool', { pool: {} }],
    ['pool', { pool: 4 }],
    ['clock', { clock: Date }],
    ['random', { random: {} }],
    ['store', { store: new Map() }],
    ['blockCache', { blockCache: {} }],
    ['cacheBytes', { cacheBytes: -1 }],
    ['pointerCacheMilliseconds', { pointerCacheMilliseconds: '7' }],
    ['thumbnailer', { thumbnailer: {} }],
    ['chunksInFlight', { chunksInFlight: 100 }],
    ['chunksInFlight', { chunksInFlight: 0 }],
    ['http', { http: 'x' }],
    ['http.timeout', { http: { timeout: 5 } }],
    ['http.server', { http: { server: nowhere } }],
    ['http.basicAuth', { http: { basicAuth: 'ada:secret' } }],
    ['http.basicAuth.password', { http: { basicAuth: { user: 'ada' } } }],
    ['http.isPublic', { http: { isPublic: 'yes' } }],
    ['http.maxRequests', { http: { maxRequests: 0 } }],
    ['http.timeouts.connect', { http: { timeouts: { connect: 1 } } }],
    ['http.timeouts.idle', { http: { timeouts: { idle: -1 } } }],
    ['http.onRequest', { http: { onRequest: {} } }],
    ['http.fetch', { http: { fetch: 'fetch' } }],
    ['http.timer', { http: { timer: 1 } }],
  ])('%s', async (name, options) => {
    expect(await field(connect(nowhere, options as ConnectOptions))).toBe(name);
  });

  test('and what can be is taken', async () => {
    const crypto = await loadCrypto();
    const http: ConnectOptions['http'] = { basicAuth: { user: 'ada', password: 'x' }, timeouts: { call: 1000 }, isPublic: undefined };
    const thumbnailer = { create: async () => undefined };
    const options = { crypto, random: crypto, http, thumbnailer, chunksInFlight: 8, cacheBytes: 0, store: undefined };
    expect(await field(connect(nowhere, options))).toBe('accepted');
  });
});

describe('what cannot be an option of a call is told by the call, before anything is sent', () => {
  const user = { username: 'ada', password: 'seven lanterns over quiet water' };
  const server = async (): Promise<PyrgosServer> => connect(nowhere);

  test.each<[string, object]>([
    ['secondFactor', { secondFactor: 'x' }],
    ['secondFactorAttempts', { secondFactorAttempts: 'x' }],
    ['secondFactorAttempts', { secondFactorAttempts: 0 }],
    ['secondFactorAttempts', { secondFactorAttempts: 1.5 }],
    ['deviceKey', { deviceKey: 'x' }],
    ['upgradesBoxingKey', { upgradesBoxingKey: 1 }],
    ['pool', { pool: {} }],
    ['store', { store: 1 }],
  ])('logIn and finishDeletion: %s', async (name, options) => {
    const wrong = { ...user, ...options } as LogInOptions;
    expect(await field((await server()).logIn(wrong))).toBe(name);
    expect(await field((await server()).finishDeletion(wrong))).toBe(name);
  });

  test.each<[string, object]>([
    ['deviceKey', { deviceKey: 'x' }],
    ['identity', { identity: {} }],
    ['cost', { cost: 18 }],
    ['cost.logN', { cost: { logN: 3 } }],
    ['cost.r', { cost: { r: '8' } }],
    ['token', { token: 1 }],
    ['pool', { pool: {} }],
  ])('signUp: %s', async (name, options) => {
    expect(await field((await server()).signUp({ ...user, ...options }))).toBe(name);
  });
});
