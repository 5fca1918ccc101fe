import { Cid, CidCodec } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { ArgumentError, FormatError, PyrgosError } from '@pyrgos/core/errors';
import { Bat, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_BLOCKS_PER_PUT, MAX_PUTS_IN_FLIGHT, MAX_SERVER_IDS } from '@pyrgos/core/limits';
import { AbsoluteCapability, formatCapabilityLink } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { VerifiedBlocks } from '../../commit/verified-store.js';
import { RequestCounter } from '../request-counter.js';
import { HttpNetwork, type HttpNetworkOptions } from './http-network.js';
import type { Fetch } from './fetch-transport.js';

const crypto = await loadCrypto();
const identity = SigningKeyPair.generate(crypto);

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}

/** A network whose requests are all answered alike. */
function networkOf(
  answer: () => Response,
  options: Partial<HttpNetworkOptions> = {},
): { readonly network: HttpNetwork; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const fetch: Fetch = async (url, init) => {
    asked.push({ url, init });
    return answer();
  };
  return { network: new HttpNetwork({ server: 'http://localhost:8000', crypto, fetch, ...options }), asked };
}

describe('where the server is', () => {
  test.each([
    ['http://localhost:8000', 'POST', 'http://localhost:8000/api/v0/ids'],
    ['http://app.localhost:8000/', 'POST', 'http://app.localhost:8000/api/v0/ids'],
    ['http://127.9.0.1', 'POST', 'http://127.9.0.1/api/v0/ids'],
    ['http://[::1]:9', 'POST', 'http://[::1]:9/api/v0/ids'],
    ['http://192.168.1.2:8000', 'GET', 'http://192.168.1.2:8000/api/v0/ids'],
    ['https://localhost/drive', 'GET', 'https://localhost/drive/api/v0/ids'],
    ['https://peergos.example', 'GET', 'https://peergos.example/api/v0/ids'],
  ])('%s is asked by %s', async (server, method, url) => {
    const { network, asked } = networkOf(() => Response.json({ IDS: ['z5AanNVJCxnF5YtgjnHW43gxUTgmt6xvBeG7J5LxrDKZZtnXNC34Ldm'] }), {
      server,
    });
    await network.serverIds();
    expect(asked).toMatchObject([{ url, init: { method, redirect: 'manual', referrerPolicy: 'no-referrer' } }]);
  });

  test.each(['', 'localhost:8000', 'ftp://server', 'https://user:pass@server', 'https://server/?a', 'https://server/#a', 'file:///etc'])(
    'not "%s"',
    (server) => {
      expect(() => new HttpNetwork({ server, crypto })).toThrow(ArgumentError);
    },
  );

  test('options that are none', () => {
    for (const maxRequests of [0, -1, 1.5, NaN]) expect(() => networkOf(() => new Response(), { maxRequests })).toThrow(ArgumentError);
    expect(() => networkOf(() => new Response(), { basicAuth: { user: 'a:b', password: '' } })).toThrow(ArgumentError);
  });

  test('a password of the server goes with every request', async () => {
    const { network, asked } = networkOf(() => new Response(Uint8Array.of(0xf5)), { basicAuth: { user: 'käthe', password: 'pass:word' } });
    await network.admin.joinWaitList('a@b.example');
    expect(asked[0]?.init.headers).toEqual({ authorization: 'Basic a8OkdGhlOnBhc3M6d29yZA==' });
  });
});

describe('ids', () => {
  test('bare ones and CIDs; at least one and not too many', async () => {
    const text = 'z5AanNVJCxnF5YtgjnHW43gxUTgmt6xvBeG7J5LxrDKZZtnXNC34Ldm';
    const ids = await networkOf(() =>
      Response.json({ IDS: [text, '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB'] }),
    ).network.serverIds();
    expect(ids.map(String)).toEqual([text, text]);
    const most = Array.from({ length: MAX_SERVER_IDS }, () => text);
    expect(await networkOf(() => Response.json({ IDS: most })).network.serverIds()).toHaveLength(MAX_SERVER_IDS);
    for (const list of [[], [...most, text]])
      await expect(networkOf(() => Response.json({ IDS: list })).network.serverIds()).rejects.toThrow(FormatError);
  });
});

