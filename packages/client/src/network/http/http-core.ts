import {
  decodeChain,
  encodeChain,
  isWireUsername,
  type OpLog,
  PaymentProperties,
  type SpaceRequest,
  type UserPublicKeyLink,
  UserSnapshot,
} from '@pyrgos/core/accounts';
import { Cid, DataFrameReader, DataFrameWriter, decodeCbor } from '@pyrgos/core/codec';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { type BatWithId, MAX_PROOF_OF_WORK_DIFFICULTY, type ProofOfWork, PublicKeyHash, type Signer } from '@pyrgos/core/keys';
import { MAX_CHAIN_LINKS, MAX_RECORD_ANSWER_SIZE, MAX_USERNAME_SIZE } from '@pyrgos/core/limits';
import type { ChainUpdateResult, CoreNode, Migration, PaidResult } from '../core-node.js';
import { readBooleanByte, readCborList, readJson } from './answers.js';
import type { Caller } from './caller.js';
import { type Endpoint, endpoints } from './endpoints.js';
import { notPeergos } from './not-peergos.js';
import type { RequestSigner } from './request-signer.js';

/** Longest encoded key hash; those of inlined keys have 45 bytes. */
const MAX_KEY_HASH = 8192;
/** Most accounts in one answer of `getUserSnapshots`. */
const MAX_SNAPSHOTS = 10;

function frame(username: string): DataFrameWriter {
  return new DataFrameWriter().writeText(username);
}

function readDifficulty(where: string, reader: DataFrameReader): { readonly accepted: false; readonly difficulty: number } {
  const difficulty = reader.readInt();
  if (difficulty < 0 || difficulty > MAX_PROOF_OF_WORK_DIFFICULTY) {
    throw new FormatError('format.request', where, `must want a difficulty from 0 to ${MAX_PROOF_OF_WORK_DIFFICULTY}`);
  }
  return { accepted: false, difficulty };
}

/** The first call of every log-in and sign-up, which every server knows: an answer of another kind is one of another kind of server. */
async function firstAnswer<T>({ method }: Endpoint, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isOther = error instanceof PyrgosError && (error.code === 'format.cbor' || error.code === 'unsupported');
    throw isOther ? notPeergos(method, error) : error;
  }
}

/** Names and accounts of a server over HTTP (chapter 02 section 8): data streams in both directions. */
export class HttpCoreNode implements CoreNode {
  constructor(
    private readonly caller: Caller,
    private readonly signer: RequestSigner,
  ) {}

  async getPublicKey(username: string, signal?: AbortSignal): Promise<PublicKeyHash | undefined> {
    const reader = new DataFrameReader(await this.send(endpoints.getPublicKey, frame(username), signal));
    if (!reader.readBoolean()) return undefined;
    const cid = decodeCbor(reader.readBytes(MAX_KEY_HASH));
    if (!(cid instanceof Cid)) throw new FormatError('format.request', 'getPublicKey', 'must be a link');
    return PublicKeyHash.fromCid(cid, 'getPublicKey');
  }

  async getUsername(identity: PublicKeyHash, signal?: AbortSignal): Promise<string> {
    const answer = await this.send(endpoints.getUsername, new DataFrameWriter().writeBytes(identity.encode()), signal);
    const username = new DataFrameReader(answer).readText(MAX_USERNAME_SIZE);
    if (!isWireUsername(username)) throw new FormatError('format.request', 'getUsername', 'must be a username');
    return username;
  }

  async getChain(username: string, signal?: AbortSignal): Promise<readonly UserPublicKeyLink[]> {
    const links = await firstAnswer(endpoints.getChain, async () =>
      decodeChain(await this.send(endpoints.getChain, frame(username), signal)),
    );
    if (links.length > MAX_CHAIN_LINKS) throw new FormatError('format.account', 'chain', `must have at most ${MAX_CHAIN_LINKS} links`);
    return links;
  }

  async usernames(signal?: AbortSignal): Promise<readonly string[]> {
    const names = readJson('getUsernamesGzip', await this.caller.call(endpoints.usernames, {}, signal));
    if (!Array.isArray(names)) throw new FormatError('format.request', 'getUsernamesGzip', 'must be a list');
    return (names as readonly unknown[]).filter(isWireUsername);
  }

  async signup(
    username: string,
    link: UserPublicKeyLink,
    log: OpLog,
    proof: ProofOfWork,
    token: string,
    signal?: AbortSignal,
  ): Promise<ChainUpdateResult> {
    const body = frame(username).writeBytes(link.encode()).writeBytes(log.encode()).writeBytes(proof.encode()).writeText(token);
    return this.update(endpoints.signup, body, signal);
  }

