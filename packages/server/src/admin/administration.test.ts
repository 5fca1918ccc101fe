import { LabelledSignedSpaceRequest, SpaceRequest } from '@pyrgos/core/accounts';
import { Cid, CidCodec, Multihash } from '@pyrgos/core/codec';
import { signAttached, signNow, SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpaceWorld, START } from '../../test/space-world.js';
import { IdentityKeys } from '../space/identity-keys.js';
import { SignupPermission } from '../space/signup-permission.js';
import { SpaceRequestTable } from '../space/space-request-table.js';
import { TokenTable } from '../space/token-table.js';
import { Administration } from './administration.js';
import { adminSchema } from './schema.js';

const serverId = (byte: number): Cid => Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32).fill(byte)));
const OURS = serverId(1);

let world: SpaceWorld;
let admin: SigningKeyPair;
let alice: SigningKeyPair;
let requests: SpaceRequestTable;
let service: Administration;

beforeEach(async () => {
  world = await SpaceWorld.create({ schemas: [adminSchema] });
  admin = await world.addUser('boss');
  alice = await world.addUser('alice', 100);
  open();
});
afterEach(async () => world.close());

function open(): void {
  const { clock, crypto, db, quotas } = world;
  requests = new SpaceRequestTable(db);
  const tokens = new TokenTable({ db, hasher: crypto, random: crypto, clock });
  service = new Administration({
    ...world,
    identities: new IdentityKeys(world),
    ids: { isOurs: (provider) => provider.equals(OURS) },
    requests,
    permission: new SignupPermission({ db, quotas, tokens, clock, maxUsers: 3, defaultQuota: 5 }),
    adminUsernames: new Set(['boss', 'not-signed-up']),
    version: '1.32.0',
    source: 'abc',
  });
}

const wish = (parts: Partial<Parameters<typeof SpaceRequest.of>[0]> = {}, by = alice): Uint8Array =>
  SpaceRequest.of({ username: 'alice', bytes: 900, time: START, ...parts }).sign(world.crypto, by.secretKey);
const pending = async (time: number, by = admin, instance = OURS) =>
  service.pending(by.publicKey.hash, instance, signNow(world.crypto, by.secretKey, time));
const approve = async (username: string, request: Uint8Array, by = admin, instance = OURS, signer = by): Promise<boolean> =>
  service.approve(
    by.publicKey.hash,
    instance,
    signAttached(world.crypto, signer.secretKey, LabelledSignedSpaceRequest.of(username, request).encode()),
  );

test('what anybody may ask', async () => {
  expect(service.version()).toEqual({ version: '1.32.0', source: 'abc' });
  expect((await service.signups()).toCbor()).toEqual(
    new Map([
      ['f', true],
      ['p', false],
    ]),
  );
  world.quotas.set('carol', 1);
  expect((await service.signups()).free).toBe(false);
  expect(await service.joinWaitList('somebody@example.org')).toBe(false);
});

describe('pending space requests', () => {
  test('for administrators, each signed time once and in order, across restarts', async () => {
    requests.put('alice', wish());
    const listed = (await pending(START)).map((request) => request.toCbor());
    expect(listed).toEqual([LabelledSignedSpaceRequest.of('alice', wish()).toCbor()]);
    const replay = { message: 'Replay attack? Stale auth time for getPendingSpaceRequests' };
    await expect(pending(START)).rejects.toMatchObject(replay);
    await expect(pending(START - 1)).rejects.toMatchObject(replay);
    expect(await pending(START + 1)).toHaveLength(1);
    await world.reopen();
    open();
    await expect(pending(START + 1)).rejects.toMatchObject(replay);
    expect(await pending(START + 2)).toHaveLength(1);
  });

  test('a refused time does not count', async () => {
    await expect(pending(START + 60_001)).rejects.toMatchObject({ message: 'Stale auth time, is your clock accurate?' });
    await expect(service.pending(admin.publicKey.hash, OURS, signNow(world.crypto, alice.secretKey, START + 50_000))).rejects.toMatchObject(
      {
        code: 'crypto.signature',
      },
    );
    expect(await pending(START + 60_000)).toEqual([]);
  });

  test('nothing for others, and not for another instance', async () => {
    requests.put('alice', wish());
    expect(await pending(START, alice)).toEqual([]);
    expect(await pending(START, SigningKeyPair.generate(world.crypto))).toEqual([]);
    await expect(pending(START, admin, serverId(2))).rejects.toMatchObject({ code: 'denied.admin' });
    const next = SigningKeyPair.generate(world.crypto);
    world.directory.set('boss', next.publicKey.hash);
    expect(await pending(START)).toEqual([]);
    expect(await pending(START, next)).toHaveLength(1);
  });
});

describe('approval', () => {
  test('sets the quota that was asked for, once', async () => {
    requests.put('alice', wish());
    expect(await approve('alice', wish())).toBe(true);
    expect(world.quotas.get('alice')).toBe(900);
    expect(requests.list()).toEqual([]);
    world.quotas.set('alice', 100);
    expect(await approve('alice', wish())).toBe(false);
    expect(world.quotas.get('alice')).toBe(100);
  });

  test('only what is waiting, exactly', async () => {
    requests.put('alice', wish({ bytes: 901 }));
    expect(await approve('alice', wish())).toBe(false);
    expect(requests.list()).toHaveLength(1);
  });

  test('by administrators, of requests that the user signed in its own name', async () => {
    requests.put('alice', wish());
    const cases = [
      [approve('alice', wish(), alice), 'User is not an admin on this instance!'],
      [approve('alice', wish(), admin, serverId(2)), 'This is another instance.'],
      [approve('alice', wish(), admin, OURS, alice), 'the signature is not valid for this key'],
      [approve('alice', wish({}, admin)), 'the signature is not valid for this key'],
      [approve('boss', wish({}, admin)), 'The request is for another user than its label says.'],
      [approve('nobody', wish()), 'No such user on this server.'],
    ] as const;
    for (const [call, message] of cases) await expect(call).rejects.toMatchObject({ message });
    expect([world.quotas.get('alice'), requests.list().length]).toEqual([100, 1]);
    world.quotas.remove('alice');
    await expect(approve('alice', wish())).rejects.toMatchObject({ message: 'No space quota for alice' });
  });
});