describe('public files', () => {
  const capability = AbsoluteCapability.of({
    owner: identity.publicKey.hash,
    writer: identity.publicKey.hash,
    mapKey: crypto.randomBytes(32),
    bat: Bat.generate(crypto),
    rBaseKey: SymmetricKey.generate(crypto),
  });
  const redirect = (location: string) => () => new Response(null, { status: 302, headers: { location } });

  test('the capability behind the redirect, whatever the path', async () => {
    const link = formatCapabilityLink(capability);
    const location = `/#{"secretLink":true%2c"path":"%2Falice%2Fdocs"%2c"open":true%2c"link":"${link}"}`;
    const { network, asked } = networkOf(redirect(location));
    expect((await network.publicFiles.capability('alice', '/docs//ä b?#&.txt/')).equals(capability)).toBe(true);
    expect(asked[0]).toMatchObject({ url: 'http://localhost:8000/public/alice/docs/%C3%A4%20b%3F%23%26.txt', init: { method: 'GET' } });
  });

  test('a redirect to anything else, or to nowhere', async () => {
    for (const location of [
      '',
      '/',
      'https://evil.example/#{"link":"x"}',
      '/#{"link":"#a/b/c/d"}',
      `/#${'x'.repeat(70_000)}"link":"#a/b/c/d"}`,
    ]) {
      await expect(networkOf(redirect(location)).network.publicFiles.capability('alice', 'a')).rejects.toThrow(PyrgosError);
    }
    const hidden = networkOf(() => Object.defineProperty(new Response(), 'status', { value: 0 }));
    await expect(hidden.network.publicFiles.capability('alice', 'a')).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('paths that a URL would resolve away', async () => {
    const { network, asked } = networkOf(() => new Response());
    for (const path of ['..', 'a/../b', './a', '\ud800'])
      await expect(network.publicFiles.capability('alice', path)).rejects.toThrow(ArgumentError);
    expect(asked).toEqual([]);
  });
});

describe('link hosts', () => {
  test.each(['localhost:8000', 'peergos.example', '[::1]:8000', '10.0.0.1:80'])('%s', async (host) => {
    expect(await networkOf(() => new Response(host)).network.links.host(identity.publicKey.hash)).toBe(host);
  });

  test.each(['', 'a b', 'evil.example/path', 'user@host', 'host:', 'host:123456', '.host', 'javascript:alert(1)', 'a'.repeat(300)])(
    'not "%s"',
    async (host) => {
      await expect(networkOf(() => new Response(host)).network.links.host(identity.publicKey.hash)).rejects.toThrow(FormatError);
    },
  );
});

describe('blocks', () => {
  const bytes = new Uint8Array(200_000).fill(7);
  const cid = Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw);

  test('are hashed once on their way through all layers, and not copied', async () => {
    let hashed = 0;
    const counting = Object.create(crypto, {
      sha256: {
        value: (data: Uint8Array) => {
          hashed++;
          return crypto.sha256(data);
        },
      },
    }) as typeof crypto;
    const { network } = networkOf(() => new Response(bytes), { crypto: counting });
    const blocks = new VerifiedBlocks(network.blocks, counting);
    expect(await blocks.getBlock(cid, { owner: identity.publicKey.hash })).toEqual(bytes);
    expect(hashed).toBe(1);
  });

  test('a name that is no hash of a block', async () => {
    const { network, asked } = networkOf(() => new Response(bytes));
    const odd = Cid.v1(CidCodec.raw, identity.publicKey.hash.cid.multihash);
    expect(await network.blocks.getBlock(odd, { owner: identity.publicKey.hash })).toEqual(identity.publicKey.encode());
    expect(asked).toEqual([]);
  });

  test('a transaction id that no query can hold', async () => {
    for (const id of ['', 'a b', 'a&b', 'x'.repeat(257)]) {
      await expect(networkOf(() => new Response(id)).network.blocks.startTransaction(identity.publicKey.hash)).rejects.toThrow(FormatError);
    }
    expect(await networkOf(() => new Response('a=b%')).network.blocks.startTransaction(identity.publicKey.hash)).toBe('a=b%');
  });

  test('uploads are cut at the size and number that one request may have', async () => {
    const { hash } = identity.publicKey;
    const requestsFor = async (sizes: readonly number[]): Promise<number> => {
      const counter = new RequestCounter();
      const { network } = networkOf(() => new Response('no'), { onRequest: counter.onRequest });
      const blocks = sizes.map((size) => ({ cid, bytes: new Uint8Array(size), signature: new Uint8Array(96) }));
      // The answer is none, which is found out after the first requests.
      await expect(network.blocks.putBlocks(hash, hash, blocks, 't')).rejects.toThrow(FormatError);
      return counter.count();
    };
    expect(await requestsFor([MAX_BLOCK_SIZE])).toBe(1);
    expect(await requestsFor([MAX_BLOCK_SIZE - 1, 1])).toBe(1);
    expect(await requestsFor([MAX_BLOCK_SIZE, 1])).toBe(2);
    expect(await requestsFor(Array.from({ length: MAX_BLOCKS_PER_PUT }, () => 0))).toBe(1);
    expect(await requestsFor(Array.from({ length: MAX_BLOCKS_PER_PUT + 1 }, () => 0))).toBe(2);
    expect(await requestsFor(Array.from({ length: 100 }, () => MAX_BLOCK_SIZE))).toBe(MAX_PUTS_IN_FLIGHT);
  });

  test('raw and dag-cbor do not mix in one call', async () => {
    const block = (codec: typeof CidCodec.raw | typeof CidCodec.dagCbor) => ({
      cid: Cid.ofSha256(cid.multihash.digest, codec),
      bytes,
      signature: bytes,
    });
    const { network } = networkOf(() => new Response());
    const { hash } = identity.publicKey;
    await expect(network.blocks.putBlocks(hash, hash, [block(CidCodec.raw), block(CidCodec.dagCbor)], 't')).rejects.toThrow(ArgumentError);
    await expect(network.blocks.putBlocks(hash, hash, [{ ...block(CidCodec.raw), signature: new Uint8Array() }], 't')).rejects.toThrow(
      ArgumentError,
    );
    await network.blocks.putBlocks(hash, hash, [], 't');
  });
});

describe('signed times', () => {
  test('are never the same twice, even when the clock stands still', async () => {
    const { network, asked } = networkOf(() => new Response(Uint8Array.of(0x80)), {
      clock: { now: () => 1_700_000_000_000, sleep: async () => undefined },
    });
    await Promise.all([0, 1, 2].map(async () => network.admin.pending(identity.signer, identity.publicKey.hash.cid)));
    expect(new Set(asked.map(({ url }) => url)).size).toBe(3);
  });
});

describe('counting', () => {
  test('by area, by endpoint, in bytes', async () => {
    const counter = new RequestCounter();
    const { network } = networkOf(() => new Response(Uint8Array.of(0)), { onRequest: counter.onRequest });
    const { hash } = identity.publicKey;
    await network.pointers.getPointer(hash, hash);
    await network.pointers.setPointer(hash, hash, new Uint8Array(100));
    await network.core.getPublicKey('alice');
    await expect(network.core.getChain('alice')).rejects.toThrow(FormatError);
    expect([...counter.byEndpoint()]).toEqual([
      ['pointers getPointer', 1],
      ['pointers setPointer', 1],
      ['core getPublicKey', 1],
      ['core getChain', 1],
    ]);
    expect([
      counter.count(),
      counter.count('core'),
      counter.count('pointers', 'setPointer'),
      counter.storageRequests,
      counter.failed,
    ]).toEqual([4, 2, 1, 2, 0]);
    expect(counter.bytes).toEqual({ sent: 118, received: 4 });
    counter.reset();
    expect(counter.count()).toBe(0);
  });
});
