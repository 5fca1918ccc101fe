import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Bat, ProofOfWork, SigningKeyPair } from '@pyrgos/core/keys';
import { encodeTrailer } from '@pyrgos/core/api';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../../test/commit-world.js';
import { answer, HostileServer, type Misbehaviour, raw } from '../../../test/hostile-server.js';
import { HttpNetwork, type HttpNetworkOptions } from './http-network.js';
import type { Network } from '../network.js';

const crypto = await loadCrypto();
const identity = SigningKeyPair.generate(crypto);
const owner = identity.publicKey.hash;
const block = new Uint8Array(100_000).fill(7);
const cid = Cid.ofSha256(crypto.sha256(block), CidCodec.raw);
const read = async (network: Network, signal?: AbortSignal) =>
  network.blocks.getBlock(cid, { owner, ...(signal === undefined ? {} : { signal }) });

async function errorOf(call: Promise<unknown>): Promise<PyrgosError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof PyrgosError) return error;
    throw new Error('an error from outside the family', { cause: error });
  }
  throw new Error('no error');
}

let server: HostileServer;
beforeAll(async () => {
  server = await HostileServer.start();
});
afterAll(async () => server.close());

const transports: readonly (readonly [string, Partial<HttpNetworkOptions>])[] = [
  ['node', {}],
  ['fetch', { fetch: async (url, init) => fetch(url, init) }],
];

