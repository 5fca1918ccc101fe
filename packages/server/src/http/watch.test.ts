import { decodeTrailer, decodeWatchAnswer, encodeWatchRequest, type WatchRequest } from '@pyrgos/core/api';
import { cborMap, encodeCbor } from '@pyrgos/core/codec';
import { type Signer, signAttached, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_WATCH_SECONDS, MAX_WATCHED_POINTERS } from '@pyrgos/core/limits';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../test/http/http-world.js';
import { START } from '../../test/space-world.js';
import { WATCH, WatchWorld } from '../../test/watch-world.js';
import {
  MAX_REQUESTS_IN_FLIGHT,
  MAX_WATCH_BODY_SIZE,
  MAX_WATCHED_POINTERS_IN_ALL,
  MAX_WATCHES,
  MAX_WATCHES_PER_ADDRESS,
  WATCH_PAUSE_SECONDS,
} from '../limits.js';

let world: WatchWorld;
let a: Signer;
let b: Signer;

beforeEach(async () => open());
afterEach(async () => world.close());

async function open(options: Parameters<typeof WatchWorld.start>[0] = {}): Promise<void> {
  world = await WatchWorld.start(options);
  [a, b] = [newKey(), newKey()];
  for (const writer of [a, b]) await world.addWriter(writer);
  await world.commit(a);
}

/** The world of {@link beforeEach} with other options. */
async function reopen(options: Parameters<typeof WatchWorld.start>[0]): Promise<void> {
  await world.close();
  await open(options);
}

const newKey = (): Signer => SigningKeyPair.generate(world.space.crypto).signer;
const stored = (writer: Signer): Uint8Array => world.space.space.ledger.pointers.get(writer.publicKeyHash)!;
const nothing = { pointers: [], elsewhere: [] };
const waitingAre = async (count: number): Promise<void> => eventually(() => world.watches.size === count);

/** Waits in this process, where nobody tells an address. */
function local(request: WatchRequest): { readonly answer: Promise<unknown>; readonly leave: () => void } {
  const controller = new AbortController();
  const answer = world.watches.watch(request, { client: undefined, signal: controller.signal });
  return { answer, leave: () => controller.abort() };
}

/** Waits as if from an address. */
async function from(client: string, request: WatchRequest = { pointers: [world.known(a)] }): Promise<unknown> {
  return world.watches.watch(request, { client, signal: new AbortController().signal });
}

describe('waiting', () => {
  test('ends when a pointer changes, and wakes nobody who waits for another one', async () => {
    const [first, second] = [world.fetch({ pointers: [world.known(b), world.known(a)] }), world.fetch({ pointers: [world.known(a)] })];
    const other = world.fetch({ pointers: [world.known(b)] });
    await waitingAre(3);
    await world.commit(a);
    expect(await first).toEqual({ pointers: [{ index: 1, signed: stored(a) }], elsewhere: [] });
    expect(await second).toEqual({ pointers: [{ index: 0, signed: stored(a) }], elsewhere: [] });
    expect(world.watches.size).toBe(1);
    await world.commit(b);
    expect(await other).toEqual({ pointers: [{ index: 0, signed: stored(b) }], elsewhere: [] });
    expect([world.watches.size, world.bell.size, world.hasTimer]).toEqual([0, 0, false]);
  });

  test('what one commit changes is told together, and what is gone is told as nothing', async () => {
    const both = world.fetch({ pointers: [world.known(a), world.known(b)] });
    await waitingAre(1);
    await world.commit(b, a);
    expect((await both).pointers.map(({ index }) => index)).toEqual([0, 1]);
    const gone = world.fetch({ pointers: [world.known(a)] });
    await waitingAre(1);
    const { db, space } = world.space;
    db.transaction(() => space.ledger.pointers.remove(a.publicKeyHash));
    expect(await gone).toEqual({ pointers: [{ index: 0, signed: new Uint8Array() }], elsewhere: [] });
  });

  test('does not begin when the marks are not right any more, or when there are none', async () => {
    const old = world.known(a);
    await world.commit(a);
    expect((await world.fetch({ pointers: [old, world.known(b)] })).pointers).toEqual([{ index: 0, signed: stored(a) }]);
    expect((await world.fetch({ pointers: [{ ...world.known(a), mark: undefined }] })).pointers).toEqual([{ index: 0, signed: stored(a) }]);
    expect((await world.fetch({ pointers: [{ ...world.known(b), mark: undefined }] })).pointers).toEqual([
      { index: 0, signed: new Uint8Array() },
    ]);
  });

  test('ends with nothing after the time that was asked for, and after the longest one', async () => {
    const [short, long] = [world.fetch({ pointers: [world.known(a)], seconds: 5 }), world.fetch({ pointers: [world.known(a)] })];
    await waitingAre(2);
    world.pass(4.9);
    expect(world.watches.size).toBe(2);
    world.pass(0.1);
    expect(await short).toEqual(nothing);
    world.pass(MAX_WATCH_SECONDS - 5.1);
    expect(world.watches.size).toBe(1);
    world.pass(0.1);
    expect(await long).toEqual(nothing);
  });

  test('a change that is rolled back, or leads to the same, wakes nobody', async () => {
    const waiting = world.fetch({ pointers: [world.known(a)] });
    await waitingAre(1);
    const { db, space } = world.space;
    const { pointers } = space.ledger;
    const before = stored(a);
    expect(() =>
      db.transaction(() => {
        pointers.set(a.publicKeyHash, new Uint8Array(100));
        throw new Error('no room');
      }),
    ).toThrow('no room');
    db.transaction(() => pointers.set(a.publicKeyHash, before));
    await world.commit(b);
    await db.durable();
    expect(world.watches.size).toBe(1);
    world.pass(MAX_WATCH_SECONDS);
    expect(await waiting).toEqual(nothing);
  });

  test('writers of other servers and of banned users are named, and the others waited for', async () => {
    const stranger = newKey();
    const request = { pointers: [world.known(stranger), world.known(a)] };
    const waiting = world.fetch(request);
    await waitingAre(1);
    await world.commit(a);
    expect(await waiting).toEqual({ pointers: [{ index: 1, signed: stored(a) }], elsewhere: [0] });
    world.space.banned.add('alice');
    const banned = world.fetch({ pointers: [{ ...world.known(a), mark: undefined }] });
    await waitingAre(1);
    world.pass(MAX_WATCH_SECONDS);
    expect(await banned).toEqual({ pointers: [], elsewhere: [0] });
  });
});

