import { BlindFollowRequest } from '@pyrgos/core/accounts';
import { fromHex } from '@pyrgos/core/bytes';
import { PaddedAsymmetricCipherText } from '@pyrgos/core/containers';
import { type PublicKeyHash, signAttached, signNow, SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpaceWorld, START } from '../../test/space-world.js';
import { MAX_FOLLOW_REQUESTS_OF_SENDER, MAX_PENDING_FOLLOW_REQUESTS } from '../limits.js';
import { IdentityKeys } from '../space/identity-keys.js';
import { FollowRequestTable } from './follow-request-table.js';
import { FollowRequests } from './follow-requests.js';
import { socialSchema } from './schema.js';

let world: SpaceWorld;
let alice: SigningKeyPair;
let service: FollowRequests;

beforeEach(async () => {
  world = await SpaceWorld.create({ schemas: [socialSchema] });
  alice = await world.addUser('alice');
  open();
});
afterEach(async () => world.close());

function open(): void {
  service = new FollowRequests({ ...world, identities: new IdentityKeys(world), table: new FollowRequestTable(world.db) });
}

const owner = (): PublicKeyHash => alice.publicKey.hash;
const get = async (by = alice, time = START): Promise<readonly BlindFollowRequest[]> =>
  service.getFollowRequests(owner(), signNow(world.crypto, by.secretKey, time));
const remove = async (request: BlindFollowRequest, by = alice): Promise<boolean> =>
  service.removeFollowRequest(owner(), signAttached(world.crypto, by.secretKey, request.encode()));

/** The request of the decryption vector of chapter 06 section 3.3, with another last byte for each number. */
function requestOf(number: number): BlindFollowRequest {
  const vector = BlindFollowRequest.decode(fromHex(VECTOR));
  const cipher = vector.cipherText.toCbor();
  if (!(cipher instanceof Uint8Array)) throw new Error('the cipher text is a byte string');
  const changed = cipher.slice();
  changed[changed.length - 1] = number;
  return BlindFollowRequest.of(PaddedAsymmetricCipherText.fromCbor(changed), vector.ephemeralKey);
}

describe('the inbox of follow requests', () => {
  test('anybody sends, the owner reads in order and removes exact bytes, all copies', async () => {
    const [a, b] = [requestOf(1), requestOf(2)];
    for (const request of [a, b, a]) expect(await service.sendFollowRequest(owner(), request)).toBe(true);
    await world.reopen();
    open();
    expect((await get()).map((request) => request.encode())).toEqual([a.encode(), b.encode(), a.encode()]);
    expect(await remove(a)).toBe(true);
    expect((await get()).map((request) => request.encode())).toEqual([b.encode()]);
    expect(await remove(a)).toBe(true);
  });

  test('a bad signature removes nothing and is no error, and reads nothing and is one', async () => {
    const stranger = SigningKeyPair.generate(world.crypto);
    await service.sendFollowRequest(owner(), requestOf(1));
    expect(await remove(requestOf(1), stranger)).toBe(false);
    expect(await service.removeFollowRequest(owner(), new Uint8Array(3))).toBe(false);
    await expect(get(stranger)).rejects.toMatchObject({ code: 'crypto.signature' });
    await expect(get(alice, START - 300_001)).rejects.toMatchObject({ message: 'Stale auth time, is your clock accurate?' });
    expect(await get()).toHaveLength(1);
  });

  test('one more than the maximum is stored, the next one is refused, also when they come at once', async () => {
    const results = await Promise.all(
      Array.from({ length: MAX_PENDING_FOLLOW_REQUESTS + 20 }, async (_, i) => service.sendFollowRequest(owner(), requestOf(i))),
    );
    expect(results.filter(Boolean)).toHaveLength(MAX_PENDING_FOLLOW_REQUESTS + 1);
    expect(await get()).toHaveLength(MAX_PENDING_FOLLOW_REQUESTS + 1);
    await remove((await get())[0]!);
    expect(await service.sendFollowRequest(owner(), requestOf(7))).toBe(true);
  });

  test('one address cannot fill an inbox, and others still get in', async () => {
    const send = async (client?: string): Promise<boolean | string> =>
      service.sendFollowRequest(owner(), requestOf(1), client).catch((error: unknown) => (error as { code: string }).code);
    const results: unknown[] = [];
    for (let i = 0; i <= MAX_PENDING_FOLLOW_REQUESTS; i++) results.push(await send('203.0.113.7'));
    expect(results.filter((result) => result === true)).toHaveLength(MAX_FOLLOW_REQUESTS_OF_SENDER);
    expect(results.at(-1)).toBe('rate');
    expect(await send('203.0.113.8')).toBe(true);
    expect(await send()).toBe(true);
  });

  test('nobody sends to somebody who has no account here', async () => {
    const stranger = SigningKeyPair.generate(world.crypto).publicKey.hash;
    await expect(service.sendFollowRequest(stranger, requestOf(1))).rejects.toMatchObject({ code: 'not-found.key' });
    const bob = await world.addUser('bob');
    world.quotas.remove('bob');
    await expect(service.sendFollowRequest(bob.publicKey.hash, requestOf(1))).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('the inbox stays when the identity changes; only the new one opens it', async () => {
    const next = SigningKeyPair.generate(world.crypto);
    await service.sendFollowRequest(owner(), requestOf(1));
    world.directory.set('alice', next.publicKey.hash);
    await service.sendFollowRequest(owner(), requestOf(2));
    await expect(get()).rejects.toMatchObject({ code: 'not-found.key' });
    expect(await service.getFollowRequests(next.publicKey.hash, signNow(world.crypto, next.secretKey, START))).toHaveLength(2);
  });
});

const VECTOR =
  'a26166590228036e48a4aac4e5182c20e5a35930f0c5d2c9f6c517080b32f824f25b78ba5765a3ced5ed34af703303cdf25e5bc2a388b13dfcf9b67e4775562f128bac76edd212fa80cce9fa7c1a0a1ecae32dc61587059e78de2d5f5e8e819e66dfae1391571c622beb85e7f4b26316c441e2e803aaa4cca44619fab234fa699ae0dee408242a2c778d40e1e0c92b06c2c85a01264253ace9273bc5f2ef76c322fe1b4ec10df94851a2c989ffd668f0645e48c3d542e4d4694b513849dca7d2e140790d634422022440f5b389c67b71ba64bd224731fd220416eb7ea45c90fb9c59dff918d9a08bd2e0624ff761d4614e9e91f4f6f2be40a947bffa954707bca184f8449b9f98f75f649a4a13e3d1b1c74db89b186bd68a86ea863a74a9e0dccd3c126641b4cfaff331521a28f8dac4240129c033ed15ea451c71dc7e7d5b8f03a3beddc5876f25e0cd4a1f8b869482b9cb5d086ab33ee38257bfd15019349637a2b4f9afc38a23580c78408968694e5078497be2320ff2e56d165b032f18d2c2afbcf78a9db711cdcd75fc0cdeca7d77687761e11f4ec24fe1d84b5e0e4b12c0be4ce89861bac60505f015ab20738a8a1e3696bba1e832593b6b1dd60860506428e5488cfdcf45ba89afbb656e2d90666112fb5d4b8be4e5bab6a7b0e949df00b586c5404d9f3bceebd265b28ad1754f8e419fb0195be2a38a3acbee9ef8a97efba2abc0c3b5070cff91d2904af90c3d28c7b405be17211607080fd868de7516626b32ae1179ef44a04eb119a2616b82015820a96e55e7683813c7d77e9201dee6254a075214627cda12fbc2c2101ba8836239';
