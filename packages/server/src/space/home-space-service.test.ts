import { SpaceRequest } from '@pyrgos/core/accounts';
import { encodeCbor } from '@pyrgos/core/codec';
import { type PublicKeyHash, signAttached, signNow, SigningKeyPair } from '@pyrgos/core/keys';
import { WriterData } from '@pyrgos/core/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpaceWorld, START } from '../../test/space-world.js';
import { HomeSpaceService } from './home-space-service.js';
import { IdentityKeys } from './identity-keys.js';
import { SpaceRequestTable } from './space-request-table.js';

let world: SpaceWorld;
let alice: SigningKeyPair;
let service: HomeSpaceService;
let requests: SpaceRequestTable;

beforeEach(async () => {
  world = await SpaceWorld.create();
  alice = await world.addUser('alice', 5000);
  requests = new SpaceRequestTable(world.db);
  service = new HomeSpaceService({ ...world, identities: new IdentityKeys(world), requests });
});
afterEach(async () => world.close());

const owner = (): PublicKeyHash => alice.publicKey.hash;
const auth = (time = START, by = alice): Uint8Array => signNow(world.crypto, by.secretKey, time);
const request = (parts: Partial<Parameters<typeof SpaceRequest.of>[0]> = {}, by = alice): Uint8Array =>
  SpaceRequest.of({ username: 'alice', bytes: 9000, time: START, ...parts }).sign(world.crypto, by.secretKey);

describe('usage and quota', () => {
  test('say what is stored, with and without what is just being uploaded', async () => {
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner()));
    await world.space.admit(owner(), owner(), 100, 1);
    const stored = WriterData.of(owner()).encode().length;
    expect(await service.usage(owner(), auth(), false)).toBe(stored);
    expect(await service.usage(owner(), auth(), true)).toBe(stored + 100);
    expect(await service.quota(owner(), auth())).toBe(5000);
    expect((await service.paymentProperties(owner(), true, auth())).toCbor()).toEqual(
      new Map<string, unknown>([
        ['annual', false],
        ['freeQuota', 5000],
        ['nextCharge', 0],
        ['desiredQuota', 0],
      ]),
    );
  });

  test('within 300 s in both directions, for the current identity of an account here', async () => {
    const calls = [
      async (of: PublicKeyHash, signed: Uint8Array): Promise<unknown> => service.usage(of, signed, false),
      async (of: PublicKeyHash, signed: Uint8Array): Promise<unknown> => service.quota(of, signed),
      async (of: PublicKeyHash, signed: Uint8Array): Promise<unknown> => service.paymentProperties(of, false, signed),
    ];
    const stranger = SigningKeyPair.generate(world.crypto);
    const bob = await world.addUser('bob');
    world.quotas.remove('bob');
    for (const call of calls) {
      for (const offset of [-300_000, 300_000]) await call(owner(), auth(START + offset));
      for (const offset of [-300_001, 300_001]) {
        await expect(call(owner(), auth(START + offset))).rejects.toMatchObject({ message: 'Stale auth time, is your clock accurate?' });
      }
      await expect(call(owner(), auth(START, stranger))).rejects.toMatchObject({ code: 'crypto.signature' });
      await expect(call(stranger.publicKey.hash, auth(START, stranger))).rejects.toMatchObject({
        message: `Unknown identity key: ${stranger.publicKey.hash.toString()}`,
      });
      await expect(call(bob.publicKey.hash, auth(START, bob))).rejects.toMatchObject({ message: 'No space quota for bob' });
    }
  });

  test('a former identity signs nothing any more', async () => {
    const next = SigningKeyPair.generate(world.crypto);
    world.directory.set('alice', next.publicKey.hash);
    await expect(service.quota(owner(), auth())).rejects.toMatchObject({ code: 'not-found.key' });
    expect(await service.quota(next.publicKey.hash, auth(START, next))).toBe(5000);
  });
});

describe('space requests', () => {
  test('wait for an administrator, the last one of each user', async () => {
    const first = request();
    expect((await service.requestSpace(owner(), first)).freeQuota).toBe(5000);
    expect(requests.list()).toEqual([{ username: 'alice', signedRequest: first }]);
    const later = request({ bytes: 9001, time: START + 1 });
    world.clock.time += 1;
    expect((await service.requestSpace(owner(), later)).freeQuota).toBe(5000);
    expect(requests.list()).toEqual([{ username: 'alice', signedRequest: later }]);
    expect([requests.has('alice', first), requests.has('alice', later), requests.has('bob', later)]).toEqual([false, true, false]);
    // Somebody sends the old one again.
    await service.requestSpace(owner(), first);
    expect(requests.has('alice', later)).toBe(true);
    expect(world.quotas.get('alice')).toBe(5000);
  });

  test('of a wrong clock, or of a former identity, keep no later one out', async () => {
    const future = request({ time: START + 86_400_000 });
    await service.requestSpace(owner(), future);
    const today = request({ bytes: 9001 });
    await service.requestSpace(owner(), today);
    expect(requests.has('alice', today)).toBe(true);
    const next = SigningKeyPair.generate(world.crypto);
    world.directory.set('alice', next.publicKey.hash);
    const renewed = request({ time: START - 1000 }, next);
    await service.requestSpace(next.publicKey.hash, renewed);
    expect(requests.has('alice', renewed)).toBe(true);
  });

  test('must be fresh, in the name of their signer, and well formed', async () => {
    const refused = [
      [request({ time: START - 300_001 }), 'Stale auth time, is your clock accurate?'],
      [request({ username: 'bob' }), 'The space request is for another user.'],
      [request({}, SigningKeyPair.generate(world.crypto)), 'the signature is not valid for this key'],
      [signAttached(world.crypto, alice.secretKey, encodeCbor('no request')), 'SpaceRequest: must be a map'],
    ] as const;
    for (const [signed, message] of refused) await expect(service.requestSpace(owner(), signed)).rejects.toMatchObject({ message });
    expect(requests.list()).toEqual([]);
    await service.requestSpace(owner(), request({ time: START - 300_000 }));
    requests.remove('alice');
    await service.requestSpace(owner(), request({ time: START + 86_400_000 }));
    expect(requests.list()).toHaveLength(1);
  });
});
