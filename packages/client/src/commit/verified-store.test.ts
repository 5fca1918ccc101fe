import { Cid, CidCodec, encodeCbor, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { DeniedError, NotFoundError } from '@pyrgos/core/errors';
import { Bat, BatWithId, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_CACHED_BLOCK_SIZE } from '@pyrgos/core/limits';
import type { BlockReadContext } from '@pyrgos/core/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { VerifiedBlocks } from './verified-store.js';

let crypto: CryptoProvider;
let context: BlockReadContext;

beforeAll(async () => {
  crypto = await loadCrypto();
  context = { owner: SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash };
});

function cidOf(bytes: Uint8Array): Cid {
  return Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw);
}

/** A source whose answers a test decides one by one. */
function source(answer: (cid: Cid, context: BlockReadContext) => Promise<Uint8Array>): { calls: number; getBlock: typeof answer } {
  const out = {
    calls: 0,
    getBlock: async (cid: Cid, ctx: BlockReadContext) => {
      out.calls++;
      return answer(cid, ctx);
    },
  };
  return out;
}

/** An array whose memory was given away. */
function lostMemory(): Uint8Array {
  const array = new Uint8Array(10);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const bytesOf = (n: number, size = 10): Uint8Array => new Uint8Array(size).fill(n);

describe('VerifiedBlocks', () => {
  test('returns what has the right hash, once from the source and then from memory', async () => {
    const server = source(() => Promise.resolve(bytesOf(1)));
    const blocks = new VerifiedBlocks(server, crypto);
    expect(await blocks.getBlock(cidOf(bytesOf(1)), context)).toEqual(bytesOf(1));
    expect(await blocks.getBlock(cidOf(bytesOf(1)), context)).toEqual(bytesOf(1));
    expect(server.calls).toBe(1);
    expect(blocks.size).toBe(10);
  });

  test('refuses wrong bytes, wrong types and too many bytes, and keeps none of them', async () => {
    const wanted = cidOf(bytesOf(1));
    const junk = [new Uint8Array(), 'text', undefined, null, { length: 10 }, lostMemory()];
    for (const answer of [bytesOf(2), bytesOf(1, 9), ...junk, new Uint8Array(MAX_BLOCK_SIZE + 1)]) {
      const blocks = new VerifiedBlocks(
        source(() => Promise.resolve(answer as Uint8Array)),
        crypto,
      );
      expect(await outcome(blocks.getBlock(wanted, context))).toBe('format.block');
      expect(blocks.size).toBe(0);
    }
    const large = new Uint8Array(MAX_BLOCK_SIZE);
    const blocks = new VerifiedBlocks(
      source(() => Promise.resolve(large)),
      crypto,
    );
    expect((await blocks.getBlock(cidOf(large), context)).length).toBe(MAX_BLOCK_SIZE);
  });

  test('asks again after a failure', async () => {
    let isBroken = true;
    const blocks = new VerifiedBlocks(
      source(async () => (isBroken ? bytesOf(2) : bytesOf(1))),
      crypto,
    );
    expect(await outcome(blocks.getBlock(cidOf(bytesOf(1)), context))).toBe('format.block');
    isBroken = false;
    expect(await blocks.getBlock(cidOf(bytesOf(1)), context)).toEqual(bytesOf(1));
  });

  test('is not fooled by a source that changes its array afterwards', async () => {
    const shared = bytesOf(1);
    const blocks = new VerifiedBlocks(
      source(() => Promise.resolve(shared)),
      crypto,
    );
    await blocks.getBlock(cidOf(bytesOf(1)), context);
    shared.fill(9);
    expect(await blocks.getBlock(cidOf(bytesOf(1)), context)).toEqual(bytesOf(1));
  });

  test('takes no hash for another: a CID that is not SHA-256 cannot be verified', async () => {
    const server = source(() => Promise.resolve(bytesOf(1)));
    const blocks = new VerifiedBlocks(server, crypto);
    const digest = crypto.sha256(bytesOf(1));
    for (const code of [MultihashCode.blake3, MultihashCode.blake2s]) {
      const cid = Cid.v1(CidCodec.raw, Multihash.create(code, digest));
      expect(await outcome(blocks.getBlock(cid, context))).toBe('format.block');
    }
    expect([server.calls, blocks.size]).toEqual([0, 0]);
  });

  test('never asks for an identity CID', async () => {
    const server = source(() => Promise.resolve(bytesOf(1)));
    const blocks = new VerifiedBlocks(server, crypto);
    expect(await outcome(blocks.getBlock(context.owner.cid, context))).toBe('format.block');
    expect(await outcome(blocks.getBlock('x' as unknown as Cid, context))).toBe('argument');
    expect(server.calls).toBe(0);
  });

  test('shares one request among concurrent reads, but not across BATs', async () => {
    const bytes = encodeCbor(['x']);
    const secret = Bat.generate(crypto);
    const bat = BatWithId.of(secret, secret.calculatedId(crypto));
    const server = source(async (_, ctx) => {
      await Promise.resolve();
      if (ctx.bat === undefined) throw new DeniedError('denied.block', 'no');
      return bytes;
    });
    const blocks = new VerifiedBlocks(server, crypto);
    const results = await Promise.all(
      [context, { ...context, bat }, context, { ...context, bat }].map((ctx) => outcome(blocks.getBlock(cidOf(bytes), ctx))),
    );
    expect(results).toEqual(['denied.block', 'resolved', 'denied.block', 'resolved']);
    expect(server.calls).toBe(2);
  });

  test('cancels the shared request only when everybody has gone', async () => {
    let finish = (): void => undefined;
    const signals: (AbortSignal | undefined)[] = [];
    const server = source(async (_, { signal }) => {
      signals.push(signal);
      await new Promise<void>((resolve) => (finish = resolve));
      return bytesOf(1);
    });
    const blocks = new VerifiedBlocks(server, crypto);
    const [a, b] = [new AbortController(), new AbortController()];
    const first = outcome(blocks.getBlock(cidOf(bytesOf(1)), { ...context, signal: a.signal }));
    const second = outcome(blocks.getBlock(cidOf(bytesOf(1)), { ...context, signal: b.signal }));
    a.abort();
    expect(await first).toBe('aborted');
    expect(signals[0]?.aborted).toBe(false);
    finish();
    expect(await second).toBe('resolved');

    const lonely = new VerifiedBlocks(server, crypto);
    const c = new AbortController();
    const third = outcome(lonely.getBlock(cidOf(bytesOf(1)), { ...context, signal: c.signal }));
    c.abort();
    expect(await third).toBe('aborted');
    expect(signals[1]?.aborted).toBe(true);
    expect(await outcome(lonely.getBlock(cidOf(bytesOf(1)), { ...context, signal: c.signal }))).toBe('aborted');
    finish();
    const fourth = lonely.getBlock(cidOf(bytesOf(1)), context);
    finish();
    expect(await fourth).toEqual(bytesOf(1));
  });

  test('keeps the most recently used blocks within its capacity', async () => {
    const server = source((cid) => {
      const found = [1, 2, 3, 4].map((n) => bytesOf(n)).find((bytes) => cidOf(bytes).equals(cid));
      return found === undefined ? Promise.reject(new NotFoundError('not-found.block', 'x')) : Promise.resolve(found);
    });
    const blocks = new VerifiedBlocks(server, crypto, 30);
    for (const n of [1, 2, 3, 1, 4]) await blocks.getBlock(cidOf(bytesOf(n)), context);
    expect(blocks.size).toBe(30);
    expect(server.calls).toBe(4);
    for (const n of [1, 3, 4]) await blocks.getBlock(cidOf(bytesOf(n)), context);
    expect(server.calls).toBe(4);
    await blocks.getBlock(cidOf(bytesOf(2)), context);
    expect(server.calls).toBe(5);
    expect(() => new VerifiedBlocks(server, crypto, -1)).toThrow('capacity');
  });

  test('does not keep large blocks', async () => {
    const blocks = new VerifiedBlocks(
      source(() => Promise.reject(new NotFoundError('not-found.block', 'x'))),
      crypto,
    );
    for (const [size, kept] of [
      [MAX_CACHED_BLOCK_SIZE, true],
      [MAX_CACHED_BLOCK_SIZE + 1, false],
    ] as const) {
      const bytes = bytesOf(7, size);
      blocks.keep(cidOf(bytes), bytes);
      expect(await outcome(blocks.getBlock(cidOf(bytes), context))).toBe(kept ? 'resolved' : 'not-found.block');
    }
  });

  test('files hints under their true CIDs', async () => {
    const blocks = new VerifiedBlocks(
      source(() => Promise.reject(new NotFoundError('not-found.block', 'x'))),
      crypto,
    );
    const bytes = encodeCbor(['hint']);
    blocks.keepHints([bytes, 'rubbish' as unknown as Uint8Array, lostMemory(), new Uint8Array(MAX_CACHED_BLOCK_SIZE + 1)]);
    for (const answer of [undefined, null, {}, 'rubbish'] as unknown[]) blocks.keepHints(answer as Uint8Array[]);
    expect(await blocks.getBlock(Cid.ofSha256(crypto.sha256(bytes), CidCodec.dagCbor), context)).toEqual(bytes);
    expect(blocks.size).toBe(bytes.length);
  });
});
