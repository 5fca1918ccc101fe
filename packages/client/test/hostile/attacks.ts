import { gzipSync } from 'node:zlib';
import { encodeTrailer } from '@pyrgos/core/api';
import { type CborValue, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import type { Answer, Attack, Exchange, HostileProxy, Reply } from './proxy.js';
import type { Choices } from './random.js';

/** What a single attack on one request may use. */
export interface Scene {
  readonly proxy: HostileProxy;
  readonly choices: Choices;
  /** Where redirects lead; nobody may go there. */
  readonly trap: string;
}

/** Makes the reply to one request, or undefined when this kind of attack has nothing to bite on in it. */
export type Strike = (
  exchange: Exchange,
  pass: (instead?: Partial<Exchange>) => Promise<Answer>,
  scene: Scene,
) => Promise<Reply | undefined>;

/** What the proxy would rather not have in any error. */
export const MARKUP = '<script>alert(1)</script>';

const ok = (body: Buffer | string): Answer => ({ status: 200, body: Buffer.from(body) });
const refusal = (text: string, status = 400): Answer => ({ status, trailer: encodeTrailer(text), body: Buffer.alloc(0) });
const none = Buffer.alloc(0);

const head = (status: string, ...headers: string[]): Buffer =>
  Buffer.from([`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n'), 'latin1');

function list(body: Buffer): CborValue[] | undefined {
  try {
    const value = decodeCbor(body);
    return Array.isArray(value) ? [...(value as readonly CborValue[])] : undefined;
  } catch {
    return undefined;
  }
}

/** Bodies that some reader may take in part. */
function strangeBody(choices: Choices): Buffer {
  const small = (): Buffer => choices.bytes(choices.below(60));
  const values: readonly (() => CborValue)[] = [
    () => true,
    () => 2 ** 48,
    () => 2n ** 62n,
    () => -1,
    () => null,
    () => MARKUP,
    () => [],
    () => [small(), small(), [small()]],
    () => new Map<string, CborValue>([['a', true]]),
    () =>
      new Map<string, CborValue>([
        ['a', false],
        [
          'r',
          new Map<string, CborValue>([
            ['c', small()],
            ['m', []],
          ]),
        ],
      ]),
    () =>
      new Map<string, CborValue>([
        ['a', true],
        ['r', [small()]],
      ]),
    () =>
      new Map<string, CborValue>([
        ['b', small()],
        ['i', small()],
      ]),
  ];
  const bodies: readonly (() => Buffer)[] = [
    () => Buffer.from(encodeCbor(choices.pick(values)())),
    () => Buffer.from(encodeCbor(choices.pick(values)())),
    () => Buffer.from(`<!DOCTYPE html><title>${MARKUP}</title>`),
    () =>
      Buffer.from(
        choices.pick(['{"Hash":"x"}', '{"ID":[]}', '[[[[', 'null', '{"__proto__":{"Hash":1}}', '"', '1e999', `{"Hash":"${MARKUP}"}`]),
      ),
    () => Buffer.from(`{"Hash":${'['.repeat(20_000)}${']'.repeat(20_000)}}`),
    // Deeply nested, endless, huge by announcement, with the same key twice.
    () => Buffer.alloc(choices.pick([10, 1000, 60_000]), 0x81),
    () => Buffer.alloc(choices.pick([10, 1000, 60_000]), choices.pick([0x9f, 0xbf, 0xa1, 0xd8, 0xff])),
    () => Buffer.from([0x9a, 0xff, 0xff, 0xff, 0xff, ...small()]),
    () => Buffer.from([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...small()]),
    () => Buffer.from([0xbb, 0, 0, 0, 1, 0, 0, 0, 0, ...small()]),
    () => Buffer.from([0x1b, ...Buffer.alloc(8, 0xff)]),
    () => Buffer.from([0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02]),
    () => Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, ...small()]),
    () => Buffer.from([1, 0xff, 0xff, 0xff, 0xff, ...small()]),
    () => Buffer.from([choices.below(256)]),
    () => choices.bytes(choices.pick([1, 32, 96, 147, 2000])),
  ];
  return choices.pick(bodies)();
}

const texts: readonly string[] = [
  MARKUP,
  'a\r\nSet-Cookie: x=1',
  'Storage quota reached! \nUsed 9 out of 9 bytes. Rejecting write of size 1. \nPlease delete some files.',
  'PointerCAS:EMPTY,,EMPTY',
  `PointerCAS:${MARKUP},1,zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv`,
  'PointerCAS:zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv,99999999999999999999,EMPTY',
  'Unauthorised!',
  'Queue full',
  'Incorrect username or password',
  'Stale auth time, is your clock accurate?',
  'Champ root not present locally: zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv',
  `java.lang.IllegalStateException: ${MARKUP}\u0007\u001b[31m\u202e`,
  '\u0000\u0001',
  '',
];

/** Damage on the way: what any broken line may do. */
const transport = {
  'bit flips': async (_exchange, pass, { choices }) => {
    const answer = await pass();
    if (answer.body.length === 0) return undefined;
    const body = Buffer.from(answer.body);
    for (let i = choices.pick([1, 1, 2, 8]); i > 0; i--) {
      const at = choices.below(body.length);
      body[at] = (body[at] as number) ^ (1 << choices.below(8));
    }
    return { ...answer, body };
  },
  'cut or longer bodies': async (_exchange, pass, { choices }) => {
    const answer = await pass();
    const { body } = answer;
    if (choices.chance(0.4))
      return { ...answer, body: Buffer.concat([body, choices.chance(0.3) ? body : choices.bytes(1 + choices.below(40))]) };
    return body.length === 0 ? undefined : { ...answer, body: body.subarray(0, choices.below(body.length)) };
  },
  'broken connections': async (_exchange, pass, { choices }) => {
    if (choices.chance(0.4)) return { raw: none, ending: choices.pick(['reset', 'end']) };
    const { status, body } = await pass();
    const whole = Buffer.concat([head(`${status} X`, `Content-Length: ${body.length + 1}`), body]);
    return { raw: whole.subarray(0, 1 + choices.below(whole.length)), ending: choices.pick(['reset', 'end']) };
  },
  'connections that hang': async (_exchange, pass, { choices }) => {
    if (choices.chance(0.4)) return { raw: none, ending: 'hang' };
    const { status, body } = await pass();
    const whole = Buffer.concat([head(`${status} X`, `Content-Length: ${body.length + 1}`), body]);
    return { raw: whole.subarray(0, 1 + choices.below(whole.length)), ending: 'hang' };
  },
  'empty answers': async (_exchange, pass, { choices }) => (choices.chance(0.5) ? ok('') : { ...(await pass()), body: none }),
} satisfies Record<string, Strike>;

/** What is no answer to the question, in form. */
const form = {
  'status codes': async (_exchange, pass, { choices }) => {
    const status = choices.pick([204, 206, 300, 304, 400, 401, 403, 404, 405, 408, 409, 413, 418, 429, 431, 500, 501, 502, 503, 504, 599]);
    const text = choices.pick(texts);
    if (choices.chance(0.2))
      return { raw: Buffer.concat([head(`${choices.pick([100, 101, 102, 103, 199])} X`), (await pass()).body]), ending: 'end' };
    if (choices.chance(0.2)) return { status, body: (await pass()).body };
    return choices.chance(0.3) ? { ...refusal(text, status), body: Buffer.from(`<p>${MARKUP}`) } : refusal(text, status);
  },
  'errors that say success': async (_exchange, pass, { choices }) => ({
    status: 200,
    trailer: encodeTrailer(choices.pick(texts)),
    body: choices.chance(0.5) ? (await pass()).body : Buffer.from(MARKUP),
  }),
  redirects: async (exchange, pass, { choices, trap }) => ({
    status: choices.pick([301, 302, 303, 307, 308]),
    headers: { location: choices.pick([`${trap}${exchange.target}`, exchange.target, '//evil.invalid/', 'javascript:alert(1)']) },
    body: choices.chance(0.5) ? (await pass()).body : none,
  }),
  'answers of another type': async (_exchange, _pass, { choices }) => ok(strangeBody(choices)),
  'false packing and lengths': async (_exchange, pass, { choices }) => {
    const { body } = await pass();
    const kinds: readonly (() => Reply)[] = [
      () => ({ status: 200, headers: { 'content-encoding': 'gzip' }, body }),
      () => ({ status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(60_000_000)) }),
      () => ({ status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(body).subarray(0, -3) }),
      () => ({
        status: 200,
        headers: { 'content-encoding': choices.pick(['br', 'deflate', 'gzip, gzip', 'x']) },
        body: Buffer.from(MARKUP),
      }),
      () => ({ raw: Buffer.concat([head('200 OK', 'Content-Length: 99999999999'), body]), ending: 'end' }),
      () => ({ raw: Buffer.concat([head('200 OK', `Content-Length: ${Math.floor(body.length / 2)}`), body]), ending: 'end' }),
      () => ({
        raw: Buffer.concat([
          head('200 OK', `Content-Length: ${body.length}`),
          body,
          head('200 OK', 'Content-Length: 3'),
          Buffer.from('abc'),
        ]),
        ending: 'end',
      }),
      () => ({
        raw: Buffer.concat([head('200 OK', 'Transfer-Encoding: chunked'), Buffer.from(`${body.length.toString(16)}\r\n`), body]),
        ending: 'end',
      }),
    ];
    return choices.pick(kinds)();
  },
} satisfies Record<string, Strike>;

/** True answers to other questions. */
const substitution = {
  'answers to another request': async (exchange, pass, { choices, proxy }) => {
    const others = proxy.passed.filter(
      ({ exchange: other, answer }) =>
        other.endpoint === exchange.endpoint &&
        (other.target !== exchange.target || !other.body.equals(exchange.body)) &&
        answer.body.length > 0,
    );
    if (others.length === 0) return undefined;
    // So that it counts as applied only when it differs.
    await pass();
    return choices.pick(others).answer;
  },
  'answers of another call': async (exchange, pass, { choices, proxy }) => {
    const others = proxy.passed.filter(({ exchange: other }) => other.endpoint !== exchange.endpoint);
    if (others.length === 0) return undefined;
    await pass();
    return choices.pick(others).answer;
  },
  'reordered lists': async (_exchange, pass, { choices, proxy }) => {
    const answer = await pass();
    const items = list(answer.body);
    if (items === undefined || items.length === 0) return undefined;
    const foreign = proxy.passed.flatMap(({ answer: { body } }) => (body.length < 100_000 ? (list(body) ?? []) : []));
    const kinds: readonly (() => CborValue[])[] = [
      () => choices.shuffle(items),
      () => [...items].reverse(),
      () => items.filter((_, i) => i !== choices.below(items.length)),
      () => [...items, ...items],
      () => [...items.slice(0, -1), choices.pick([...foreign, 'x'])],
      () => items.map((item, i) => (i === 0 ? choices.pick([...foreign, 7]) : item)),
      () => [...items.slice(1), null],
      () => Array.from({ length: 3000 }, () => items[0] as CborValue),
    ];
    return { ...answer, body: Buffer.from(encodeCbor(choices.pick(kinds)())) };
  },
} satisfies Record<string, Strike>;

/** The classes that need to know nothing about what is asked. */
export const blindStrikes: Readonly<Record<string, Strike>> = { ...transport, ...form, ...substitution };

/** A lie about numbers of bytes. */
export const spaceLies: Strike = async (exchange, pass, { choices }) => {
  if (exchange.endpoint !== 'usage' && exchange.endpoint !== 'quota') return undefined;
  await pass();
  return ok(Buffer.from(encodeCbor(choices.pick<CborValue>([0, -1, 1, 2 ** 31, 2 ** 52, 2n ** 62n, -(2n ** 63n), 'x', true, null, [1]]))));
};

/** Damages some blocks, by CID, wherever they are part of an answer. They are small or large, there, gone, refused, or what they should not be. */
export function damagedBlocks(cidOf: (block: Uint8Array) => string, targets: ReadonlySet<string>, choices: Choices): Attack {
  const kind = choices.pick(['flip', 'cut', 'longer', 'too long', 'empty', 'refused', 'gone', 'of another', 'no block'] as const);
  const damaged = (block: Buffer): Buffer => {
    const copy = Buffer.from(block);
    const at = choices.below(copy.length);
    if (kind === 'flip') copy[at] = (copy[at] as number) ^ (1 << choices.below(8));
    if (kind === 'cut') return copy.subarray(0, at);
    if (kind === 'longer') return Buffer.concat([copy, choices.bytes(10)]);
    return kind === 'of another' ? choices.bytes(copy.length) : copy;
  };
  const single = (body: Buffer): Answer => {
    if (kind === 'too long') return ok(Buffer.alloc(1_048_677));
    if (kind === 'empty') return ok('');
    if (kind === 'refused') return refusal('Unauthorised!');
    if (kind === 'gone') return refusal('Champ root not present locally: x');
    return kind === 'no block' ? ok(`<p>${MARKUP}`) : ok(damaged(body));
  };
  return async (exchange, pass) => {
    if (exchange.endpoint === 'block/get' && targets.has(exchange.parameters.get('arg') ?? '')) return single((await pass()).body);
    if (exchange.endpoint !== 'champ/get/bulk') return undefined;
    const answer = await pass();
    const blocks = (list(answer.body) ?? []).filter((block): block is Uint8Array => block instanceof Uint8Array);
    const isTarget = (block: Uint8Array): boolean => targets.has(cidOf(block));
    if (!blocks.some(isTarget)) return undefined;
    if (kind === 'refused' || kind === 'gone') return single(answer.body);
    const kept = blocks.flatMap((block) =>
      isTarget(block) ? (kind === 'empty' || kind === 'too long' ? [] : [damaged(Buffer.from(block))]) : [block],
    );
    return ok(Buffer.from(encodeCbor(kept)));
  };
}

/** Where an attack strikes. */
export interface Plan {
  /** Requests that it may strike; default all. */
  readonly only?: ((exchange: Exchange) => boolean) | undefined;
  /** How many of them are spared first. */
  readonly skip: number;
  /** How many are struck then. */
  readonly times: number;
}

/** The attack that strikes some of the requests. One with nothing to bite on is spared, and does not count. */
export function strikeAt(strike: Strike, scene: Scene, { only = () => true, skip, times }: Plan): Attack {
  let seen = 0;
  let struck = 0;
  return async (exchange, pass) => {
    if (!only(exchange) || struck >= times || seen++ < skip) return undefined;
    const reply = await strike(exchange, pass, scene);
    if (reply !== undefined) struck++;
    return reply;
  };
}
