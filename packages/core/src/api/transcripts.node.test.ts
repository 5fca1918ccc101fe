import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import * as accounts from '../accounts/index.js';
import { equalBytes, fromHex, toHex } from '../bytes.js';
import { decodeBase64 } from '../codec/base64.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { DataFrameReader } from '../codec/data-framing.js';
import { loadCrypto } from '../crypto/index.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { BatWithId } from '../keys/bat.js';
import { ProofOfWork } from '../keys/proof-of-work.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { inlineSigningKey, type KeyLookup } from '../keys/resolve-signing-key.js';
import { SignedRequest, verifySignedTime } from '../keys/signed-request.js';
import { openSigned, PublicSigningKey } from '../keys/signing-key.js';
import { MAX_FOLLOW_REQUEST_SIZE } from '../limits.js';
import { BlockStoreProperties } from './block-store-properties.js';
import { BlockWriteGroup } from './block-write-group.js';
import { decodeTrailer, encodeTrailer } from './trailer.js';

/** One line of a transcript. */
interface Line {
  readonly path: string;
  readonly status: number;
  readonly requestBody?: unknown;
  readonly responseBody?: unknown;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly startedAtMillis: number;
}

interface Exchange {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly status: number;
  /** Undefined when the transcript shortens it. */
  readonly request: Uint8Array | undefined;
  readonly response: Uint8Array | undefined;
  readonly trailer: string | undefined;
  readonly time: number;
}

const golden = goldenFolder();
const folder = golden === undefined ? undefined : join(golden, '..', 'transcripts');
const missing = folder === undefined || !existsSync(folder);

function body(value: unknown): Uint8Array | undefined {
  if (value === undefined || value === null) return new Uint8Array();
  return typeof value === 'string' ? decodeBase64(value) : undefined;
}

function readExchanges(from: string): Exchange[] {
  return readdirSync(from)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(from, name), 'utf8').trim().split('\n'))
    .map((text) => {
      const line = JSON.parse(text) as Line;
      const url = new URL(line.path, 'http://server');
      return {
        path: url.pathname.slice(1),
        query: url.searchParams,
        status: line.status,
        request: body(line.requestBody),
        response: body(line.responseBody),
        trailer: line.responseHeaders['trailer'],
        time: line.startedAtMillis,
      };
    });
}

