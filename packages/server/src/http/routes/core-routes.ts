import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { decodeChain, encodeChain, OpLog, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { utf8Encode } from '@pyrgos/core/bytes';
import { type CborValue, Cid, DataFrameReader, DataFrameWriter, decodeCbor } from '@pyrgos/core/codec';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { ProofOfWork, PublicKeyHash } from '@pyrgos/core/keys';
import {
  MAX_CHAIN_SIZE,
  MAX_CLAIM_SIZE,
  MAX_KEY_HASH_SIZE,
  MAX_OP_LOG_SIZE,
  MAX_PROOF_SIZE,
  MAX_SIGNED_TIME_FRAME,
  MAX_STREAM_TEXT,
} from '../../limits.js';
import type { ChainUpdateResult } from '../../services.js';
import { bytesReply, framedReply, type Reply } from '../reply.js';
import type { Call, Handler, RouteTable } from './route.js';

const compress = promisify(gzip);
/** A length in front of a text or a byte array. */
const LENGTH = 4;
const MAX_TEXT_FRAME = LENGTH + MAX_STREAM_TEXT;
/** The answer on an unpaid server: nobody can reach it (chapter 02 section 20.3). */
const IMPOSSIBLE_DIFFICULTY = 256;

/** The body as a data stream. What follows the known fields is ignored, so that later clients can add some. */
async function stream({ exchange }: Call, limit: number): Promise<DataFrameReader> {
  return new DataFrameReader(await exchange.body(limit));
}

function keyHashOf(cbor: CborValue): PublicKeyHash {
  if (!(cbor instanceof Cid)) throw new FormatError('format.request', '', 'The key hash is no link');
  return PublicKeyHash.fromCid(cbor);
}

function updateReply(result: ChainUpdateResult): Reply {
  const writer = new DataFrameWriter().writeBoolean(result.accepted);
  return framedReply(result.accepted ? writer : writer.writeInt(result.difficulty));
}

const getPublicKey: Handler = async (call) => {
  const reader = await stream(call, MAX_TEXT_FRAME);
  const identity = await call.services.core.getPublicKey(reader.readText(MAX_STREAM_TEXT));
  const writer = new DataFrameWriter().writeBoolean(identity !== undefined);
  return framedReply(identity === undefined ? writer : writer.writeBytes(identity.encode()));
};

const getUsername: Handler = async (call) => {
  const reader = await stream(call, LENGTH + MAX_KEY_HASH_SIZE);
  const identity = keyHashOf(decodeCbor(reader.readBytes(MAX_KEY_HASH_SIZE)));
  return framedReply(new DataFrameWriter().writeText(await call.services.core.getUsername(identity)));
};

const getChain: Handler = async (call) => {
  const reader = await stream(call, MAX_TEXT_FRAME);
  return bytesReply(encodeChain(await call.services.core.getChain(reader.readText(MAX_STREAM_TEXT))));
};

/** Every client asks for all names when it starts, so they are compressed once for as long as they stay the same. */
function usernamesHandler(): Handler {
  let last: { readonly names: string; readonly compressed: Promise<Uint8Array> } | undefined;
  return async ({ services }) => {
    const names = JSON.stringify(await services.core.usernames());
    if (last?.names !== names) last = { names, compressed: compress(utf8Encode(names)) };
    return bytesReply(await last.compressed, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
  };
}

const signup: Handler = async (call) => {
  const limit = 2 * MAX_TEXT_FRAME + 3 * LENGTH + MAX_CLAIM_SIZE + MAX_OP_LOG_SIZE + MAX_PROOF_SIZE;
  const reader = await stream(call, limit);
  const username = reader.readText(MAX_STREAM_TEXT);
  const link = UserPublicKeyLink.decode(reader.readBytes(MAX_CLAIM_SIZE));
  const log = OpLog.decode(reader.readBytes(MAX_OP_LOG_SIZE));
  const proof = ProofOfWork.decode(reader.readBytes(MAX_PROOF_SIZE));
  return updateReply(await call.services.core.signup(username, link, log, proof, reader.readText(MAX_STREAM_TEXT)));
};

const updateChain: Handler = async (call) => {
  const reader = await stream(call, 2 * MAX_TEXT_FRAME + 2 * LENGTH + MAX_CHAIN_SIZE + MAX_PROOF_SIZE);
  const username = reader.readText(MAX_STREAM_TEXT);
  const links = decodeChain(reader.readBytes(MAX_CHAIN_SIZE));
  const proof = ProofOfWork.decode(reader.readBytes(MAX_PROOF_SIZE));
  return updateReply(await call.services.core.updateChain(username, links, proof, reader.readText(MAX_STREAM_TEXT)));
};

const startPaidSignup: Handler = async (call) => {
  const reader = await stream(call, MAX_TEXT_FRAME + 2 * LENGTH + MAX_CLAIM_SIZE + MAX_PROOF_SIZE);
  const username = reader.readText(MAX_STREAM_TEXT);
  const link = UserPublicKeyLink.decode(reader.readBytes(MAX_CLAIM_SIZE));
  const proof = ProofOfWork.decode(reader.readBytes(MAX_PROOF_SIZE));
  return updateReply(await call.services.core.startPaidSignup(username, link, proof));
};

/** Reads what the client sends and answers like every unpaid server. */
const startPaidMirror: Handler = async (call) => {
  const reader = await stream(call, MAX_TEXT_FRAME + 2 * LENGTH + MAX_SIGNED_TIME_FRAME + MAX_PROOF_SIZE);
  reader.readText(MAX_STREAM_TEXT);
  reader.readBytes(MAX_SIGNED_TIME_FRAME);
  ProofOfWork.decode(reader.readBytes(MAX_PROOF_SIZE));
  return updateReply({ accepted: false, difficulty: IMPOSSIBLE_DIFFICULTY });
};

function refuse(text: string): Handler {
  return () => {
    throw new PyrgosError('unsupported', text);
  };
}

/** Names and accounts below `/peergos/v0/core/` (chapter 02 section 8). What belongs to paid and mirroring servers is refused. */
export function coreRoutes(): RouteTable {
  return new Map<string, Handler>([
    ['getPublicKey', getPublicKey],
    ['getUsername', getUsername],
    ['getChain', getChain],
    ['getUsernamesGzip', usernamesHandler()],
    ['signup', signup],
    ['updateChain', updateChain],
    ['startPaidSignup', startPaidSignup],
    ['startPaidMirror', startPaidMirror],
    ['completePaidSignup', refuse('This server does not offer paid accounts')],
    ['completePaidMirror', refuse('This server does not offer paid accounts')],
    ['mirror', refuse('Not enough space quota!')],
    ['migrateUser', refuse('This server does not take migrated accounts yet')],
    ['getUserSnapshots', refuse('This server does not have an instance bat.')],
  ]);
}
