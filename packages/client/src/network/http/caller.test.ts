import { utf8Encode } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE, MAX_CLIENT_REQUESTS, RESTART_PATIENCE, SMALL_ANSWER_SIZE } from '@pyrgos/core/limits';
import { constantRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../test/commit-world.js';
import { failure, refusal, reply, type ScriptedAnswer, ScriptedTransport, silence, success } from '../../../test/scripted-transport.js';
import type { RequestReport } from '../request-observer.js';
import { Caller, type CallerOptions } from './caller.js';
import { endpoints, publicFile } from './endpoints.js';
import type { SetTimer } from '../../waiting/timer.js';

interface World {
  readonly caller: Caller;
  readonly transport: ScriptedTransport;
  readonly clock: ManualClock;
  readonly reports: RequestReport[];
  /** Lets all timers that are set go off. */
  readonly tick: () => void;
}

function world(script: readonly ScriptedAnswer[], options: Partial<CallerOptions> = {}): World {
  const transport = new ScriptedTransport(script);
  const clock = new ManualClock();
  const reports: RequestReport[] = [];
  const timers = new Set<() => void>();
  const timer: SetTimer = (_, fire) => {
    timers.add(fire);
    return () => timers.delete(fire);
  };
  const caller = new Caller({
    transport,
    basePath: '/',
    isPublic: false,
    clock,
    random: constantRandom(0),
    timer,
    timeouts: {},
    maxRequests: MAX_CLIENT_REQUESTS,
    onRequest: (report) => reports.push(report),
    ...options,
  });
  const tick = (): void => {
    const due = [...timers];
    timers.clear();
    for (const fire of due) fire();
  };
  return { caller, transport, clock, reports, tick };
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    expect(error).toBeInstanceOf(PyrgosError);
    return (error as PyrgosError).code;
  }
}

const { getBlock, getPointer, signup, quota, getChain, getLogin, getLoginWithFactor } = endpoints;
const bytes = Uint8Array.of(1, 2, 3);

