import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { beforeAll, describe, expect, test } from 'vitest';
import { isPlayable, isSame, parseTarget, type RecordedExchange, replayCall, shown } from '../../../test/network-replay.js';

interface Line {
  readonly operation?: string;
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly requestBody: string | { readonly length: number };
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string | { readonly length: number };
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** The exchanges of a file whose bodies are complete, and which are not legacy forms. */
function exchangesOf(file: string): (readonly [string, RecordedExchange])[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.flatMap((text) => {
    const { operation = '', n, requestBody, responseBody, responseHeaders, ...rest } = JSON.parse(text) as Line;
    if (typeof requestBody !== 'string' || typeof responseBody !== 'string') return [];
    const body = bytesOf(responseBody);
    // As a transport gives it.
    const isPacked = responseHeaders['content-encoding'] === 'gzip';
    const exchange = {
      ...rest,
      responseHeaders,
      requestBody: bytesOf(requestBody),
      responseBody: isPacked ? new Uint8Array(gunzipSync(body)) : body,
    };
    const name = `${operation} ${n}: ${rest.path.split('?')[0] ?? ''} ${rest.status}`;
    return isPlayable(exchange) ? [[name, exchange] as const] : [];
  });
}

/** What only the holder of the key could repeat. */
const SIGNED = ['auth', 'req', 'author'];
/** Signed in the body, by the owner. */
const SIGNED_BODIES = new Set(['/peergos/v0/social/removeFollowRequest', '/peergos/v0/server-message/send']);

describe('recorded calls are made in the same way and their answers understood', () => {
  let crypto: CryptoProvider;
  let key: SigningKeyPair;
  beforeAll(async () => {
    crypto = await loadCrypto();
    key = SigningKeyPair.fromSeed(crypto, new Uint8Array(32));
  });

  const check = async (exchange: RecordedExchange): Promise<void> => {
    const { sent, understood, error } = await replayCall(exchange, key, crypto, 1_700_000_000_000);
    const { path, parameters } = parseTarget(exchange.path);
    expect([sent.method, sent.path]).toEqual([exchange.method, path]);
    const owners = parameters.has('auth') || parameters.has('req') || SIGNED_BODIES.has(path) ? [...SIGNED, 'owner'] : SIGNED;
    const comparable = (all: ReadonlyMap<string, string>) => new Map([...all].filter(([name]) => !owners.includes(name)));
    expect(comparable(sent.parameters)).toEqual(comparable(parameters));
    if (!SIGNED_BODIES.has(path)) expect(shown(sent.body)).toEqual(shown(exchange.requestBody));
    if (exchange.status === 200) {
      const isAbsent = path === '/api/v0/block/get' && exchange.responseBody.length === 0;
      expect(error).toEqual(isAbsent ? expect.objectContaining({ code: 'not-found.block' }) : undefined);
      if (understood !== undefined) expect(isSame(understood, exchange.responseBody)).toBe(true);
    } else {
      expect(error).toBeInstanceOf(PyrgosError);
    }
  };

  const selection = join(import.meta.dirname, '../../../../../vectors/02/transcripts/selection.jsonl');
  test.each(exchangesOf(selection))('%s', async (_, exchange) => check(exchange));

  const folder = process.env['PYRGOS_TRANSCRIPTS'] ?? '';
  test.skipIf(!existsSync(folder))('complete recordings (needs PYRGOS_TRANSCRIPTS, a folder of *.jsonl)', async () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    let played = 0;
    for (const file of files) {
      for (const [, exchange] of exchangesOf(join(folder, file))) {
        await check(exchange);
        played++;
      }
    }
    expect(played).toBeGreaterThan(files.length);
  });
});