describe('the own follow requests', () => {
  test('one that comes and one that goes are told', async () => {
    const { owner } = world;
    const ask = async (mark: Uint8Array | undefined): ReturnType<typeof world.fetch> =>
      world.fetch({ pointers: [world.known(a)], requests: { owner, auth: world.auth(), mark } });
    const { requests: empty } = await ask(undefined);
    expect(empty).toEqual(world.space.crypto.sha256(encodeCbor([])));
    const coming = ask(empty);
    await waitingAre(1);
    const request = await world.ask();
    const { requests: one, pointers } = await coming;
    expect(pointers).toEqual([]);
    expect(one).toEqual(world.space.crypto.sha256(encodeCbor([request.encode()])));
    const going = ask(one);
    await waitingAre(1);
    const signed = signAttached(world.space.crypto, world.alice.secretKey, request.encode());
    expect(await world.social.removeFollowRequest(owner, signed)).toBe(true);
    expect((await going).requests).toEqual(empty);
  });

  test('are for whoever may read them', async () => {
    const { owner } = world;
    const stranger = SigningKeyPair.generate(world.space.crypto);
    const ask = async (auth: Uint8Array, of = owner): Promise<unknown> =>
      world.fetch({ pointers: [], requests: { owner: of, auth, mark: undefined } });
    await expect(ask(world.auth(stranger))).rejects.toThrow('400');
    await expect(ask(world.auth(world.alice, START - 300_001))).rejects.toThrow('400 Stale+auth+time');
    await expect(ask(new Uint8Array())).rejects.toThrow('400');
    await expect(ask(world.auth(stranger), stranger.publicKey.hash)).rejects.toThrow('400 Unknown+identity+key');
    expect([world.watches.size, world.bell.size]).toEqual([0, 0]);
  });
});

