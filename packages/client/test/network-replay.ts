import {
  decodeChain,
  encodeChain,
  encodeMfaMethods,
  LoginData,
  MultiFactorAuthResponse,
  OpLog,
  ServerMessage,
  SpaceRequest,
  BlindFollowRequest,
  LabelledSignedSpaceRequest,
  formatTotpKey,
  UserPublicKeyLink,
} from '@pyrgos/core/accounts';
import { BlockWriteGroup, decodeBlockMirrorCaps, WriteAuthRequest } from '@pyrgos/core/api';
import { equalBytes, fromHex, toHex, utf8Encode } from '@pyrgos/core/bytes';
import { Cid, CidCodec, DataFrameReader, DataFrameWriter, decodeCbor, encodeCbor, parseCid, parsePeerId } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { Bat, BatId, BatWithId, ProofOfWork, PublicKeyHash, SIGNATURE_SIZE, type SigningKeyPair } from '@pyrgos/core/keys';
import { decodeMultiWriterCommit, parseChampCaps } from '@pyrgos/core/model';
import { type Fetch, HttpNetwork, type Network } from '../src/network/index.js';

/** One request and its answer, as printed in chapter 02 or recorded between the reference client and server. */
export interface RecordedExchange {
  readonly method: string;
  readonly path: string;
  readonly requestBody: Uint8Array;
  readonly status: number;
  /** Names in lower case. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: Uint8Array;
}

/** What the network sent. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Path and parameters of a request line. */
export function parseTarget(target: string): { readonly path: string; readonly parameters: ReadonlyMap<string, string> } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, parameters: new Map() };
  const parts = decodeURIComponent(target.slice(mark + 1)).split('&');
  const pairs = parts.map((part): [string, string] => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]);
  return { path: target.slice(0, mark), parameters: new Map(pairs) };
}

/** A `fetch` that answers with what was recorded and remembers what it was asked. */
function playback(exchange: RecordedExchange, sent: SentRequest[]): Fetch {
  return async (url, init) => {
    const { path, parameters } = parseTarget(url.slice('http://localhost'.length));
    const body = (init.body ?? new Uint8Array()) as Uint8Array;
    sent.push({ method: init.method ?? '', path, parameters, body: new Uint8Array(body) });
    const { status, responseHeaders, responseBody } = exchange;
    // fetch unpacks what is packed.
    const headers = Object.entries(responseHeaders).filter(
      ([name]) => !['content-encoding', 'content-length', 'transfer-encoding'].includes(name),
    );
    return new Response(new Uint8Array(responseBody), { status, headers });
  };
}

type Play = (network: Network, call: RecordedCall) => Promise<Uint8Array | undefined>;

/** The parameters and body of a recorded request, as the types of the network. */
class RecordedCall {
  readonly path: string;
  private readonly parameters: ReadonlyMap<string, string>;
  readonly body: Uint8Array;

  constructor(
    exchange: RecordedExchange,
    readonly key: SigningKeyPair,
    readonly crypto: CryptoProvider,
  ) {
    const { path, parameters } = parseTarget(exchange.path);
    this.path = path;
    this.parameters = parameters;
    this.body = exchange.requestBody;
  }

  text(name: string): string {
    const value = this.parameters.get(name);
    if (value === undefined) throw new Error(`the recording has no ${name}`);
    return value;
  }

  has(name: string): boolean {
    return this.parameters.has(name);
  }

  get owner(): PublicKeyHash {
    return PublicKeyHash.parse(this.text('owner'));
  }

  get writer(): PublicKeyHash {
    return PublicKeyHash.parse(this.text('writer'));
  }

  get bat(): { readonly bat?: BatWithId } {
    return this.has('bat') ? { bat: BatWithId.parse(this.text('bat')) } : {};
  }

  get cid(): Cid {
    return parseCid(this.text('arg'));
  }

  get frame(): DataFrameReader {
    return new DataFrameReader(this.body);
  }

  get signer(): SigningKeyPair['signer'] {
    return this.key.signer;
  }

  /** What a signature in front of a payload covers. */
  get signedPayload(): Uint8Array {
    return this.body.subarray(SIGNATURE_SIZE);
  }
}