describe('how calls are sent', () => {
  test('path, query and body; POST on a private server', async () => {
    const { caller, transport } = world([success(bytes.subarray(0, 1), bytes.subarray(1))], { basePath: '/peergos-here/' });
    expect(await caller.call(getBlock, { query: '?arg=z' })).toEqual(bytes);
    await caller.call(getChain, { body: [bytes, bytes] });
    expect(transport.requests.map(({ method, target, body }) => [method, target, body.length])).toEqual([
      ['POST', '/peergos-here/api/v0/block/get?arg=z', 0],
      ['POST', '/peergos-here/peergos/v0/core/getChain', 2],
    ]);
  });

  test('GET on a public server, but not for calls with a body', async () => {
    const { caller, transport } = world([success(bytes)], { isPublic: true });
    await caller.call(getBlock, {});
    await caller.call(getChain, { body: [bytes] });
    expect(transport.requests.map(({ method, isImmutable }) => [method, isImmutable])).toEqual([
      ['GET', true],
      ['POST', false],
    ]);
  });

  test('a server that wants POST is asked again at once, and known from then on', async () => {
    const { caller, transport, clock } = world([() => reply(405), success(bytes)], { isPublic: true });
    expect(await caller.call(getBlock, {})).toEqual(bytes);
    expect(await caller.call(getPointer, {})).toEqual(bytes);
    expect(transport.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST']);
    expect(clock.sleeps).toEqual([]);
  });

  test('a server that allows neither', async () => {
    const { caller, transport } = world([() => reply(405)], { isPublic: true });
    expect(await outcome(caller.call(getBlock, {}))).toBe('unsupported');
    expect(transport.requests).toHaveLength(2);
  });

  test('an empty success is an empty answer', async () => {
    const { caller } = world([() => reply(204)]);
    expect(await caller.call(getBlock, {})).toEqual(new Uint8Array());
  });

  test('a redirect tells where it leads only where it is wanted', async () => {
    const redirect = () => reply(302, [], { location: '/#there' });
    const { caller, transport } = world([redirect]);
    expect(await caller.locate(publicFile, { suffix: 'alice/a' })).toBe('/#there');
    expect(transport.requests[0]).toMatchObject({ method: 'GET', target: '/public/alice/a' });
    const other = world([redirect]);
    expect(await outcome(other.caller.call(getBlock, {}))).toBe('network');
    expect(other.transport.requests).toHaveLength(1);
  });
});

describe('what is repeated', () => {
  test('block calls up to seven times, pointers and reads up to three', async () => {
    const block = world([failure('broken')]);
    expect(await outcome(block.caller.call(getBlock, {}))).toBe('network');
    expect(block.clock.sleeps).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
    const pointer = world([failure('broken')]);
    expect(await outcome(pointer.caller.call(getPointer, {}))).toBe('network');
    expect(pointer.clock.sleeps).toEqual([1000, 2000]);
    const read = world([failure('broken'), refusal('x', 503), success(bytes)]);
    expect(await read.caller.call(quota, {})).toEqual(bytes);
    expect(read.clock.sleeps).toEqual([1000, 2000]);
    expect(read.reports.map(({ ok }) => ok)).toEqual([false, false, true]);
  });

  test('nothing that would not be the same a second time', async () => {
    for (const endpoint of [signup, getLoginWithFactor, endpoints.followRequest, endpoints.getLink, endpoints.sendMessage]) {
      for (const answer of [failure('broken'), failure('stale'), refusal('x', 503)]) {
        const { caller, transport } = world([answer]);
        expect(await outcome(caller.call(endpoint, { body: [bytes] }))).toBe('network');
        expect(transport.requests).toHaveLength(1);
      }
    }
  });

  test('a kept connection that had ended is no attempt', async () => {
    const { caller, clock, transport } = world([failure('stale'), failure('stale'), success(bytes)]);
    expect(await caller.call(getPointer, {})).toEqual(bytes);
    expect(transport.requests).toHaveLength(3);
    expect(clock.sleeps).toEqual([]);
    const broken = world([failure('stale')]);
    expect(await outcome(broken.caller.call(getPointer, {}))).toBe('network');
    expect(broken.transport.requests).toHaveLength(3 * 4);
  });

  test('a server that is not there is given up at once, one that was there just now is waited for', async () => {
    const gone = world([failure('unreachable', 'ECONNREFUSED')]);
    const error = await gone.caller.call(getBlock, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'network',
      retry: 'safe',
      data: { call: 'block/get', reason: 'unreachable', detail: 'ECONNREFUSED' },
    });
    expect(gone.transport.requests).toHaveLength(1);
    const restarting = world([success(bytes), failure('unreachable'), success(bytes)]);
    await restarting.caller.call(getBlock, {});
    expect(await restarting.caller.call(getBlock, { query: '?arg=b' })).toEqual(bytes);
    expect(restarting.clock.sleeps).toEqual([1000]);
    const away = world([success(bytes), failure('unreachable')]);
    await away.caller.call(getBlock, {});
    await away.clock.sleep(RESTART_PATIENCE + 1);
    away.clock.sleeps.length = 0;
    expect(await outcome(away.caller.call(getBlock, { query: '?arg=b' }))).toBe('network');
    expect(away.clock.sleeps).toEqual([]);
  });

  test('where nobody tells what failed, it is tried once more, and more often only when the server was there just now', async () => {
    const gone = world([failure('no-answer')]);
    expect(await outcome(gone.caller.call(getBlock, {}))).toBe('network');
    expect(gone.clock.sleeps).toEqual([1000]);
    expect(await outcome(gone.caller.call(getBlock, {}))).toBe('network');
    expect(gone.clock.sleeps).toEqual([1000]);
    const kept = world([failure('no-answer'), success(bytes)]);
    expect(await kept.caller.call(getBlock, {})).toEqual(bytes);
    const restarting = world([success(bytes), failure('no-answer'), failure('no-answer'), failure('no-answer'), success(bytes)]);
    await restarting.caller.call(getBlock, {});
    expect(await restarting.caller.call(getBlock, { query: '?arg=b' })).toEqual(bytes);
  });

  test('a server that does not answer in time is asked again only when others have been answered meanwhile', async () => {
    const gone = world([silence]);
    const call = outcome(gone.caller.call(getPointer, {}));
    for (let i = 0; i < 3; i++) {
      await Promise.resolve();
      gone.tick();
    }
    expect(await call).toBe('network');
    expect(gone.transport.requests).toHaveLength(1);
  });

  test.each([
    ['a read', endpoints.getPointer, [failure('broken')], 'safe'],
    ['a read that is made once', endpoints.getLink, [failure('broken')], 'safe'],
    ['a read of a server that is not there', endpoints.getBlock, [failure('unreachable')], 'safe'],
    ['blocks', endpoints.putBlocks, [failure('broken')], 'safe'],
    ['a change of a server that is not there', endpoints.signup, [failure('unreachable')], 'safe'],
    ['an update of a server that is not there', endpoints.setPointer, [failure('unreachable')], 'safe'],
    ['a change whose answer is lost', endpoints.signup, [failure('broken')], 'after'],
    ['an update whose answer is lost', endpoints.setPointer, [failure('broken')], 'after'],
    ['an update whose answer is lost, and then the server', endpoints.setPointer, [failure('broken'), failure('unreachable')], 'after'],
    [
      'an update on a connection that was lost, and then the server',
      endpoints.setPointer,
      [failure('stale'), failure('unreachable')],
      'after',
    ],
    ['an update behind a gateway that gave up', endpoints.setPointer, [refusal('', 504)], 'after'],
    ['an update of which nobody knows whether it was sent', endpoints.setPointer, [failure('no-answer')], 'after'],
    ['a change of which nobody knows whether it was sent', endpoints.signup, [failure('no-answer')], 'after'],
    ['a read of which nobody knows whether it was sent', endpoints.getPointer, [failure('no-answer')], 'safe'],
    ['a bad certificate', endpoints.getBlock, [failure('certificate')], 'never'],
  ])('the advice to repeat %s', async (_, endpoint, script: readonly ScriptedAnswer[], retry) => {
    const error: unknown = await world(script)
      .caller.call(endpoint, {})
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'network', retry });
  });

  test.each([
    ['a bad certificate', failure('certificate', 'CERT_HAS_EXPIRED'), 'network'],
    ['what is no web server', failure('malformed', 'HPE_INVALID_CONSTANT'), 'network'],
    ['a refusal', refusal('Unauthorised!'), 'denied.block'],
    ['a full quota', refusal('Storage quota reached! \nUsed 1 out of 2 bytes.'), 'quota'],
    ['a server-wide limit', refusal('Rate Limit: Server S3 request limit exceeded.', 429), 'rate'],
    ['an answer that is too long', () => reply(200, [new Uint8Array(MAX_BLOCK_SIZE + 1)]), 'limit'],
    ['a fault', refusal('Internal error 7', 400), 'network'],
    ['a call that is not there', () => reply(404), 'unsupported'],
  ])('never %s', async (_, answer: ScriptedAnswer, code) => {
    const { caller, transport } = world([answer]);
    expect(await outcome(caller.call(getBlock, {}))).toBe(code);
    expect(transport.requests).toHaveLength(1);
  });

  test.each([
    ['Queue full, please try again later', 503],
    ['Queue full', 400],
    ['Too Many Requests', 429],
    ['', 429],
    ['', 502],
    ['', 503],
    ['', 504],
  ])('an overload: "%s" with %d', async (text, status) => {
    const { caller } = world([refusal(text, status), success(bytes)]);
    expect(await caller.call(getBlock, {})).toEqual(bytes);
  });

  test('each attempt is signed anew', async () => {
    let signed = 0;
    const { caller, transport } = world([failure('broken'), success(bytes)]);
    await caller.call(getLogin, () => ({ query: `?auth=${++signed}` }));
    expect(transport.requests.map(({ target }) => target)).toEqual([
      '/peergos/v0/login/getLogin?auth=1',
      '/peergos/v0/login/getLogin?auth=2',
    ]);
  });
});

