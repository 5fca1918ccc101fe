import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { RawClient, eventually } from '../../test/http/http-world.js';
import { ByteBudget } from './byte-budget.js';
import { type ReceivedBody, receiveBody, receiveStream } from './message-body.js';
import { RequestSlots } from './request-slots.js';

let server: Server | undefined;
let clients: RawClient[] = [];
afterEach(() => {
  for (const client of clients) client.destroy();
  clients = [];
  server?.closeAllConnections();
  server?.close();
});

const freeSlots = (maxArriving = 100): RequestSlots => new RequestSlots(100, maxArriving);

/** A server that reads every body into `bodies` and answers when told. */
async function reader(limit: number, budget: ByteBudget, slots = freeSlots()) {
  const bodies: ReceivedBody[] = [];
  const errors: unknown[] = [];
  server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    receiveBody(incoming, limit, budget, slots).then(
      (body) => {
        bodies.push(body);
        outgoing.end('ok');
      },
      (error: unknown) => {
        errors.push(error);
        outgoing.end('error');
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const post = async (headers: string, body: Uint8Array): Promise<RawClient> => {
    const client = await RawClient.open(port);
    clients.push(client);
    client.send(`POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`);
    client.send(body);
    return client;
  };
  return { bodies, errors, post };
}

/** No lanes unless a test wants some: then what is not set aside for them is all that there is. */
const budgetOf = (capacity: number, patience = 60_000): ByteBudget => new ByteBudget({ capacity, patience, now: () => performance.now() });

describe('bodies from node:http', () => {
  test('clients of a proxy on this machine do not share what one address may have', async () => {
    const groups: string[] = [];
    const budget = budgetOf(1_000_000);
    const { open } = budget;
    budget.open = (address, evict) => {
      groups.push(address);
      return open.call(budget, address, evict);
    };
    const { bodies, post } = await reader(500_000, budget);
    for (const client of ['203.0.113.7', '203.0.113.8']) {
      await post(`X-Forwarded-For: 198.51.100.1, ${client}\r\nContent-Length: 100000`, new Uint8Array(100_000));
    }
    await eventually(() => bodies.length === 2);
    expect(groups.toSorted()).toEqual(['203.0.113.7', '203.0.113.8']);
  });

  test('small ones take nothing from the budget, large ones their length until they are released', async () => {
    const budget = budgetOf(1_000_000);
    const { bodies, post } = await reader(500_000, budget);
    await post('Content-Length: 65536', new Uint8Array(65_536).fill(1));
    await eventually(() => bodies.length === 1);
    expect([budget.inUse, bodies[0]!.lease]).toEqual([0, undefined]);
    await post('Content-Length: 500000', new Uint8Array(500_000).fill(2));
    await eventually(() => bodies.length === 2);
    expect(bodies[1]!.bytes).toEqual(new Uint8Array(500_000).fill(2));
    expect(budget.inUse).toBe(500_000);
    bodies[1]!.lease!.release();
    expect(budget.inUse).toBe(0);
  });

  test('without a length, too, what has arrived counts and not what may come', async () => {
    const budget = budgetOf(1_000_000);
    const { bodies, post } = await reader(500_000, budget);
    await post(
      'Transfer-Encoding: chunked',
      Buffer.concat([Buffer.from('186a0\r\n'), Buffer.alloc(100_000, 3), Buffer.from('\r\n0\r\n\r\n')]),
    );
    await eventually(() => bodies.length === 1);
    expect(bodies[0]!.bytes.length).toBe(100_000);
    expect(budget.inUse).toBe(100_000);
  });

  test('when the memory is used up, others are not read until some is given back', async () => {
    const budget = budgetOf(1_000_000);
    const { bodies, post } = await reader(800_000, budget);
    const body = new Uint8Array(800_000);
    await post('Content-Length: 800000', body);
    await eventually(() => bodies.length === 1);
    const second = await post('Content-Length: 800000', body);
    // Small ones go past.
    await post('Content-Length: 10', new Uint8Array(10));
    await eventually(() => bodies.length === 2);
    expect([bodies[1]!.bytes.length, second.text]).toEqual([10, '']);
    bodies[0]!.lease!.release();
    await eventually(() => bodies.length === 3);
    expect(bodies[2]!.bytes.length).toBe(800_000);
  });

  test('a claimed length costs others nothing', async () => {
    const budget = budgetOf(1_000_000);
    const { bodies, post } = await reader(800_000, budget);
    for (let i = 0; i < 30; i++) await post('Content-Length: 800000', new Uint8Array(40_000));
    const honest = await post('Content-Length: 800000', new Uint8Array(800_000));
    await honest.until((text) => text.endsWith('ok'));
    expect([bodies.length, budget.inLine]).toEqual([1, 0]);
  });

  test('any number of clients that send what they announced come through, whatever the order', async () => {
    const budget = new ByteBudget({ capacity: 2_000_000, lanes: 2, largest: 800_000, patience: 60_000, now: () => performance.now() });
    const { bodies, errors, post } = await reader(800_000, budget);
    let done = 0;
    const give = setInterval(() => {
      for (const { lease } of bodies.splice(0)) {
        lease?.release();
        done++;
      }
    }, 2);
    const senders = await Promise.all(Array.from({ length: 20 }, async () => post('Content-Length: 800000', new Uint8Array(130_000))));
    for (let sent = 130_000; sent < 800_000; sent += 67_000) {
      for (const sender of senders) sender.send(new Uint8Array(67_000));
    }
    await eventually(() => done === 20);
    clearInterval(give);
    expect([errors, budget.inUse, budget.inLine]).toEqual([[], 0, 0]);
  });

  test('a client that does not go on sending is cut off when others wait', async () => {
    const budget = budgetOf(1_000_000, 50);
    const { bodies, errors, post } = await reader(800_000, budget);
    const slow = await post('Content-Length: 800000', new Uint8Array(500_000));
    await eventually(() => budget.inUse === 524_288);
    await post('Content-Length: 800000', new Uint8Array(800_000));
    await slow.closed();
    await eventually(() => bodies.length === 1);
    expect(errors).toMatchObject([{ code: 'aborted' }]);
    bodies[0]!.lease!.release();
    expect(budget.inUse).toBe(0);
  });

  test('one that waits for memory is not given up for others, one that is silent is', async () => {
    const budget = budgetOf(1_000_000);
    const { bodies, errors, post } = await reader(800_000, budget, freeSlots(1));
    const body = new Uint8Array(800_000);
    await post('Content-Length: 800000', body);
    await eventually(() => bodies.length === 1);
    const waiting = await post('Content-Length: 800000', body);
    const silent = await post('Content-Length: 10', new Uint8Array(5));
    await post('Content-Length: 10', new Uint8Array(10));
    await eventually(() => bodies.length === 2);
    await silent.until((text) => text.endsWith('error'));
    expect(errors).toMatchObject([{ code: 'rate' }]);
    bodies[0]!.lease!.release();
    await waiting.until((text) => text.endsWith('ok'));
    expect(bodies[2]!.bytes.length).toBe(800_000);
  });

  test('who goes away while waiting leaves the line', async () => {
    const budget = budgetOf(1_000_000);
    const { bodies, errors, post } = await reader(800_000, budget);
    await post('Content-Length: 800000', new Uint8Array(800_000));
    await eventually(() => bodies.length === 1);
    const leaving = await post('Content-Length: 800000', new Uint8Array(70_000));
    const staying = await post('Content-Length: 800000', new Uint8Array(800_000));
    leaving.destroy();
    await eventually(() => errors.length === 1);
    bodies[0]!.lease!.release();
    await staying.until((text) => text.endsWith('ok'));
    bodies[1]!.lease!.release();
    expect(budget.inUse).toBe(0);
  });
});

describe('bodies of Fetch requests', () => {
  const streamed = (chunks: readonly Uint8Array[], headers: Readonly<Record<string, string>> = {}): Request =>
    new Request('http://localhost/', {
      method: 'POST',
      headers,
      duplex: 'half',
      body: new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (const chunk of chunks) controller.enqueue(chunk);
          controller.close();
        },
      }),
    } as RequestInit);

  test('none, some, exactly the limit, more', async () => {
    const budget = budgetOf(1_000_000);
    const read = async (sizes: readonly number[], headers = {}) =>
      receiveStream(
        streamed(
          sizes.map((size) => new Uint8Array(size)),
          headers,
        ),
        100_000,
        budget,
        freeSlots(),
      );
    expect((await receiveStream(new Request('http://localhost/', { method: 'POST' }), 10, budget, freeSlots())).bytes.length).toBe(0);
    expect((await read([])).bytes.length).toBe(0);
    const exact = await read([50_000, 50_000]);
    expect([exact.bytes.length, budget.inUse]).toEqual([100_000, 100_000]);
    exact.lease!.release();
    await expect(read([50_000, 50_001])).rejects.toMatchObject({ code: 'limit' });
    await expect(read([10], { 'content-length': '100001' })).rejects.toMatchObject({ code: 'limit' });
    await expect(read([10], { 'content-length': '11' })).rejects.toMatchObject({ code: 'aborted' });
    await expect(read([10], { 'content-length': 'x' })).rejects.toMatchObject({ code: 'format.request' });
    expect(budget.inUse).toBe(0);
  });

  test('one that fails, and one that is cut off, are no bodies', async () => {
    const budget = budgetOf(100_000, 20);
    const failing = new Request('http://localhost/', {
      method: 'POST',
      duplex: 'half',
      body: new ReadableStream<Uint8Array>({
        pull: (controller) => {
          controller.error(new Error('gone'));
        },
      }),
    } as RequestInit);
    await expect(receiveStream(failing, 10, budget, freeSlots())).rejects.toMatchObject({ code: 'aborted' });
    const hanging = new Request('http://localhost/', {
      method: 'POST',
      duplex: 'half',
      body: new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new Uint8Array(80_000));
        },
        pull: async () => new Promise(() => undefined),
      }),
    } as RequestInit);
    const slow = receiveStream(hanging, 100_000, budget, freeSlots());
    await eventually(() => budget.inUse === 100_000);
    const caught = expect(slow).rejects.toMatchObject({ code: 'aborted' });
    const waiting = await receiveStream(streamed([new Uint8Array(70_000)]), 100_000, budget, freeSlots());
    await caught;
    expect(waiting.bytes.length).toBe(70_000);
  });

  test('one that does not arrive is given up for another one', async () => {
    const slots = freeSlots(1);
    const hanging = new Request('http://localhost/', {
      method: 'POST',
      duplex: 'half',
      body: new ReadableStream<Uint8Array>({ pull: async () => new Promise(() => undefined) }),
    } as RequestInit);
    const caught = expect(receiveStream(hanging, 10, budgetOf(10), slots)).rejects.toMatchObject({ code: 'rate' });
    expect((await receiveStream(streamed([new Uint8Array(5)]), 10, budgetOf(10), slots)).bytes.length).toBe(5);
    await caught;
  });
});