const bool = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0);
const ofDifficulty = (result: { readonly accepted: boolean; readonly difficulty?: number }): Uint8Array => {
  const writer = new DataFrameWriter().writeBoolean(result.accepted);
  return (result.difficulty === undefined ? writer : writer.writeInt(result.difficulty)).finish();
};

/** How each recorded request is made by the network, and what it understood, encoded again. Undefined: there is nothing to compare. */
const plays: ReadonlyMap<string, Play> = new Map<string, Play>([
  ['/api/v0/id', async (n) => utf8Encode(JSON.stringify({ ID: (await n.serverId()).toString() }))],
  ['/api/v0/ids', async (n) => utf8Encode(JSON.stringify({ IDS: (await n.serverIds()).map(String) }))],
  ['/api/v0/link-host', async (n, c) => utf8Encode(await n.links.host(c.owner))],
  ['/api/v0/transaction/start', async (n, c) => utf8Encode(await n.blocks.startTransaction(c.owner))],
  ['/api/v0/transaction/close', async (n, c) => (await n.blocks.closeTransaction(c.owner, c.text('arg')), undefined)],
  [
    '/api/v0/block/put/bulk',
    async (n, c) => {
      const { blocks, signatures } = BlockWriteGroup.decode(c.body);
      const codec = c.text('format') === 'raw' ? CidCodec.raw : CidCodec.dagCbor;
      const signed = blocks.map((bytes, i) => ({ cid: Cid.ofSha256(c.crypto.sha256(bytes), codec), bytes, signature: signatures[i]! }));
      await n.blocks.putBlocks(c.owner, c.writer, signed, c.text('transaction'));
      return undefined;
    },
  ],
  ['/api/v0/block/get', async (n, c) => n.blocks.getBlock(c.cid, { owner: c.owner, ...c.bat })],
  ['/api/v0/block/stat', async (n, c) => utf8Encode(JSON.stringify({ Size: await n.blocks.sizeOf(c.cid, c.owner) }))],
  [
    '/api/v0/champ/get/bulk',
    async (n, c) => {
      const lookups = parseChampCaps(c.text('caps')).map(({ key, bat }) => (bat === undefined ? { key } : { key, bat }));
      return encodeCbor(await n.blocks.lookUpChamp(c.cid, lookups, { owner: c.owner }));
    },
  ],
  ['/api/v0/link/get', async (n, c) => (await n.links.get(c.owner, BigInt(c.text('label')))).encode()],
  [
    '/api/v0/link/counts',
    async (n, c) => (await n.links.counts(c.text('owner'), BigInt(c.text('after')), BatWithId.parse(c.text('bat')))).encode(),
  ],
  ['/api/v0/blockstore/props', async (n) => (await n.blocks.properties()).encode()],
  [
    '/api/v0/blockstore/auth',
    async (n, c) => (await n.blocks.authoriseWrites(c.owner, c.writer, WriteAuthRequest.decode(c.body), c.text('transaction')), undefined),
  ],
  ['/api/v0/blockstore/auth-reads', async (n, c) => (await n.blocks.authoriseReads(c.owner, decodeBlockMirrorCaps(c.body)), undefined)],
  ['/api/v0/ipns/get', async (n, c) => (await n.ipnsRecord(parsePeerId(c.text('arg'))), undefined)],
  [
    '/peergos/v0/bats/getUserBats',
    async (n, c) => encodeCbor((await n.bats.list(c.text('username'), c.signer)).map((bat) => bat.toCbor())),
  ],
  [
    '/peergos/v0/bats/addBat',
    async (n, c) => {
      const bat = BatWithId.of(Bat.parse(c.text('bat')), BatId.parse(c.text('batid')));
      await n.bats.add(c.text('username'), bat, c.signer);
      return encodeCbor(true);
    },
  ],
  ['/peergos/v0/mutable/getPointer', async (n, c) => (await n.pointers.getPointer(c.owner, c.writer)) ?? new Uint8Array()],
  ['/peergos/v0/mutable/setPointer', async (n, c) => bool(await n.pointers.setPointer(c.owner, c.writer, c.body))],
  ['/peergos/v0/mutable/setPointers', async (n, c) => bool(await n.pointers.setPointers(c.owner, decodeMultiWriterCommit(c.body)))],
  [
    '/peergos/v0/core/getPublicKey',
    async (n, c) => {
      const key = await n.core.getPublicKey(c.frame.readText(1024));
      const writer = new DataFrameWriter().writeBoolean(key !== undefined);
      return (key === undefined ? writer : writer.writeBytes(key.encode())).finish();
    },
  ],
  [
    '/peergos/v0/core/getUsername',
    async (n, c) => {
      const cid = decodeCbor(c.frame.readBytes(1024)) as Cid;
      return new DataFrameWriter().writeText(await n.core.getUsername(PublicKeyHash.fromCid(cid))).finish();
    },
  ],
  ['/peergos/v0/core/getChain', async (n, c) => encodeChain(await n.core.getChain(c.frame.readText(1024)))],
  ['/peergos/v0/core/getUsernamesGzip/', async (n) => utf8Encode(JSON.stringify(await n.core.usernames()))],
  [
    '/peergos/v0/core/signup',
    async (n, c) => {
      const { frame } = c;
      const [name, link, log] = [frame.readText(1024), frame.readBytes(1_000_000), frame.readBytes(65_536)];
      const proof = ProofOfWork.decode(frame.readBytes(100));
      const token = frame.readText(1024);
      return ofDifficulty(await n.core.signup(name, UserPublicKeyLink.decode(link), OpLog.decode(log), proof, token));
    },
  ],
  [
    '/peergos/v0/core/updateChain',
    async (n, c) => {
      const { frame } = c;
      const [name, links] = [frame.readText(1024), decodeChain(frame.readBytes(1_000_000))];
      return ofDifficulty(await n.core.updateChain(name, links, ProofOfWork.decode(frame.readBytes(100)), frame.readText(1024)));
    },
  ],
  ['/peergos/v0/social/followRequest', async (n, c) => bool(await n.social.sendFollowRequest(c.owner, BlindFollowRequest.decode(c.body)))],
  [
    '/peergos/v0/social/getFollowRequests',
    async (n, c) => {
      const requests = await n.social.getFollowRequests(c.signer);
      return new DataFrameWriter().writeBytes(encodeCbor(requests.map((request) => request.toCbor()))).finish();
    },
  ],
  [
    '/peergos/v0/social/removeFollowRequest',
    async (n, c) => bool(await n.social.removeFollowRequest(BlindFollowRequest.decode(c.signedPayload), c.signer)),
  ],
  ['/peergos/v0/login/setLogin', async (n, c) => bool(await n.accounts.setLogin(LoginData.decode(c.body), c.signer))],
  [
    '/peergos/v0/login/getLogin',
    async (n, c) => {
      const mfa = c.has('mfa') ? { mfa: MultiFactorAuthResponse.decode(fromHex(c.text('mfa'))) } : {};
      return (await n.accounts.getLogin({ username: c.text('username'), loginKey: c.key, ...mfa })).encode();
    },
  ],
  ['/peergos/v0/login/listMfa', async (n, c) => encodeMfaMethods(await n.accounts.listMfa(c.text('username'), c.signer))],
  [
    '/peergos/v0/login/addTotp',
    async (n, c) => {
      const { credentialId, key } = await n.accounts.addTotp(c.text('username'), c.signer);
      return utf8Encode(formatTotpKey(credentialId, key));
    },
  ],
  [
    '/peergos/v0/login/enableTotp',
    async (n, c) => encodeCbor(await n.accounts.enableTotp(c.text('username'), fromHex(c.text('credid')), c.text('code'), c.signer)),
  ],
  [
    '/peergos/v0/login/addMount',
    async (n, c) => {
      const { credentialId, key } = await n.accounts.addMount(c.text('username'), c.text('name'), c.signer);
      return utf8Encode(formatTotpKey(credentialId, key));
    },
  ],
  [
    '/peergos/v0/login/enableMount',
    async (n, c) => encodeCbor(await n.accounts.enableMount(c.text('username'), fromHex(c.text('credid')), c.text('code'), c.signer)),
  ],
  ['/peergos/v0/login/genBackupCodes', async (n, c) => (await n.accounts.genBackupCodes(c.text('username'), c.signer)).encode()],
  ['/peergos/v0/login/registerWebauthnStart', async (n, c) => n.accounts.registerWebauthnStart(c.text('username'), c.signer)],
  [
    '/peergos/v0/login/registerWebauthnComplete',
    async (n, c) => {
      const response = MultiFactorAuthResponse.decode(c.body);
      return encodeCbor(await n.accounts.registerWebauthnComplete(c.text('username'), c.text('keyname'), response, c.signer));
    },
  ],
  [
    '/peergos/v0/login/deleteMfa',
    async (n, c) => encodeCbor(await n.accounts.deleteMfa(c.text('username'), fromHex(c.text('credid')), c.signer)),
  ],
  ['/peergos/v0/storage/usage', async (n, c) => encodeCbor(await n.space.usage(c.signer, { pending: c.text('local') === 'true' }))],
  ['/peergos/v0/storage/quota', async (n, c) => encodeCbor(await n.space.quota(c.signer))],
  [
    '/peergos/v0/storage/payment-properties',
    async (n, c) => (await n.space.paymentProperties(c.signer, { newClientSecret: c.text('new-client-secret') === 'true' })).encode(),
  ],
  [
    '/peergos/v0/storage/request',
    async (n, c) => {
      const request = SpaceRequest.decode(fromHex(c.text('req')).subarray(SIGNATURE_SIZE));
      return (await n.space.requestSpace(request, c.signer)).encode();
    },
  ],
  [
    '/peergos/v0/admin/version',
    async (n) => {
      const { version, source } = await n.admin.version();
      return encodeCbor(
        new Map([
          ['s', source],
          ['v', version],
        ]),
      );
    },
  ],
  ['/peergos/v0/admin/signups', async (n) => (await n.admin.signups()).encode()],
  ['/peergos/v0/admin/waitlist', async (n, c) => encodeCbor(await n.admin.joinWaitList(c.text('email')))],
  [
    '/peergos/v0/admin/pending',
    async (n, c) => encodeCbor((await n.admin.pending(c.signer, parseCid(c.text('instance')))).map((request) => request.toCbor())),
  ],
  [
    '/peergos/v0/admin/approve',
    async (n, c) => {
      const request = LabelledSignedSpaceRequest.decode(fromHex(c.text('req')).subarray(SIGNATURE_SIZE));
      return encodeCbor(await n.admin.approve(request, c.signer, parseCid(c.text('instance'))));
    },
  ],
  [
    '/peergos/v0/server-message/retrieve',
    async (n, c) => encodeCbor((await n.messages.retrieve(c.text('username'), c.signer)).map((message) => message.toCbor())),
  ],
  [
    '/peergos/v0/server-message/send',
    async (n, c) => {
      await n.messages.send(c.text('username'), ServerMessage.decode(c.signedPayload), c.signer);
      return encodeCbor(true);
    },
  ],
]);