/** What the reference client and the reference server really said to each other (1.32.0). */
describe.skipIf(missing)(`transcripts${missing ? ` (skipped: ${goldenMissing}, with transcripts beside it)` : ''}`, () => {
  let crypto: CryptoProvider;
  let exchanges: readonly Exchange[];
  const identities = new Map<string, PublicKeyHash>();

  const of = (path: string): Exchange[] => {
    const found = exchanges.filter((exchange) => exchange.path === path && exchange.status === 200);
    expect(found.length, path).toBeGreaterThan(0);
    return found;
  };
  const parameter = (exchange: Exchange, name: string): string => exchange.query.get(name) ?? '';
  const keyOf = (hash: PublicKeyHash | undefined): PublicSigningKey => {
    const key = hash === undefined ? undefined : inlineSigningKey(hash);
    if (key === undefined) throw new Error('no inline key');
    return key;
  };
  const same = (found: Uint8Array | undefined, again: (bytes: Uint8Array) => Uint8Array): void => {
    if (found !== undefined) expect(toHex(again(found))).toBe(toHex(found));
  };
  const listOf = (bytes: Uint8Array | undefined, read: (item: CborValue) => { toCbor(): CborValue }): void => {
    same(bytes, (input) => encodeCbor((decodeCbor(input) as readonly CborValue[]).map((item) => read(item).toCbor())));
  };

  beforeAll(async () => {
    crypto = await loadCrypto();
    exchanges = readExchanges(folder ?? '');
    for (const { request, response } of of('peergos/v0/core/getPublicKey')) {
      const answer = new DataFrameReader(response ?? new Uint8Array());
      if (!answer.readBoolean()) continue;
      const hash = decodeCbor(answer.readBytes(100));
      answer.expectEnd();
      if (hash instanceof Cid) identities.set(new DataFrameReader(request ?? new Uint8Array()).readText(64), PublicKeyHash.fromCid(hash));
    }
  });

  test('sign-up: claim, proof of work and every signature of the log', async () => {
    for (const { request } of of('peergos/v0/core/signup')) {
      const reader = new DataFrameReader(request ?? new Uint8Array());
      const username = reader.readText(1024);
      const linkBytes = reader.readBytes(1 << 22);
      const logBytes = reader.readBytes(65_536);
      const proofBytes = reader.readBytes(100);
      expect(reader.readText(1024)).toBe('');
      reader.expectEnd();
      const link = accounts.UserPublicKeyLink.decode(linkBytes);
      same(linkBytes, (bytes) => accounts.UserPublicKeyLink.decode(bytes).encode());
      same(logBytes, (bytes) => accounts.OpLog.decode(bytes).encode());
      same(proofBytes, (bytes) => ProofOfWork.decode(bytes).encode());
      const lookup: KeyLookup = {
        hasher: crypto,
        blocks: { getBlock: async () => Promise.reject(new Error('keys are inline')) },
        context: { owner: link.owner },
      };
      await accounts.assertValidChain(crypto, [link], username, lookup);
      expect(ProofOfWork.decode(proofBytes).check(crypto, accounts.encodeChain([link]), 0)).toBe(true);
      const log = accounts.OpLog.decode(logBytes);
      for (const operation of log.operations) {
        const key = keyOf(operation.writer);
        if (operation instanceof accounts.BlockWrite) expect(operation.isSignedBy(crypto, key)).toBe(true);
        else expect(openSigned(crypto, key, operation.signed).length).toBeGreaterThan(0);
      }
      expect(log.login?.data.username).toBe(username);
      expect(log.login?.data.isSignedBy(crypto, keyOf(link.owner), log.login.auth)).toBe(true);
      const { bat, auth } = log.mirrorBat ?? {};
      expect(bat?.bat.mirrorId(crypto).equals(bat.id)).toBe(true);
      const signed = SignedRequest.decode(openSigned(crypto, keyOf(link.owner), auth ?? new Uint8Array()));
      expect(signed.path).toBe('peergos/v0/bats/addBat');
    }
  });

  test('chains', () => {
    for (const { response } of of('peergos/v0/core/getChain')) {
      same(response, (bytes) => accounts.encodeChain(accounts.decodeChain(bytes)));
    }
  });

  test('password change: login data with its signature, block and pointer', () => {
    for (const exchange of of('peergos/v0/login/setLogin')) {
      same(exchange.request, (bytes) => accounts.LoginData.decode(bytes).encode());
      const data = accounts.LoginData.decode(exchange.request ?? new Uint8Array());
      const identity = keyOf(identities.get(data.username));
      expect(data.isSignedBy(crypto, identity, fromHex(parameter(exchange, 'auth')))).toBe(true);
      expect(data.identityUpdate?.block.isSignedBy(crypto, identity)).toBe(true);
      expect(openSigned(crypto, identity, data.identityUpdate?.pointer.signed ?? new Uint8Array()).length).toBeGreaterThan(0);
    }
  });

  test('sign-in: responses, second factors and signed times', () => {
    let requests = 0;
    let codes = 0;
    for (const exchange of of('peergos/v0/login/getLogin')) {
      same(exchange.response, (bytes) => accounts.LoginResponse.decode(bytes).encode());
      if (accounts.LoginResponse.decode(exchange.response ?? new Uint8Array()).request !== undefined) requests++;
      const author = PublicSigningKey.decode(fromHex(parameter(exchange, 'author')));
      verifySignedTime(crypto, author, fromHex(parameter(exchange, 'auth')), { now: exchange.time, allowedSeconds: 300 });
      if (!exchange.query.has('mfa')) continue;
      codes++;
      same(fromHex(parameter(exchange, 'mfa')), (bytes) => accounts.MultiFactorAuthResponse.decode(bytes).encode());
    }
    expect([requests > 0, codes > 0]).toEqual([true, true]);
  });

  test('mirror BATs and the signed requests for them', () => {
    for (const exchange of of('peergos/v0/bats/getUserBats')) {
      listOf(exchange.response, (item) => BatWithId.fromCbor(item));
      const identity = keyOf(identities.get(parameter(exchange, 'username')));
      const check = { path: exchange.path, now: exchange.time, allowedSeconds: 300 };
      SignedRequest.verify(crypto, identity, fromHex(parameter(exchange, 'auth')), check);
    }
  });

  test('follow requests: sent, fetched, removed', () => {
    for (const { request } of of('peergos/v0/social/followRequest')) {
      same(request, (bytes) => accounts.BlindFollowRequest.decode(bytes).encode());
    }
    for (const { response } of of('peergos/v0/social/getFollowRequests')) {
      const reader = new DataFrameReader(response ?? new Uint8Array());
      listOf(reader.readBytes(1 << 20), (item) => accounts.BlindFollowRequest.fromCbor(item));
      reader.expectEnd();
    }
    for (const exchange of of('peergos/v0/social/removeFollowRequest')) {
      const signed = exchange.request ?? new Uint8Array();
      expect(signed.length).toBeLessThanOrEqual(MAX_FOLLOW_REQUEST_SIZE);
      const message = openSigned(crypto, keyOf(PublicKeyHash.parse(parameter(exchange, 'owner'))), signed);
      same(message, (bytes) => accounts.BlindFollowRequest.decode(bytes).encode());
    }
  });

  test('space requests and payment properties', () => {
    for (const exchange of of('peergos/v0/storage/request')) {
      const owner = keyOf(PublicKeyHash.parse(parameter(exchange, 'owner')));
      const signed = fromHex(parameter(exchange, 'req'));
      same(signed.subarray(64), () => accounts.SpaceRequest.open(crypto, owner, signed).encode());
      same(exchange.response, (bytes) => accounts.PaymentProperties.decode(bytes).encode());
    }
    for (const { response } of of('peergos/v0/storage/payment-properties')) {
      same(response, (bytes) => accounts.PaymentProperties.decode(bytes).encode());
    }
  });

  test('block uploads: groups and their signatures', () => {
    let verified = 0;
    for (const exchange of of('api/v0/block/put/bulk')) {
      if (exchange.request === undefined) continue;
      same(exchange.request, (bytes) => BlockWriteGroup.decode(bytes).encode());
      const group = BlockWriteGroup.decode(exchange.request);
      const writer = keyOf(PublicKeyHash.parse(parameter(exchange, 'writer')));
      for (const [i, block] of group.blocks.entries()) {
        const message = openSigned(crypto, writer, group.signatures[i] ?? new Uint8Array());
        expect(equalBytes(message, crypto.sha256(block))).toBe(true);
        verified++;
      }
    }
    expect(verified).toBeGreaterThan(10);
  });

  test('store properties', () => {
    for (const { response } of of('api/v0/blockstore/props')) same(response, (bytes) => BlockStoreProperties.decode(bytes).encode());
  });

  test('error texts are written the way we write them', () => {
    const trailers = exchanges.flatMap(({ trailer, status }) => (status === 400 && trailer !== undefined ? [trailer] : []));
    expect(trailers.length).toBeGreaterThan(0);
    for (const trailer of trailers) expect(encodeTrailer(decodeTrailer(trailer))).toBe(trailer);
  });
});