describe('sharing', () => {
  /** Answers when told to. */
  function gate(): { readonly answer: ScriptedAnswer; readonly open: () => void } {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return {
      answer: async ({ signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
          void opened.then(() => resolve(reply(200, [bytes])));
        }),
      open: () => open(),
    };
  }

  test('the same question at the same time is asked once', async () => {
    const { answer, open } = gate();
    const { caller, transport } = world([answer]);
    const calls = [0, 1, 2].map(async () => caller.call(getBlock, { query: '?arg=a' }));
    const names = ['alice', 'alice', 'bob'].map(async (name) => caller.call(getChain, { body: [utf8Encode(name)] }));
    open();
    expect(await Promise.all(calls)).toEqual([bytes, bytes, bytes]);
    await Promise.all(names);
    expect(transport.requests).toHaveLength(3);
    await caller.call(getBlock, { query: '?arg=a' });
    expect(transport.requests).toHaveLength(4);
  });

  test('what may change meanwhile is asked by everybody', async () => {
    const { answer, open } = gate();
    const { caller, transport } = world([answer]);
    const calls = [0, 1].map(async () => caller.call(getPointer, { query: '?writer=a' }));
    open();
    await Promise.all(calls);
    expect(transport.requests).toHaveLength(2);
  });

  test('after a write nobody joins a read that began before', async () => {
    const { answer, open } = gate();
    const { caller, transport } = world([answer, success(bytes)]);
    const before = caller.call(getBlock, { query: '?arg=a' });
    await caller.call(endpoints.putBlocks, { body: [bytes] });
    const after = caller.call(getBlock, { query: '?arg=a' });
    open();
    await Promise.all([before, after]);
    expect(transport.requests).toHaveLength(3);
  });

  test('who leaves does not take the answer from the others; when all have left it is cancelled', async () => {
    const { answer, open } = gate();
    const { caller, transport, reports } = world([answer]);
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const first = caller.call(getBlock, { query: '?arg=a' }, leaving.signal);
    const second = caller.call(getBlock, { query: '?arg=a' }, staying.signal);
    leaving.abort();
    expect(await outcome(first)).toBe('aborted');
    open();
    expect(await second).toEqual(bytes);
    expect(transport.requests).toHaveLength(1);
    const other = world([silence]);
    const controllers = [new AbortController(), new AbortController()];
    const all = controllers.map(async ({ signal }) => other.caller.call(getBlock, { query: '?arg=a' }, signal));
    await Promise.resolve();
    for (const controller of controllers) controller.abort();
    expect(await Promise.all(all.map(outcome))).toEqual(['aborted', 'aborted']);
    expect(other.transport.requests[0]?.signal.aborted).toBe(true);
    expect(reports).toHaveLength(1);
  });
});