const huge = 'x'.repeat(100_000);
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Answers to a request for a block of 100,000 bytes, and the codes that may come of them. */
const behaviours: readonly (readonly [string, Misbehaviour, readonly string[]])[] = [
  ['closes at once', (socket) => socket.end(), ['network']],
  ['resets', (socket) => socket.resetAndDestroy(), ['network']],
  ['says hello like a mail server', raw('220 mail ESMTP\r\n'), ['network']],
  ['answers with random bytes', raw('\u0000\u0001\u00ff\u00fe'.repeat(1000)), ['network']],
  ['answers in HTTP/0.9', raw('<html>It works!</html>'), ['network']],
  ['has a status that is none', raw('HTTP/1.1 abc OK\r\n\r\n'), ['network']],
  ['has a status of 999', answer('999 Odd'), ['network']],
  ['ends within the head', raw('HTTP/1.1 200 OK\r\nContent-Le'), ['network']],
  ['has a header of 100 kB', answer('200 OK', block, [`X: ${huge}`]), ['network']],
  [
    'has 5000 headers',
    answer(
      '200 OK',
      block,
      Array.from({ length: 5000 }, (_, i) => `X${i}: ${i}`),
    ),
    ['network'],
  ],
  ['has a Trailer of 100 kB', answer('400 Bad Request', '', [`Trailer: ${huge}`]), ['network', 'denied.request']],
  ['has two lengths', raw(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`), ['network']],
  [
    'has a length and chunks',
    raw(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    ['network', 'format.block'],
  ],
  ['has a negative length', raw('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc'), ['network']],
  ['has a length beyond numbers', raw('HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nabc', true), ['network', 'limit']],
  ['announces 10 GB', raw('HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nabc', true), ['limit']],
  ['breaks off', raw('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc'), ['network']],
  ['breaks off a chunk', raw(`${chunked}ff\r\nabc`), ['network']],
  ['breaks off between chunks', raw(`${chunked}3\r\nabc\r\n`), ['network']],
  ['has a chunk length that is none', raw(`${chunked}zz\r\nabc\r\n`), ['network']],
  ['has a chunk of 16 GB', raw(`${chunked}3ffffffff\r\nabc`), ['network', 'limit']],
  ['sends less than the block', answer('200 OK', block.subarray(1)), ['format.block']],
  [
    'sends another block',
    answer(
      '200 OK',
      block.map((byte) => byte ^ 1),
    ),
    ['format.block'],
  ],
  ['sends one byte more than a block may have', answer('200 OK', new Uint8Array(MAX_BLOCK_SIZE + 1)), ['limit']],
  ['sends nothing', answer('200 OK'), ['not-found.block']],
  ['sends a page', answer('200 OK', '<!DOCTYPE html><title>Welcome to the hotel</title>', ['Content-Type: text/html']), ['network']],
  ['leads elsewhere', answer('302 Found', '', ['Location: http://127.0.0.1:1/']), ['network']],
  ['leads elsewhere for good', answer('308 Permanent Redirect', '', ['Location: http://127.0.0.1:1/']), ['network']],
  ['leads in a circle', answer('301 Moved', '', ['Location: /api/v0/block/get']), ['network']],
  ['says not modified', answer('304 Not Modified'), ['network']],
  ['asks for a password', answer('401 Unauthorized', '', ['WWW-Authenticate: Basic realm="x"']), ['denied.auth']],
  ['refuses with a page', answer('400 Bad Request', '<html>400</html>'), ['denied.request']],
  [
    'refuses with 50 MB',
    (socket) => {
      socket.write('HTTP/1.1 400 Bad Request\r\nTrailer: Unauthorised%21\r\nTransfer-Encoding: chunked\r\n\r\n');
      endless(socket, 50_000_000);
    },
    ['denied.block'],
  ],
  [
    'refuses and announces 50 MB',
    raw('HTTP/1.1 400 Bad Request\r\nTrailer: Unauthorised%21\r\nContent-Length: 50000000\r\n\r\nabc', true),
    ['denied.block'],
  ],
  ['packs what is no gzip', answer('200 OK', 'abc', ['Content-Encoding: gzip']), ['network']],
  ['packs a bomb', answer('200 OK', gzipSync(new Uint8Array(50_000_000)), ['Content-Encoding: gzip']), ['limit']],
  // What fetch unpacked of it comes out of some platforms.
  ['cuts a packed answer', answer('200 OK', gzipSync(block).subarray(0, 40), ['Content-Encoding: gzip']), ['network', 'format.block']],
  ['claims an unknown packing', answer('200 OK', 'abc', ['Content-Encoding: pyrgos']), ['format.block', 'network']],
  ['switches protocols', raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc'), ['network']],
  [
    'goes on without end',
    (socket) => {
      socket.write(chunked);
      endless(socket, 200_000_000);
    },
    ['limit'],
  ],
  ['has a header that splits', answer('400 Bad Request', '', ['Trailer: a%0D%0ASet-Cookie%3A+x']), ['denied.request']],
  [
    'has bytes in its Trailer',
    raw('HTTP/1.1 400 Bad Request\r\nTrailer: \u00ff\u00e4\u0080\r\nContent-Length: 0\r\n\r\n'),
    ['denied.request'],
  ],
];

/** Writes chunks until `total` bytes or nobody wants them. */
function endless(socket: Socket, total: number): void {
  let sent = 0;
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
  const more = (): void => {
    while (sent < total && socket.writable) {
      sent += chunk.length;
      if (!socket.write(chunk)) {
        socket.once('drain', more);
        return;
      }
    }
    if (socket.writable) socket.end('0\r\n\r\n');
  };
  more();
}

describe.each(transports)('a hostile server (%s)', (_, options) => {
  const make = (more: Partial<HttpNetworkOptions> = {}): HttpNetwork =>
    new HttpNetwork({ server: server.url, crypto, clock: new ManualClock(), ...options, ...more });

  test.each(behaviours)('%s', async (name, behaviour, codes) => {
    server.behave(behaviour);
    const network = make();
    const before = server.sent;
    const error = await errorOf(read(network));
    expect(codes, name).toContain(error.code);
    expect(error.message).not.toContain(server.url);
    // It did not follow anything, and did not take in what nobody asked for.
    expect(server.requests.every((head) => head.startsWith('POST /api/v0/block/get?'))).toBe(true);
    server.behave(answer('200 OK', block));
    expect(server.sent - before).toBeLessThan(30_000_000);
    // And it works again afterwards.
    expect((await read(network)).length).toBe(block.length);
    network.close();
  });

  test.each([
    ['never answers', () => undefined],
    ['stops within its head', raw('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n', true)],
    ['stops within its body', raw('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc', true)],
    [
      'sends provisional answers for ever',
      (socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 5);
        socket.once('close', () => clearInterval(timer));
      },
    ],
    [
      'drips',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
        const timer = setInterval(() => socket.write('a'), 5);
        socket.once('close', () => clearInterval(timer));
      },
    ],
  ] satisfies readonly (readonly [string, Misbehaviour])[])(
    '%s: given up in time, and by who no longer wants it',
    async (name, behaviour) => {
      server.behave(behaviour);
      const network = make({ timeouts: { call: 60, idle: 20 } });
      expect(await errorOf(network.pointers.getPointer(owner, owner))).toMatchObject({ code: 'network', data: { reason: 'timeout' } });
      const controller = new AbortController();
      const patient = make();
      const call = errorOf(patient.pointers.getPointer(owner, owner, controller.signal));
      setTimeout(() => controller.abort(), 20);
      expect((await call).code, name).toBe('aborted');
    },
  );

  test('an upload that is refused before it is read', async () => {
    const early: Misbehaviour = (socket) => {
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nTrailer: ${encodeTrailer('Unknown writer on this server!')}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    };
    server.behave(early);
    const bytes = new Uint8Array(MAX_BLOCK_SIZE);
    const large = { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw), bytes, signature: new Uint8Array(96) };
    const error = await errorOf(make().blocks.putBlocks(owner, owner, [large], 'tx'));
    expect(['denied.block', 'network']).toContain(error.code);
  });

  test('an answer in many small pieces is put together', async () => {
    server.behave((socket) => {
      socket.write(chunked);
      for (let i = 0; i < block.length; i += 500) socket.write(`1f4\r\n${Buffer.from(block.subarray(i, i + 500)).toString('latin1')}\r\n`);
      socket.write('0\r\nX-Trailer: 1\r\n\r\n');
    });
    expect((await read(make())).length).toBe(block.length);
  });

  test('connections are kept, also after refusals and packed answers', async () => {
    const bodies = [
      answer('200 OK', block),
      answer('400 Bad Request', '', ['Trailer: Unauthorised%21']),
      answer('200 OK', gzipSync('["alice"]'), ['Content-Encoding: gzip']),
    ];
    let next = 0;
    server.behave((socket, head) => bodies[next++ % 3]!(socket, head));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = server.connections;
    const network = make();
    for (let i = 0; i < 5; i++) {
      await read(network);
      expect((await errorOf(read(network))).code).toBe('denied.block');
      expect(await network.core.usernames()).toEqual(['alice']);
    }
    expect(server.connections - before).toBeLessThan(4);
    network.close();
  });

  test('a kept connection that the server closes meanwhile is replaced', async () => {
    let count = 0;
    server.behave((socket, head) => {
      answer('200 OK', block)(socket, head);
      // It goes away as soon as the client could use it again.
      if (count++ % 2 === 0) setTimeout(() => socket.resetAndDestroy(), 1);
    });
    const network = make();
    for (let i = 0; i < 10; i++) {
      expect((await read(network)).length).toBe(block.length);
      if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });

  test('a server that is not there', async () => {
    const gone = await HostileServer.start();
    const { url } = gone;
    await gone.close();
    const error = await errorOf(read(make({ server: url })));
    expect(error).toMatchObject({ code: 'network', retry: 'safe', data: { reason: 'unreachable', detail: 'ECONNREFUSED' } });
    expect(await errorOf(read(make({ server: 'http://nowhere.invalid' })))).toMatchObject({
      code: 'network',
      data: { reason: 'unreachable' },
    });
  });
});

describe('a connection that Node keeps', () => {
  test('what is left of an earlier answer on a kept connection does not spoil the next request', async () => {
    const sockets = new Set<Socket>();
    server.behave((socket, head) => {
      // As if more of the first answer were still on its way when the second request begins.
      if (sockets.has(socket)) socket.write('more of the answer before\r\n');
      else answer('200 OK', block)(socket, head);
      sockets.add(socket);
    });
    const network = new HttpNetwork({ server: server.url, crypto, clock: new ManualClock() });
    for (let i = 0; i < 5; i++) expect((await read(network)).length).toBe(block.length);
    network.close();
  });

  test('a connection whose last answer was provisional is not used again', async () => {
    let first: Socket | undefined;
    server.behave((socket, head) => {
      if (first === undefined) socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      else answer('200 OK', block)(socket, head);
      first ??= socket;
    });
    const network = new HttpNetwork({ server: server.url, crypto, clock: new ManualClock() });
    expect((await errorOf(read(network))).code).toBe('network');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(first?.destroyed ?? true).toBe(true);
    expect((await read(network)).length).toBe(block.length);
    network.close();
  });
});

describe('generated answers', () => {
  const random = seededRandom(20);
  const bat = Bat.generate(crypto).withMirrorId(crypto);

  /** One call of every kind of answer. */
  const calls: readonly (readonly [string, (network: Network) => Promise<unknown>])[] = [
    ['block/get', async (n) => read(n)],
    ['block/stat', async (n) => n.blocks.sizeOf(cid, owner)],
    ['block/put/bulk', async (n) => n.blocks.putBlocks(owner, owner, [{ cid, bytes: block, signature: new Uint8Array(96) }], 't')],
    ['champ/get/bulk', async (n) => n.blocks.lookUpChamp(cid, [{ key: new Uint8Array(32) }], { owner })],
    ['transaction/start', async (n) => n.blocks.startTransaction(owner)],
    ['blockstore/props', async (n) => n.blocks.properties()],
    ['blockstore/auth-reads', async (n) => n.blocks.authoriseReads(owner, [])],
    ['getPointer', async (n) => n.pointers.getPointer(owner, owner)],
    ['setPointers', async (n) => n.pointers.setPointers(owner, [])],
    ['id', async (n) => n.serverId()],
    ['ids', async (n) => n.serverIds()],
    ['ipns/get', async (n) => n.ipnsRecord(cid)],
    ['getPublicKey', async (n) => n.core.getPublicKey('alice')],
    ['getUsername', async (n) => n.core.getUsername(owner)],
    ['getChain', async (n) => n.core.getChain('alice')],
    ['usernames', async (n) => n.core.usernames()],
    ['updateChain', async (n) => n.core.updateChain('alice', [], ProofOfWork.empty(), '')],
    ['getUserSnapshots', async (n) => n.core.getUserSnapshots('', bat, 0n)],
    ['getLogin', async (n) => n.accounts.getLogin({ username: 'alice', loginKey: identity })],
    ['listMfa', async (n) => n.accounts.listMfa('alice', identity.signer)],
    ['addTotp', async (n) => n.accounts.addTotp('alice', identity.signer)],
    ['genBackupCodes', async (n) => n.accounts.genBackupCodes('alice', identity.signer)],
    ['registerWebauthnStart', async (n) => n.accounts.registerWebauthnStart('alice', identity.signer)],
    ['deleteMfa', async (n) => n.accounts.deleteMfa('alice', new Uint8Array(32), identity.signer)],
    ['getUserBats', async (n) => n.bats.list('alice', identity.signer)],
    ['getFollowRequests', async (n) => n.social.getFollowRequests(identity.signer)],
    ['usage', async (n) => n.space.usage(identity.signer)],
    ['payment-properties', async (n) => n.space.paymentProperties(identity.signer)],
    ['version', async (n) => n.admin.version()],
    ['signups', async (n) => n.admin.signups()],
    ['pending', async (n) => n.admin.pending(identity.signer, cid)],
    ['retrieve', async (n) => n.messages.retrieve('alice', identity.signer)],
    ['link-host', async (n) => n.links.host(owner)],
    ['link/get', async (n) => n.links.get(owner, 1n)],
    ['link/counts', async (n) => n.links.counts('alice', 0n, bat)],
    ['public', async (n) => n.publicFiles.capability('alice', 'docs/a.txt')],
  ];

  /** Bytes of a kind that some call would take in part: CBOR of any shape, JSON, frames, text, and damaged forms of them. */
  function generated(): Uint8Array {
    const pick = <T>(list: readonly T[]): T => list[random.nextInteger(list.length)] as T;
    const small = (): Uint8Array => random.randomBytes(random.nextInteger(40));
    const shapes: readonly (() => Uint8Array)[] = [
      small,
      () => new Uint8Array(),
      () => Uint8Array.of(random.nextInteger(256)),
      () => encodeCbor(pick([true, null, 0, -1, 2 ** 40, 'text', small(), [], [small(), small()], [[], 'x'], new Map([['a', true]])])),
      () =>
        encodeCbor(
          new Map<string, never>(
            pick([['v', 's'], ['a', 'r'], ['i', 'c'], ['d'], ['f', 'p'], ['w']]).map((key) => [
              key,
              pick([1, true, 'x', small(), []]) as never,
            ]),
          ),
        ),
      () => encodeCbor(Array.from({ length: random.nextInteger(30) }, () => pick([cid, 7, small(), new Map()]))),
      () => Uint8Array.from([0, 0, 0, random.nextInteger(256), ...small()]),
      () => Uint8Array.from([random.nextInteger(3), 0x7f, 0xff, 0xff, 0xff, ...small()]),
      () => Uint8Array.from([random.nextInteger(3), 0xff, 0xff, 0xff, 0xff]),
      () =>
        Buffer.from(
          pick([
            '{"ID":"',
            '{"ID":7}',
            '{"IDS":[]}',
            '{"IDS":["z1","1"]}',
            '{"IDS":[null]}',
            '[["__proto__"]]',
            '{"Size":-1}',
            '{"Size":1e99}',
            '{"sig":"zz","data":""}',
            '{"sig":7}',
            '["alice",7,null,"../etc"]',
          ]),
        ),
      () => Buffer.from(pick(['a b', 'http://evil', 'host:99999999', '\u0000', 'AAAA:BBBB', '-1', '&x=1', '<script>'])),
      () => new Uint8Array(100_000).fill(pick([0x81, 0x9f, 0xa1, 0x00, 0xff])),
      () => Uint8Array.from([0x9a, 0xff, 0xff, 0xff, 0xff, ...small()]),
      () => Uint8Array.from([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    return pick(shapes)();
  }

  function generatedAnswer(): Misbehaviour {
    const kind = random.nextInteger(10);
    if (kind < 7) return answer('200 OK', generated());
    const status = 200 + random.nextInteger(400);
    const trailer = Buffer.from(random.randomBytes(random.nextInteger(60)))
      .toString('latin1')
      .replaceAll(/[^\u0021-\u007e]/gu, '+');
    if (kind < 9) return answer(`${status} X`, generated(), [`Trailer: ${trailer}`, 'Location: /#{"link":"#1/2/3/4"}']);
    return raw(`HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n${Buffer.from(random.randomBytes(20)).toString('latin1')}`);
  }

  test.each(calls)('%s: an answer or an error of the family, 40 times', async (_, call) => {
    const network = new HttpNetwork({ server: server.url, crypto, clock: new ManualClock() });
    for (let i = 0; i < 40; i++) {
      server.behave(generatedAnswer());
      try {
        await call(network);
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
        expect(['argument', 'internal']).not.toContain(error.code);
      }
    }
    network.close();
  });
});