describe('what is no such request', () => {
  const link = (): unknown => a.publicKeyHash.toCbor();
  const cases: readonly (readonly [name: string, body: () => Uint8Array, error: string])[] = [
    ['nothing', () => new Uint8Array(), ''],
    ['no CBOR', () => Uint8Array.of(0xff, 1, 2), ''],
    ['a list', () => encodeCbor([]), 'must be a map'],
    ['no pointers', () => encodeCbor(cborMap([['r', [] as never[]]])), 'p: is missing'],
    ['a mark of 31 bytes', () => pointers([[link(), link(), new Uint8Array(31)]]), 'must have 32 bytes'],
    ['text for a writer', () => pointers([[link(), 'z59', new Uint8Array()]]), 'must be a link'],
    [
      'a writer twice',
      () =>
        pointers([
          [link(), link(), new Uint8Array()],
          [link(), link(), new Uint8Array()],
        ]),
      'occurs twice',
    ],
    [
      'no time at all',
      () =>
        encodeCbor(
          cborMap([
            ['p', [] as never[]],
            ['w', 0],
          ]),
        ),
      'must be from 1',
    ],
    [
      'a day',
      () =>
        encodeCbor(
          cborMap([
            ['p', [] as never[]],
            ['w', 86_400],
          ]),
        ),
      'must be from 1',
    ],
    [
      'an endless signed time',
      () =>
        encodeCbor(
          cborMap([
            ['p', [] as never[]],
            ['r', [link(), new Uint8Array(1025), new Uint8Array()] as never],
          ]),
        ),
      'too long',
    ],
    ['more bytes than there may be', () => new Uint8Array(MAX_WATCH_BODY_SIZE + 1), ''],
  ];
  const pointers = (list: unknown): Uint8Array => encodeCbor(cborMap([['p', list as never]]));

  test.each(cases)('is refused: %s', async (_, body, error) => {
    const answer = await world.post(body());
    expect(answer.status).toBe(400);
    const text = decodeTrailer(answer.headers.get('trailer') ?? '');
    expect(text).not.toBe('');
    expect(text).toContain(error);
    expect(world.watches.size).toBe(0);
  });

  test('fields of later clients are passed over', async () => {
    const answer = await world.post(
      encodeCbor(
        cborMap([
          ['p', [[link(), link(), new Uint8Array(), 7]] as never],
          ['x', true],
        ]),
      ),
    );
    expect(decodeWatchAnswer(new Uint8Array(await answer.arrayBuffer()), 1).pointers).toHaveLength(1);
  });

  test('it has to be a POST, and there is nothing else beside it', async () => {
    const { port } = world.listening;
    const get = await fetch(`http://127.0.0.1:${port}${WATCH}`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const other = await fetch(`http://127.0.0.1:${port}/peergos/v0/pyrgos/other`, { method: 'POST' });
    expect([other.status, decodeTrailer(other.headers.get('trailer') ?? '')]).toEqual([400, 'Unknown method']);
  });
});

describe('how many', () => {
  const busy = { ...nothing, pauseSeconds: WATCH_PAUSE_SECONDS };

  test('pointers one request may name', async () => {
    const known = Array.from({ length: MAX_WATCHED_POINTERS }, () => ({
      owner: world.owner,
      writer: newKey().publicKeyHash,
      mark: new Uint8Array(32),
    }));
    const most = encodeWatchRequest({
      pointers: known,
      requests: { owner: world.owner, auth: world.auth(), mark: new Uint8Array(32) },
      seconds: 45,
    });
    expect(most.length).toBeLessThanOrEqual(MAX_WATCH_BODY_SIZE);
    const answer = decodeWatchAnswer(new Uint8Array(await (await world.post(most)).arrayBuffer()), MAX_WATCHED_POINTERS);
    expect(answer.elsewhere).toHaveLength(MAX_WATCHED_POINTERS);
    const one = encodeCbor([world.owner.toCbor(), newKey().publicKeyHash.toCbor(), new Uint8Array()]);
    // 60 bytes or so each, so that it is the number that counts.
    expect(one.length * (MAX_WATCHED_POINTERS + 1)).toBeLessThan(MAX_WATCH_BODY_SIZE);
    const list = Array.from({ length: MAX_WATCHED_POINTERS + 1 }, () => [
      world.owner.toCbor(),
      newKey().publicKeyHash.toCbor(),
      new Uint8Array(),
    ]);
    const refused = await world.post(encodeCbor(cborMap([['p', list]])));
    expect([refused.status, decodeTrailer(refused.headers.get('trailer') ?? '')]).toEqual([
      400,
      expect.stringContaining('watched pointers'),
    ]);
  });

  test('may wait from one address', async () => {
    const waiting = Array.from({ length: MAX_WATCHES_PER_ADDRESS }, async () => from('192.0.2.1'));
    await waitingAre(MAX_WATCHES_PER_ADDRESS);
    expect(await from('192.0.2.1')).toEqual(busy);
    const other = from('192.0.2.2');
    await waitingAre(MAX_WATCHES_PER_ADDRESS + 1);
    await world.commit(a);
    await Promise.all([...waiting, other]);
    expect([world.watches.size, world.bell.size]).toEqual([0, 0]);
  });

  test('may wait in all: of an address that has more, the one that has waited longest gives way', async () => {
    await reopen({ most: 4 });
    const many = Array.from({ length: 4 }, async () => from('192.0.2.1'));
    await waitingAre(4);
    expect(await from('192.0.2.1')).toEqual(busy);
    const others = [from('192.0.2.2'), from('192.0.2.2')];
    expect(await many[0]).toEqual(busy);
    expect(await many[1]).toEqual(busy);
    await waitingAre(4);
    expect(await from('192.0.2.2')).toEqual(busy);
    await world.commit(a);
    for (const answer of [...many.slice(2), ...others]) expect(await answer).toMatchObject({ pointers: [{ index: 0 }] });
  });

  test('may wait in all where nobody tells addresses, and none of them takes a slot from other requests', async () => {
    expect(MAX_WATCHES).toBeGreaterThan(MAX_REQUESTS_IN_FLIGHT);
    const { port } = world.listening;
    const controller = new AbortController();
    const body = encodeWatchRequest({ pointers: [world.known(a)] });
    const waiting: Promise<Response>[] = [];
    // Half of them at a time: until its body is there each of them does take a slot.
    for (const most of [MAX_WATCHES / 2, MAX_WATCHES]) {
      while (waiting.length < most) waiting.push(world.post(body, { signal: controller.signal }));
      await waitingAre(most);
    }
    const answer = await world.post(body);
    expect(decodeWatchAnswer(new Uint8Array(await answer.arrayBuffer()), 1)).toEqual(busy);
    const query = `owner=${world.owner.toString()}&writer=${a.publicKeyHash.toString()}`;
    const pointer = await fetch(`http://127.0.0.1:${port}/peergos/v0/mutable/getPointer?${query}`, { method: 'POST' });
    expect(new Uint8Array(await pointer.arrayBuffer())).toEqual(stored(a));
    controller.abort();
    await Promise.all(waiting);
    expect([world.watches.size, world.bell.size, world.hasTimer]).toEqual([0, 0, false]);
  });

  test('pointers all of them may wait for', async () => {
    expect(MAX_WATCHED_POINTERS_IN_ALL).toBe(65_536);
    await reopen({ mostPointers: 3 });
    const first = from('192.0.2.1', { pointers: [world.known(a), world.known(b)] });
    const second = from('192.0.2.2');
    await waitingAre(2);
    expect(await from('192.0.2.3')).toEqual(busy);
    await world.commit(a);
    await Promise.all([first, second]);
    const again = from('192.0.2.3');
    await waitingAre(1);
    await world.commit(a);
    expect(await again).toMatchObject({ pointers: [{ index: 0 }] });
    // Those of which the server knows nothing count, too: whoever names many takes the place of others.
    const strangers = [world.known(newKey()), world.known(newKey()), world.known(newKey())];
    void from('192.0.2.4', { pointers: strangers });
    await waitingAre(1);
    expect(await from('192.0.2.5', { pointers: strangers.slice(1) })).toEqual({ ...busy, elsewhere: [0, 1] });
    void from('192.0.2.5', { pointers: [] });
    await waitingAre(2);
  });
});

describe('who goes away', () => {
  test('leaves nothing behind, whether it cancels or is cut off', async () => {
    const controller = new AbortController();
    const cancelled = world.fetch({ pointers: [world.known(a)] }, { signal: controller.signal });
    const raw = await world.listening.raw();
    const body = Buffer.from(encodeWatchRequest({ pointers: [world.known(a)] }));
    raw.send(world.listening.request(`POST ${WATCH}`, [`Content-Length: ${body.length}`], body.toString('latin1')));
    await waitingAre(2);
    controller.abort();
    await expect(cancelled).rejects.toThrow();
    await waitingAre(1);
    raw.socket.resetAndDestroy();
    await waitingAre(0);
    expect([world.bell.size, world.hasTimer]).toEqual([0, false]);
    await eventually(() => world.listening.app.inFlight === 0);
  });

  test('has left already when it is looked at', async () => {
    const { answer, leave } = local({ pointers: [world.known(a)] });
    leave();
    expect(await answer).toEqual(nothing);
    expect(world.watches.size).toBe(0);
  });

  test('of a connection that sends ahead and reads nothing, one waits at a time', async () => {
    const raw = await world.listening.raw();
    raw.socket.pause();
    const body = Buffer.from(encodeWatchRequest({ pointers: [world.known(a)] })).toString('latin1');
    const one = world.listening.request(`POST ${WATCH}`, [`Content-Length: ${body.length}`], body);
    for (let i = 0; i < 20; i++) raw.send(one);
    await waitingAre(1);
    for (let i = 0; i < 3; i++) {
      world.pass(MAX_WATCH_SECONDS);
      await waitingAre(1);
    }
    expect(world.bell.size).toBe(1);
    raw.socket.destroy();
    await waitingAre(0);
    await eventually(() => world.listening.app.inFlight === 0);
  });

  test('when the server stops everybody is answered at once, and nobody waits any more', async () => {
    const waiting = [world.fetch({ pointers: [world.known(a)] }), world.fetch({ pointers: [world.known(b)] })];
    await waitingAre(2);
    const raw = await world.listening.raw();
    const body = Buffer.from(encodeWatchRequest({ pointers: [world.known(a)] }));
    raw.send(world.listening.request(`POST ${WATCH}`, [`Content-Length: ${body.length}`], body.toString('latin1')));
    await waitingAre(3);
    await world.listening.server.close(60_000);
    expect(await Promise.all(waiting)).toEqual([nothing, nothing]);
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 200 [^]*\r\nconnection: close\r\n/iu);
    expect(await local({ pointers: [world.known(a)] }).answer).toEqual(nothing);
  });
});