describe('bounds', () => {
  test('no more requests in flight than allowed; all are made', async () => {
    const slow: ScriptedAnswer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      return reply(200, [bytes]);
    };
    const { caller, transport } = world([slow], { maxRequests: 3 });
    await Promise.all(Array.from({ length: 20 }, async (_, i) => caller.call(getPointer, { query: `?writer=${i}` })));
    expect(transport.requests).toHaveLength(20);
    expect(transport.mostInFlight).toBe(3);
  });

  test('who waits for a place can leave, and gives up nothing', async () => {
    const { caller, transport } = world([silence], { maxRequests: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [caller.call(getPointer, {}, first.signal), caller.call(getPointer, {}, second.signal)];
    await Promise.resolve();
    second.abort();
    expect(await outcome(calls[1]!)).toBe('aborted');
    first.abort();
    expect(await outcome(calls[0]!)).toBe('aborted');
    expect(transport.requests).toHaveLength(1);
  });

  test('a block of the largest size is received, one byte more is not, announced or not', async () => {
    const largest = world([() => reply(200, [new Uint8Array(MAX_BLOCK_SIZE)], {}, MAX_BLOCK_SIZE)]);
    expect((await largest.caller.call(getBlock, {})).length).toBe(MAX_BLOCK_SIZE);
    for (const announced of [undefined, MAX_BLOCK_SIZE + 1]) {
      let taken = 0;
      const lying: ScriptedAnswer = () => ({
        ...reply(200, [], {}, announced),
        read: async (take) => {
          for (;;) {
            await take(new Uint8Array(65_536));
            taken += 65_536;
          }
        },
      });
      const { caller, transport } = world([lying]);
      expect(await outcome(caller.call(getBlock, {}))).toBe('limit');
      expect(taken).toBeLessThanOrEqual(MAX_BLOCK_SIZE);
      expect(transport.requests[0]?.signal.aborted).toBe(true);
    }
  });

  const limits = [...new Map(Object.values(endpoints).map((endpoint) => [endpoint.limit, endpoint]))];
  test.each(limits)('an answer of %d bytes where that is the limit, and one more', async (limit, endpoint) => {
    const parts = Array.from({ length: Math.ceil(limit / 65_536) }, (_, i) => new Uint8Array(Math.min(65_536, limit - i * 65_536)));
    const { caller } = world([() => reply(200, parts), () => reply(200, [...parts, Uint8Array.of(0)])]);
    expect((await caller.call(endpoint, { query: '?a=1' })).length).toBe(limit);
    expect(await outcome(caller.call(endpoint, { query: '?a=2' }))).toBe('limit');
  });

  test('two large answers at a time; small ones and refusals never wait', async () => {
    const half = new Uint8Array(SMALL_ANSWER_SIZE);
    const waiting: (() => void)[] = [];
    const large: ScriptedAnswer = () => ({
      ...reply(200),
      read: async (take) => {
        await take(half);
        await take(half);
        await new Promise<void>((resolve) => waiting.push(resolve));
      },
    });
    const { caller } = world([large, large, large, large, success(bytes), refusal('Unauthorised!')]);
    const calls = [0, 1, 2, 3].map(async (i) => caller.call(endpoints.lookUpChamp, { query: `?arg=${i}` }));
    expect(await caller.call(getBlock, {})).toEqual(bytes);
    expect(await outcome(caller.call(getBlock, { query: '?arg=x' }))).toBe('denied.block');
    expect(waiting).toHaveLength(2);
    while (waiting.length > 0) {
      waiting.shift()!();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect((await Promise.all(calls)).map(({ length }) => length)).toEqual([0, 1, 2, 3].map(() => 2 * SMALL_ANSWER_SIZE));
  });

  test('a large answer that is given up while it waits takes no place with it', async () => {
    const half = new Uint8Array(SMALL_ANSWER_SIZE);
    const endless: ScriptedAnswer = ({ signal }) => ({
      ...reply(200),
      read: async (take) => {
        await take(half);
        await take(half);
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true }));
      },
    });
    const whole: ScriptedAnswer = () => reply(200, [half, half]);
    const { caller } = world([endless, endless, endless, whole]);
    const controllers = [0, 1, 2].map(() => new AbortController());
    const calls = controllers.map(async ({ signal }, i) => caller.call(endpoints.lookUpChamp, { query: `?arg=${i}` }, signal));
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const controller of controllers.reverse()) controller.abort();
    expect(await Promise.all(calls.map(outcome))).toEqual(['aborted', 'aborted', 'aborted']);
    for (const i of [3, 4, 5])
      expect((await caller.call(endpoints.lookUpChamp, { query: `?arg=${i}` })).length).toBe(2 * SMALL_ANSWER_SIZE);
  });

  test('a server that does not answer is given up', async () => {
    const { caller, tick, transport, reports } = world([silence]);
    const call = outcome(caller.call(signup, {}));
    await Promise.resolve();
    for (let i = 0; i < 10; i++) tick();
    expect(await call).toBe('network');
    expect(transport.requests[0]?.signal.aborted).toBe(true);
    expect(reports).toMatchObject([{ ok: false }]);
  });

  test('so is one whose answer stops coming, and one that drips for ever', async () => {
    for (const drips of [false, true]) {
      let more = (): void => undefined;
      const answer: ScriptedAnswer = ({ signal }) => ({
        ...reply(200),
        read: async (take) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
            more = () => void (drips ? take(Uint8Array.of(1)) : undefined);
          }),
      });
      const { caller, tick } = world([answer]);
      const call = caller.call(signup, {});
      await new Promise((resolve) => setTimeout(resolve, 0));
      for (let i = 0; i < 10; i++) {
        more();
        tick();
      }
      await expect(call).rejects.toMatchObject({ code: 'network', data: { reason: 'timeout', call: 'signup' } });
    }
  });

  test('an answer that we make wait is not late', async () => {
    const half = new Uint8Array(SMALL_ANSWER_SIZE);
    const done: (() => void)[] = [];
    const large: ScriptedAnswer = ({ signal }) => ({
      ...reply(200),
      read: async (take) => {
        await take(half);
        await take(half);
        await new Promise<void>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
          done.push(resolve);
        });
      },
    });
    const { caller, tick } = world([large]);
    const calls = [0, 1, 2].map(async (i) => outcome(caller.call(endpoints.migrateUser, { query: `?a=${i}` })));
    await new Promise((resolve) => setTimeout(resolve, 0));
    // The first two stop coming; the third stands in line behind them.
    for (let i = 0; i < 3; i++) tick();
    expect(await Promise.all(calls.slice(0, 2))).toEqual(['network', 'network']);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(done).toHaveLength(3);
    done[2]!();
    expect(await calls[2]).toBe('done');
  });
});