/** What came of a replay. */
export interface Replayed {
  readonly sent: SentRequest;
  /** What the network understood, encoded again. */
  readonly understood: Uint8Array | undefined;
  readonly error: unknown;
}

/** Whether a recorded request can be made by the network; the others are legacy forms. */
export function isPlayable({ path }: RecordedExchange): boolean {
  return plays.has(parseTarget(path).path);
}

/** Makes the call of a recorded exchange with `key` as everybody's key at the time `now`, and answers it as recorded. */
export async function replayCall(exchange: RecordedExchange, key: SigningKeyPair, crypto: CryptoProvider, now: number): Promise<Replayed> {
  const sent: SentRequest[] = [];
  const clock = { now: () => now, sleep: async () => undefined };
  const network = new HttpNetwork({ server: 'http://localhost', crypto, clock, fetch: playback(exchange, sent) });
  const call = new RecordedCall(exchange, key, crypto);
  const play = plays.get(call.path);
  if (play === undefined) throw new Error(`nothing plays ${call.path}`);
  let understood: Uint8Array | undefined;
  let error: unknown;
  try {
    understood = await play(network, call);
  } catch (thrown) {
    error = thrown;
  }
  const [request] = sent;
  if (request === undefined) throw new Error(`nothing was sent: ${String(error)}`);
  return { sent: request, understood, error };
}

/** Bytes in a form whose differences can be read. */
export function shown(bytes: Uint8Array): string {
  return bytes.length > 4096 ? `${bytes.length} bytes` : toHex(bytes);
}

/** Not `toEqual`: a failure would print megabytes. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(a, b);
}