  async updateChain(
    username: string,
    links: readonly UserPublicKeyLink[],
    proof: ProofOfWork,
    token: string,
    signal?: AbortSignal,
  ): Promise<ChainUpdateResult> {
    const body = frame(username).writeBytes(encodeChain(links)).writeBytes(proof.encode()).writeText(token);
    return this.update(endpoints.updateChain, body, signal);
  }

  async startPaidSignup(username: string, link: UserPublicKeyLink, proof: ProofOfWork, signal?: AbortSignal): Promise<PaidResult> {
    return this.startPaid(endpoints.startPaidSignup, frame(username).writeBytes(link.encode()).writeBytes(proof.encode()), signal);
  }

  async completePaidSignup(
    username: string,
    link: UserPublicKeyLink,
    log: OpLog,
    proof: ProofOfWork,
    request: SpaceRequest,
    identity: Signer,
    signal?: AbortSignal,
  ): Promise<PaymentProperties> {
    const body = frame(username)
      .writeBytes(link.encode())
      .writeBytes(log.encode())
      .writeBytes(proof.encode())
      .writeBytes(request.sign(this.signer.crypto, identity.secretKey));
    return PaymentProperties.decode(await this.send(endpoints.completePaidSignup, body, signal));
  }

  async mirror(username: string, bat: BatWithId, proof: ProofOfWork, identity: Signer, signal?: AbortSignal): Promise<boolean> {
    const body = frame(username).writeBytes(bat.encode()).writeBytes(this.signer.signedTime(identity.secretKey)).writeBytes(proof.encode());
    return readBooleanByte('mirror', await this.send(endpoints.mirror, body, signal));
  }

  async startPaidMirror(username: string, proof: ProofOfWork, identity: Signer, signal?: AbortSignal): Promise<PaidResult> {
    const body = frame(username).writeBytes(this.signer.signedTime(identity.secretKey)).writeBytes(proof.encode());
    return this.startPaid(endpoints.startPaidMirror, body, signal);
  }

  async completePaidMirror(
    username: string,
    bat: BatWithId,
    proof: ProofOfWork,
    request: SpaceRequest,
    identity: Signer,
    signal?: AbortSignal,
  ): Promise<PaymentProperties> {
    const body = frame(username)
      .writeBytes(bat.encode())
      .writeBytes(proof.encode())
      .writeBytes(request.sign(this.signer.crypto, identity.secretKey));
    return PaymentProperties.decode(await this.send(endpoints.completePaidMirror, body, signal));
  }

  async getUserSnapshots(cursor: string, instanceBat: BatWithId, since: bigint, signal?: AbortSignal): Promise<readonly UserSnapshot[]> {
    const body = frame(cursor).writeBytes(instanceBat.encode()).writeLong(since);
    const list = readCborList('getUserSnapshots', await this.send(endpoints.getUserSnapshots, body, signal));
    if (list.length > MAX_SNAPSHOTS) {
      throw new FormatError('format.request', 'getUserSnapshots', `must have at most ${MAX_SNAPSHOTS} entries`);
    }
    return list.map((item, i) => UserSnapshot.fromCbor(item, `getUserSnapshots[${i}]`));
  }

  async migrateUser(migration: Migration, signal?: AbortSignal): Promise<UserSnapshot> {
    const { username, links, currentServer, bat, since, usage, commitToPki } = migration;
    const body = frame(username)
      .writeBytes(encodeChain(links))
      .writeBytes(currentServer.bytes)
      .writeBoolean(bat !== undefined);
    if (bat !== undefined) body.writeBytes(bat.encode());
    body.writeLong(since).writeLong(BigInt(usage)).writeBoolean(commitToPki);
    return UserSnapshot.decode(await this.send(endpoints.migrateUser, body, signal));
  }

  private async send(endpoint: Endpoint, body: DataFrameWriter, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return this.caller.call(endpoint, { body: [body.finish()] }, signal);
  }

  private async update(endpoint: Endpoint, body: DataFrameWriter, signal: AbortSignal | undefined): Promise<ChainUpdateResult> {
    const reader = new DataFrameReader(await this.send(endpoint, body, signal));
    return reader.readBoolean() ? { accepted: true } : readDifficulty(endpoint.method, reader);
  }

  private async startPaid(endpoint: Endpoint, body: DataFrameWriter, signal: AbortSignal | undefined): Promise<PaidResult> {
    const reader = new DataFrameReader(await this.send(endpoint, body, signal));
    if (!reader.readBoolean()) return readDifficulty(endpoint.method, reader);
    return { accepted: true, payment: PaymentProperties.decode(reader.readBytes(MAX_RECORD_ANSWER_SIZE)) };
  }
}
