import { DeniedError } from '@pyrgos/core/errors';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HeldClock, Heard, withoutLive } from '../../test/live-world.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { HttpNetwork, RequestCounter } from '../network/index.js';
import { signUp } from '../session/index.js';
import { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await pause(5);
};
const nothing = { account: false, requests: false, friends: [], chats: [] };

/** Somebody whose requests are counted. */
async function counted(name: string): Promise<{ readonly session: UserSession; readonly counter: RequestCounter }> {
  const { network, counter } = world.counted();
  return { session: await people.join(name, network), counter };
}

describe('a server that can wait', () => {
  test('tells everything once, then what a friend shares, what others ask and what another device does; not what the session does itself', async () => {
    const { session: ada, counter } = await counted('wada');
    const [bob, carol] = [await people.join('wbob'), await people.join('wcarol')];
    await befriend(ada, bob);
    const heard = new Heard();
    const watch = ada.watch(heard.listener);
    expect(await heard.next()).toEqual({ account: true, requests: true, friends: ['wbob'], chats: [] });
    counter.reset();
    await bob.files.write('/wbob/a.txt', new Uint8Array(3));
    await bob.shares.share('/wbob/a.txt', [{ user: 'wada' }]);
    expect(await heard.next()).toEqual({ ...nothing, friends: ['wbob'] });
    await ada.feed.update();
    expect((await ada.feed.page()).items.map(({ path }) => path)).toEqual(['/wbob/a.txt']);
    // The rest of what bob has written for it, and of her own feed.
    await carol.friends.follow('wada');
    expect(await heard.until(({ requests }) => requests)).toMatchObject({ account: false });
    const other = await people.again(ada);
    await other.files.write('/wada/other.txt', new Uint8Array(3));
    expect(await heard.until(({ account }) => account)).toMatchObject({ requests: false });
    await ada.files.write('/wada/own.txt', new Uint8Array(3));
    await carol.friends.follow('wbob');
    await bob.files.write('/wbob/b.txt', new Uint8Array(3));
    expect(await heard.until(({ friends }) => friends.length > 0)).toEqual({ ...nothing, friends: ['wbob'] });
    // What is listed now is what is there now, although the session has just looked.
    expect(await ada.files.find('/wada/other.txt')).toBeDefined();
    expect(counter.count('live')).toBeLessThan(30);
    watch.close();
  });

  test('costs no request while nothing happens, and leaves none behind when it ends, however it ends', async () => {
    const { session, counter } = await counted('wdora');
    const controller = new AbortController();
    const endings: readonly (() => void)[] = [() => controller.abort(), () => watch.close(), () => session.close()];
    let watch = session.watch(() => undefined, { signal: controller.signal });
    for (const [i, end] of endings.entries()) {
      if (i > 0) watch = session.watch(() => undefined);
      await eventually(() => world.running.context.services.watches.size === 1);
      counter.reset();
      end();
      await eventually(() => world.running.context.services.watches.size === 0 && counter.count('live') === 1);
      expect(counter.count()).toBe(1);
    }
    expect(() => session.watch(() => undefined)).toThrow(DeniedError);
    expect(() => session.watch(undefined as never)).toThrow(expect.objectContaining({ code: 'argument' }));
  });

  test('several who want to know share one request, and each of them hears everything once', async () => {
    const { session, counter } = await counted('wedna');
    const [one, two] = [new Heard(), new Heard()];
    session.watch(() => {
      throw new Error('a listener that fails');
    });
    session.watch(one.listener);
    expect(await one.next()).toMatchObject({ account: true, requests: true });
    await eventually(() => world.running.context.services.watches.size === 1);
    session.watch(two.listener);
    expect(await two.next()).toMatchObject({ account: true, requests: true });
    await eventually(() => world.running.context.services.watches.size === 1);
    const other = await people.again(session);
    await other.files.write('/wedna/a.txt', new Uint8Array(3));
    expect(await one.next()).toMatchObject({ account: true });
    expect(await two.next()).toMatchObject({ account: true });
    expect(counter.failed).toBeLessThanOrEqual(1);
    session.close();
    await eventually(() => world.running.context.services.watches.size === 0);
  });

  test('nothing is sent while nobody cares, and what has happened meanwhile is told afterwards', async () => {
    const { session, counter } = await counted('wfay');
    const other = await people.again(session);
    const heard = new Heard();
    const watch = session.watch(heard.listener);
    await heard.next();
    await eventually(() => world.running.context.services.watches.size === 1);
    watch.attend('none');
    await eventually(() => world.running.context.services.watches.size === 0);
    counter.reset();
    await other.files.write('/wfay/a.txt', new Uint8Array(3));
    await pause(50);
    expect([counter.count(), heard.left]).toEqual([0, 0]);
    watch.attend('full');
    expect(await heard.next()).toEqual({ ...nothing, account: true });
    expect(() => watch.attend('some' as never)).toThrow(expect.objectContaining({ code: 'argument' }));
    watch.close();
  });

  test('goes on when the server was away', async () => {
    const { session } = await counted('wgus');
    const heard = new Heard();
    const watch = session.watch(heard.listener);
    await heard.next();
    await eventually(() => world.running.context.services.watches.size === 1);
    await world.restart();
    const other = await people.again(session);
    await other.files.write('/wgus/a.txt', new Uint8Array(3));
    expect(await heard.until(({ account }) => account)).toMatchObject({ friends: [] });
    watch.close();
  });

  test('sources name more, are asked again when they say so, and a bad one keeps nothing from working', async () => {
    const { session } = await counted('whal');
    const guest = await people.join('wguest');
    const { owner, writer } = guest.account.home;
    const heard = new Heard();
    let chats: readonly string[] = [];
    session.live.addSource({ places: async () => Promise.reject(new DeniedError('denied.block', 'no')) });
    const remove = session.live.addSource({ places: async () => chats.map((chat) => ({ owner, writer, change: { chat } })) });
    session.watch(heard.listener);
    expect(await heard.next()).toMatchObject({ chats: [] });
    chats = ['one', 'two'];
    session.live.reconsider();
    expect(await heard.next()).toEqual({ ...nothing, chats: ['one', 'two'] });
    await guest.files.write('/wguest/a.txt', new Uint8Array(3));
    expect(await heard.next()).toEqual({ ...nothing, chats: ['one', 'two'] });
    remove();
    session.close();
  });

  test('a message in a chat is told as that, and is there when it is looked for', async () => {
    const [ada, bob] = [await people.join('cada'), await people.join('cbob')];
    await befriend(ada, bob);
    const chat = await ada.chats.create({ invite: ['cbob'] });
    const [invitation] = await bob.chats.invitations();
    const joined = await bob.chats.join(invitation!);
    await ada.chats.refresh();
    const heard = new Heard();
    const watch = ada.watch(heard.listener);
    expect(await heard.next()).toMatchObject({ friends: ['cbob'], chats: [chat.id] });
    await joined.send({ text: 'Are you there?' });
    expect(await heard.until(({ chats }) => chats.length > 0)).toEqual({ ...nothing, friends: ['cbob'], chats: [chat.id] });
    expect(await chat.refresh()).toMatchObject({ added: 1 });
    expect((await chat.summary()).last?.text).toBe('Are you there?');
    watch.close();
  });
});

