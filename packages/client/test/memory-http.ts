import { BlockWriteGroup, encodeTrailer } from '@pyrgos/core/api';
import { utf8Encode } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor, parseCid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { decodeMultiWriterCommit, parseChampCaps } from '@pyrgos/core/model';
import type { BlockReadContext } from '@pyrgos/core/store';
import type { MemoryServer } from '@pyrgos/testkit/stores';
import type { Fetch } from '../src/network/index.js';
import { parseTarget } from './network-replay.js';

type Parameters = ReadonlyMap<string, string>;

function keyOf(parameters: Parameters, name: string): PublicKeyHash {
  return PublicKeyHash.parse(parameters.get(name) ?? '');
}

function contextOf(parameters: Parameters): BlockReadContext {
  const bat = parameters.get('bat');
  return { owner: keyOf(parameters, 'owner'), ...(bat === undefined ? {} : { bat: BatWithId.parse(bat) }) };
}

/** The endpoints of blocks and pointers (chapter 02 sections 5 and 7) over a server in memory. */
async function answer(server: MemoryServer, crypto: CryptoProvider, path: string, p: Parameters, body: Uint8Array): Promise<Uint8Array> {
  switch (path) {
    case '/api/v0/transaction/start':
      return utf8Encode(await server.blocks.startTransaction(keyOf(p, 'owner')));
    case '/api/v0/transaction/close':
      await server.blocks.closeTransaction(keyOf(p, 'owner'), p.get('arg') ?? '');
      return utf8Encode('1');
    case '/api/v0/block/put/bulk': {
      const { blocks, signatures } = BlockWriteGroup.decode(body);
      const codec = p.get('format') === 'raw' ? CidCodec.raw : CidCodec.dagCbor;
      const signed = blocks.map((bytes, i) => ({
        cid: Cid.ofSha256(crypto.sha256(bytes), codec),
        bytes: new Uint8Array(bytes),
        signature: new Uint8Array(signatures[i] as Uint8Array),
      }));
      await server.blocks.putBlocks(keyOf(p, 'owner'), keyOf(p, 'writer'), signed, p.get('transaction') ?? '');
      return utf8Encode(signed.map(({ cid }) => JSON.stringify({ Hash: cid.toString() })).join(''));
    }
    case '/api/v0/block/get':
      try {
        return await server.blocks.getBlock(parseCid(p.get('arg') ?? ''), contextOf(p));
      } catch (error) {
        if (error instanceof PyrgosError && error.code === 'not-found.block') return new Uint8Array();
        throw error;
      }
    case '/api/v0/champ/get/bulk': {
      const lookups = parseChampCaps(p.get('caps') ?? '').map(({ key, bat }) => (bat === undefined ? { key } : { key, bat }));
      return encodeCbor((await server.blocks.lookUpChamp?.(parseCid(p.get('arg') ?? ''), lookups, contextOf(p))) ?? []);
    }
    case '/peergos/v0/mutable/getPointer':
      return (await server.pointers.getPointer(keyOf(p, 'owner'), keyOf(p, 'writer'))) ?? new Uint8Array();
    case '/peergos/v0/mutable/setPointer':
      return Uint8Array.of((await server.pointers.setPointer(keyOf(p, 'owner'), keyOf(p, 'writer'), body)) ? 1 : 0);
    case '/peergos/v0/mutable/setPointers':
      return Uint8Array.of((await server.pointers.setPointers(keyOf(p, 'owner'), decodeMultiWriterCommit(body))) ? 1 : 0);
    default:
      throw new Error(`no endpoint ${path}`);
  }
}

/** A `fetch` that leads to a server in memory, by the rules of the wire. Works in browsers, too. `onError` is told what the server says. */
export function memoryFetch(server: MemoryServer, crypto: CryptoProvider, onError: (message: string) => void = () => undefined): Fetch {
  return async (url, init) => {
    const { path, parameters } = parseTarget(new URL(url).href.slice(new URL(url).origin.length));
    const body = new Uint8Array(await new Response(init.body ?? null).arrayBuffer());
    try {
      return new Response(new Uint8Array(await answer(server, crypto, path, parameters, body)));
    } catch (error) {
      const message = error instanceof PyrgosError ? error.message : 'Internal error';
      onError(message);
      return new Response(null, { status: 400, headers: { trailer: encodeTrailer(message) } });
    }
  };
}
