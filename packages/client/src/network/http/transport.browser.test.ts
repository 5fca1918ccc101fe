import { loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../test/commit-world.js';
import { HttpNetwork } from './http-network.js';
import { createTransport } from './transport.browser.js';

/** The page's own server is none of ours, but it speaks HTTP. */
const server = new URL(globalThis.location.origin);
const options = { server, maxConnections: 4, headers: {} };
const request = {
  method: 'GET',
  target: new URL(import.meta.url).pathname,
  body: [],
  isImmutable: false,
  signal: new AbortController().signal,
} as const;

describe('the transport of browsers', () => {
  test('reads a body in parts', async () => {
    const response = await createTransport(options).send(request);
    expect(response.status).toBe(200);
    expect(response.header('content-type')).toMatch(/javascript/u);
    let size = 0;
    await response.read((chunk) => {
      size += chunk.length;
      return Promise.resolve();
    });
    expect(size).toBe((await (await fetch(request.target)).arrayBuffer()).byteLength);
  });

  test('stops reading when it is told to', async () => {
    const response = await createTransport(options).send(request);
    const stop = new Error('enough');
    await expect(
      response.read(() => {
        throw stop;
      }),
    ).rejects.toBe(stop);
  });

  test('a server that is not there, and what is no server of ours', async () => {
    const crypto = await loadCrypto();
    const clock = new ManualClock();
    for (const place of ['http://localhost:1', server.origin]) {
      const error = await new HttpNetwork({ server: place, crypto, clock }).serverIds().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PyrgosError);
    }
  });

  test('cancelled', async () => {
    const crypto = await loadCrypto();
    const controller = new AbortController();
    const call = new HttpNetwork({ server, crypto }).serverIds(controller.signal);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
  });
});