describe('a server that cannot wait', () => {
  async function held(
    name: string,
  ): Promise<{ readonly session: UserSession; readonly clock: HeldClock; readonly counter: RequestCounter }> {
    const { network, counter } = world.counted();
    const clock = new HeldClock();
    const account = await signUp(withoutLive(network), {
      crypto: world.quick,
      username: name,
      password: 'nine copper kettles in the rain',
      clock,
    });
    return { session: new UserSession(account), clock, counter };
  }

  test('is looked at now and then, the less often the less happens', async () => {
    const { session, clock, counter } = await held('pada');
    const bob = await people.join('pbob');
    await befriend(session, bob);
    const heard = new Heard();
    const watch = session.watch(heard.listener);
    expect(await heard.next()).toEqual({ account: true, requests: true, friends: ['pbob'], chats: [] });
    await eventually(() => clock.isAsleep);
    clock.naps.length = 0;
    counter.reset();
    for (let i = 0; i < 12; i++) {
      clock.wake();
      await eventually(() => clock.isAsleep);
    }
    // Requests, the own space and the friend's.
    expect(counter.count()).toBe(12 * 3);
    expect(heard.left).toBe(0);
    expect(clock.naps[0]).toBeLessThanOrEqual(22_500);
    expect(clock.naps.at(-1)).toBeGreaterThanOrEqual(96_000);
    expect(Math.max(...clock.naps)).toBeLessThanOrEqual(120_000);
    await bob.files.write('/pbob/a.txt', new Uint8Array(3));
    clock.wake();
    expect(await heard.next()).toMatchObject({ account: false, friends: ['pbob'] });
    await eventually(() => clock.isAsleep);
    expect(clock.naps.at(-1)).toBeLessThanOrEqual(10_000);
    watch.attend('low');
    await eventually(() => clock.isAsleep && (clock.naps.at(-1) ?? 0) > 0);
    watch.look();
    await eventually(() => clock.isAsleep && (clock.naps.at(-1) ?? 0) >= 96_000);
    watch.close();
  });

  test('a real one says so with 404, and is not asked to wait again', async () => {
    const counter = new RequestCounter();
    const network = new HttpNetwork({
      server: world.url,
      crypto: world.crypto,
      onRequest: counter.onRequest,
      fetch: async (url, init) => (url.includes('/pyrgos/') ? new Response(null, { status: 404 }) : fetch(url, init)),
    });
    const session = await people.join('pcarl', network);
    const heard = new Heard();
    const watch = session.watch(heard.listener);
    expect(await heard.next()).toMatchObject({ account: true, requests: true });
    watch.look();
    await eventually(() => counter.count('social', 'getFollowRequests') >= 2);
    expect(counter.count('live')).toBe(1);
    watch.close();
  });
});