describe('reports', () => {
  test('every request, with its sizes, and nothing that was asked for', async () => {
    const { caller, reports, clock } = world([
      async () => {
        await clock.sleep(25);
        return reply(200, [bytes]);
      },
      refusal('Unauthorised!'),
    ]);
    await caller.call(getChain, { body: [bytes, bytes] });
    await outcome(caller.call(getBlock, { query: '?bat=secret' }));
    expect(reports).toEqual([
      { area: 'core', method: 'getChain', milliseconds: 25, bytesSent: 6, bytesReceived: 3, ok: true },
      { area: 'blocks', method: 'block/get', milliseconds: 0, bytesSent: 0, bytesReceived: 0, ok: false },
    ]);
  });

  test('an observer that throws changes nothing', async () => {
    const { caller } = world([success(bytes)], {
      onRequest: () => {
        throw new Error('no');
      },
    });
    expect(await caller.call(getBlock, {})).toEqual(bytes);
  });

  test('errors of the platform do not come out, nor does what they say', async () => {
    const { caller } = world([
      () => {
        throw new TypeError('https://server/?bat=secret');
      },
    ]);
    const error = await caller.call(signup, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'network' });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
    expect((error as Error).cause).toBeUndefined();
  });

  test('cancelled before it begins: nothing is sent', async () => {
    const { caller, transport } = world([success(bytes)]);
    const controller = new AbortController();
    controller.abort();
    expect(await outcome(caller.call(getBlock, {}, controller.signal))).toBe('aborted');
    expect(await outcome(caller.locate(publicFile, {}, controller.signal))).toBe('aborted');
    expect(transport.requests).toHaveLength(0);
    caller.close();
    expect(transport.closed).toBe(1);
  });
});

test('a clock that was set back does not make a server that is gone one that is restarted', async () => {
  const { caller, clock, transport } = world([success(bytes), failure('unreachable')]);
  await caller.call(getChain, { body: [bytes] });
  clock.time -= 3_600_000;
  expect(await outcome(caller.call(getChain, { body: [bytes] }))).toBe('network');
  expect(transport.requests).toHaveLength(2);
});

test('the dates of answers tell how much the clock has missed, whatever they answer, but for those that a cache may have kept', async () => {
  const dated =
    (time: number, status = 200): ScriptedAnswer =>
    () =>
      reply(status, [bytes], { date: new Date(time).toUTCString() });
  const start = Date.UTC(2026, 0, 1);
  const { caller } = world([dated(0), dated(start), dated(start + 7_200_000, 403)]);
  await caller.call(getBlock, {});
  await caller.call(getChain, { body: [bytes] });
  expect(caller.time.missed).toBe(0);
  await outcome(caller.call(signup, {}));
  expect(caller.time.missed).toBe(7_200_000);
});
