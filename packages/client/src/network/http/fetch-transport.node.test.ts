import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concatBytes } from '@pyrgos/core/bytes';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFetchTransport, type Fetch } from './fetch-transport.js';

/** Parts of a body of so many bytes, whose content `seed` decides. */
function partsOf(seed: number, sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, part) => Uint8Array.from({ length: size }, (_, i) => seed + part + i * 7));
}

describe('the transport of fetch', () => {
  test('bodies of any number of parts arrive as they were when they were sent, also when several are under way', async () => {
    const arrived = new Map<string, Buffer>();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        arrived.set(request.url ?? '', Buffer.concat(chunks));
        response.end('there');
      });
    });
    await new Promise<void>((listening) => server.listen(0, listening));
    onTestFinished(() => void server.close());
    // Looks at what it was given only when other requests have been made.
    const late: Fetch = async (url, init) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return fetch(url, init);
    };
    const { port } = server.address() as AddressInfo;
    const transport = createFetchTransport(late, {
      server: new URL(`http://localhost:${port}`),
      maxConnections: 4,
      headers: {},
    });
    const bodies = [
      partsOf(1, [20, 1_048_600, 120]),
      partsOf(2, [20, 1_048_600, 120]),
      partsOf(3, [5, 6]),
      partsOf(4, [700]),
      partsOf(5, [1_000_000, 1_000_000, 1_000_000]),
      partsOf(6, [0, 1_048_576]),
      [],
    ];
    await Promise.all(
      bodies.map(async (body, i) => {
        const sent = await transport.send({
          method: 'POST',
          target: `/${i}`,
          body,
          isImmutable: false,
          signal: new AbortController().signal,
        });
        expect(sent.status).toBe(200);
        await sent.read(() => undefined);
      }),
    );
    for (const [i, body] of bodies.entries()) expect(arrived.get(`/${i}`)?.equals(concatBytes(...body))).toBe(true);
  });
});
