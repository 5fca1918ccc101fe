import { BlockWriteGroup } from '@pyrgos/core/api';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { FormatError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { BatWithId } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { ChunkMirrorCap, parseChampCaps } from '@pyrgos/core/model';
import { CHAMP_ANSWER_MEMORY, MAX_PUT_BODY_SIZE } from '../../limits.js';
import { multipartBoundary, parseMultipart } from '../multipart.js';
import { cidArgument, int64, keyHash, optionalBat, peerId, required } from '../parameters.js';
import { bytesReply, cborReply, immutableHeaders, jsonReply, textReply, type Reply } from '../reply.js';
import type { Call, Handler, RouteTable } from './route.js';

/** Parts of a legacy put; its signatures stand in the query, which has no room for as many. */
const MAX_PARTS = 1000;

function hashesReply(hashes: readonly { toString(): string }[]): Reply {
  return textReply(hashes.map((hash) => JSON.stringify({ Hash: String(hash) })).join(''));
}

/**
 * Both forms of a put. `read` gets the blocks and signatures out of the request, after the parameters were found to be in order and the writer
 * to be known: what a stranger sends is neither received nor decoded.
 */
async function putBlocks({ exchange: { query }, services, metrics }: Call, read: () => Promise<BlockWriteGroup>): Promise<Reply> {
  const owner = keyHash(query, 'owner');
  const writer = keyHash(query, 'writer');
  const raw = required(query, 'format') === 'raw';
  const transaction = required(query, 'transaction');
  await services.blocks.assertKnownWriter(owner, writer);
  const { blocks, signatures } = await read();
  const cids = await services.blocks.putBulk(owner, writer, blocks, signatures, raw, transaction);
  metrics?.blocks('put', cids.length);
  return hashesReply(cids);
}

const putBulk: Handler = (call) => putBlocks(call, async () => BlockWriteGroup.decode(await call.exchange.upload(MAX_PUT_BODY_SIZE)));

/** `legacy: server must accept`. */
const putMultipart: Handler = (call) =>
  putBlocks(call, async () => {
    const { exchange } = call;
    const signatures = required(exchange.query, 'signatures').split(',');
    const boundary = multipartBoundary(exchange.header('content-type'));
    const blocks = parseMultipart(await exchange.upload(MAX_PUT_BODY_SIZE), boundary, MAX_PARTS);
    return BlockWriteGroup.of(
      blocks,
      signatures.map((text) => fromHex(text, 'signatures')),
    );
  });

const getBlock: Handler = async ({ exchange, services, metrics }) => {
  const { query } = exchange;
  const { cid, text } = cidArgument(query);
  const owner = keyHash(query, 'owner');
  const bat = optionalBat(query);
  await exchange.reserveAnswer(MAX_BLOCK_SIZE);
  const block = await services.blocks.readBlock(owner, cid, bat, (size) => exchange.memory(size));
  metrics?.blocks('get', 1);
  return block === undefined || block.length === 0 ? bytesReply(new Uint8Array()) : bytesReply(block, immutableHeaders(text));
};

const statBlock: Handler = async ({ exchange: { query }, services }) => {
  const { cid, text } = cidArgument(query);
  // Existing clients send no owner (section 5.6).
  const owner = query.get('owner') === undefined ? undefined : keyHash(query, 'owner');
  const size = await services.blocks.sizeOf(cid, owner);
  return jsonReply({ Size: size }, size === 0 ? {} : immutableHeaders(text));
};

/** One key as hex in the second `arg`, with its BAT: the form of the legacy call. */
function singleCap({ exchange: { query } }: Call): readonly ChunkMirrorCap[] {
  const key = query.args[1];
  if (key === undefined) throw new FormatError('format.request', '', 'Missing parameter: arg');
  return [ChunkMirrorCap.of(fromHex(key, 'arg'), optionalBat(query))];
}

function bulkCaps(call: Call): readonly ChunkMirrorCap[] {
  const caps = call.exchange.query.get('caps');
  if (caps === undefined) return singleCap(call);
  try {
    return parseChampCaps(caps);
  } catch (error) {
    if (error instanceof LimitError && error.data['maximum'] === MAX_CHAMP_LOOKUPS) {
      throw new PyrgosError('limit', `Too many caps in bulk champ get call! ${String(error.data['actual'])}`, { cause: error });
    }
    throw error;
  }
}

function champGet(capsOf: (call: Call) => readonly ChunkMirrorCap[]): Handler {
  return async (call) => {
    const { exchange, services, metrics } = call;
    const { cid, text } = cidArgument(exchange.query);
    const owner = keyHash(exchange.query, 'owner');
    const caps = capsOf(call);
    // What is set aside is also the bound of the answer: nobody gets memory without having waited for it.
    await exchange.reserveAnswer(CHAMP_ANSWER_MEMORY);
    const blocks = await services.blocks.champGet(owner, cid, caps, CHAMP_ANSWER_MEMORY);
    metrics?.blocks('champ', blocks.length);
    // An empty answer means that the root is not here yet: nothing to remember for a year.
    return blocks.length === 0 ? cborReply(blocks) : { ...cborReply(blocks), headers: immutableHeaders(text) };
  };
}

/** Defect of existing clients: `after=<n>?bat=<…>&owner=<…>` (section 5.9). */
function linkCountParameters({ exchange: { query } }: Call): { readonly after: bigint; readonly bat: BatWithId } {
  const text = required(query, 'after');
  const misplaced = text.indexOf('?bat=');
  const bat = misplaced < 0 ? required(query, 'bat') : text.slice(misplaced + '?bat='.length);
  return { after: int64('after', misplaced < 0 ? text : text.slice(0, misplaced)), bat: BatWithId.parse(bat) };
}

function label(text: string): bigint {
  const value = int64('label', text);
  if (value <= 0n) throw new FormatError('format.request', 'label', 'must be positive');
  return value;
}

function unimplemented(): never {
  throw new PyrgosError('unsupported', 'Unimplemented call!');
}

/** The block storage API below `/api/v0/` (chapter 02 section 5). Every other path there is 404. */
export function blockRoutes(linkHost: (port: number) => string): RouteTable {
  return new Map<string, Handler>([
    ['id', ({ services }) => jsonReply({ ID: services.ids.current.toString() })],
    ['ids', ({ services }) => jsonReply({ IDS: services.ids.all.map(String) })],
    [
      'link-host',
      ({ exchange }) => {
        keyHash(exchange.query, 'owner');
        return textReply(linkHost(exchange.port));
      },
    ],
    ['blockstore/props', ({ services }) => cborReply(services.blocks.properties().toCbor())],
    ['blockstore/auth', unimplemented],
    ['blockstore/auth-reads', unimplemented],
    [
      'transaction/start',
      async ({ exchange, services }) => textReply(await services.blocks.startTransaction(keyHash(exchange.query, 'owner'))),
    ],
    [
      'transaction/close',
      async ({ exchange: { query }, services }) => {
        await services.blocks.closeTransaction(keyHash(query, 'owner'), required(query, 'arg'));
        return textReply('1');
      },
    ],
    ['block/put/bulk', putBulk],
    ['block/put', putMultipart],
    ['block/get', getBlock],
    ['block/stat', statBlock],
    ['champ/get/bulk', champGet(bulkCaps)],
    ['champ/get', champGet(singleCap)],
    [
      'link/get',
      async ({ exchange: { query }, services }) => {
        const owner = keyHash(query, 'owner');
        return cborReply((await services.links.get(owner, label(required(query, 'label')))).toCbor());
      },
    ],
    [
      'link/counts',
      async (call) => {
        const { after, bat } = linkCountParameters(call);
        const counts = await call.services.links.counts(required(call.exchange.query, 'owner'), after, bat);
        return cborReply(counts.toCbor());
      },
    ],
    [
      'ipns/get',
      async ({ exchange: { query }, services }) => {
        const { signature, data } = await services.ipns.get(peerId(query, 'arg'));
        return jsonReply({ sig: toHex(signature), data: toHex(data) });
      },
    ],
  ]);
}
