import { BlockWriteGroup, encodeTrailer } from '@pyrgos/core/api';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { decodeMultiWriterCommit, encodeMultiWriterCommit } from '@pyrgos/core/model';
import type { Strike } from './attacks.js';
import type { Answer, Exchange } from './proxy.js';
import type { Choices } from './random.js';

/** Calls that change something on the server. */
const WRITES: ReadonlySet<string> = new Set([
  'block/put/bulk',
  'setPointer',
  'setPointers',
  'setLogin',
  'signup',
  'addBat',
  'transaction/start',
]);
/** Of which nothing is to be seen until a pointer says so. */
const PREPARATIONS: ReadonlySet<string> = new Set(['block/put/bulk', 'transaction/start', 'addBat']);

/** Whether a request changes something. */
export function isWrite({ endpoint }: Exchange): boolean {
  return WRITES.has(endpoint);
}

/** Whether a request changes what can be seen. */
export function isCommit(exchange: Exchange): boolean {
  return isWrite(exchange) && !PREPARATIONS.has(exchange.endpoint);
}

const ok = (body: Uint8Array | string): Answer => ({ status: 200, body: Buffer.from(body as string) });
const TRUE = Uint8Array.of(1);

/** The answer to a put that has stored everything. */
function stored({ body, parameters }: Exchange, crypto: CryptoProvider): Answer {
  const codec = parameters.get('format') === 'raw' ? CidCodec.raw : CidCodec.dagCbor;
  const { blocks } = BlockWriteGroup.decode(body);
  return ok(blocks.map((block) => `{"Hash":"${Cid.ofSha256(crypto.sha256(block), codec).toString()}"}`).join(''));
}

/** The answer of success. */
function yes(exchange: Exchange, crypto: CryptoProvider): Answer {
  switch (exchange.endpoint) {
    case 'block/put/bulk':
      return stored(exchange, crypto);
    case 'transaction/start':
      return ok('8a2f6a0e-8d0c-4b7a-9f0e-000000000000');
    case 'addBat':
      return ok(encodeCbor(true));
    default:
      return ok(TRUE);
  }
}

const refusals: readonly string[] = [
  'PointerCAS:EMPTY,,EMPTY',
  'PointerCAS:zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv,7,EMPTY',
  'CAS exception updating cryptree node. existing: x',
  'Mutable pointer update failed! Concurrent Modification.',
  'Invalid sequence number update in mutable pointer: 1 => 1',
  'Storage quota reached! \nUsed 10 out of 10 bytes. Rejecting write of size 5. \nPlease delete some files or request more space.',
  'Unauthorised!',
  'Queue full',
  'Unknown writer on this server!',
  'Invalid signature for block!',
  'Stale auth time, is your clock accurate?',
  'Invalid username',
  'User already exists',
  'Incorrect username or password',
  'no reason <b>at all</b>',
];

function refusal(choices: Choices, { endpoint }: Exchange): Answer {
  if (choices.chance(0.3) && (endpoint === 'setPointers' || endpoint === 'setPointer' || endpoint === 'setLogin'))
    return ok(Uint8Array.of(0));
  if (choices.chance(0.3) && endpoint === 'signup') return ok(Uint8Array.of(0, 0, 0, 0, choices.pick([0, 1, 5, 60])));
  return { status: choices.pick([400, 400, 400, 403, 500, 503]), trailer: encodeTrailer(choices.pick(refusals)), body: Buffer.alloc(0) };
}

/** The ways to treat a write; `crypto` names blocks. */
export function writeStrikes(crypto: CryptoProvider): Readonly<Record<string, Strike>> {
  return {
    'yes, and nothing is done': async (exchange) => yes(exchange, crypto),
    'done twice': async (_exchange, pass, { choices }) => {
      const first = await pass();
      const second = await pass();
      // With headers of its own it counts as an attack, also when nobody can tell the difference.
      return { ...(choices.chance(0.5) ? first : second), headers: {} };
    },
    'a part of it': async (exchange, pass, { choices }) => {
      const { endpoint, body } = exchange;
      if (endpoint === 'setPointers') {
        const updates = decodeMultiWriterCommit(body);
        if (updates.length < 2) return undefined;
        await pass({ body: Buffer.from(encodeMultiWriterCommit([choices.pick(updates)])) });
        return ok(TRUE);
      }
      if (endpoint !== 'block/put/bulk') return undefined;
      const { blocks, signatures } = BlockWriteGroup.decode(body);
      if (blocks.length < 2) return undefined;
      const left = choices.below(blocks.length);
      const some = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== left);
      await pass({ body: Buffer.from(BlockWriteGroup.of(some(blocks), some(signatures)).encode()) });
      return stored(exchange, crypto);
    },
    'done, and the answer is lost': async (_exchange, pass, { choices }) => {
      await pass();
      return {
        raw: Buffer.from(choices.pick(['', '', 'HTTP/1.1 200 OK\r\nContent-Le', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n'])),
        ending: choices.pick(['reset', 'end', 'hang']),
      };
    },
    'done, and refused': async (exchange, pass, { choices }) => {
      await pass();
      return refusal(choices, exchange);
    },
    'not done, and refused': async (exchange, _pass, { choices }) => refusal(choices, exchange),
    'done later': async (exchange, pass, { choices, proxy }) => {
      const from = proxy.exchanges.length;
      const wait = 1 + choices.below(4);
      // When a few more requests have come, or nothing comes any more.
      proxy.later(async () => {
        for (let i = 0; i < 20 && proxy.exchanges.length < from + wait; i++) await new Promise((resolve) => setTimeout(resolve, 2));
        await pass();
      });
      return choices.chance(0.5) ? { raw: Buffer.alloc(0), ending: 'reset' } : refusal(choices, exchange);
    },
    'changed on its way': async ({ body }, pass, { choices }) => {
      if (body.length === 0) return undefined;
      const changed = Buffer.from(body);
      const at = choices.below(changed.length);
      changed[at] = (changed[at] as number) ^ (1 << choices.below(8));
      return pass({ body: changed });
    },
  };
}
