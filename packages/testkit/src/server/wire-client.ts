/** A client that speaks the HTTP interface and nothing else, for tests and benchmarks of the server. */
import { Agent, request } from 'node:http';
import { encodeChain } from '@pyrgos/core/accounts';
import { BlockWriteGroup, decodeTrailer } from '@pyrgos/core/api';
import { toHex } from '@pyrgos/core/bytes';
import { Cid, CidCodec, DataFrameWriter, decodeCbor, encodeCbor, parseCid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ProofOfWork, signAttached, signNow, type Signer } from '@pyrgos/core/keys';
import { type ChunkMirrorCap, formatChampCaps, PointerUpdate, WriterData } from '@pyrgos/core/model';
import { type NewAccount, SignUpClient } from './sign-up-client.js';

/** An answer that is not 200. */
export class WireError extends Error {
  constructor(
    readonly status: number,
    /** The decoded message of the server. */
    readonly text: string,
  ) {
    super(`${status}: ${text}`);
  }
}

/** A call that is ready to be sent. */
export interface WireCall {
  /** Relative to the URL of the server. */
  readonly path: string;
  readonly body: Uint8Array;
}

/** A writer and what it points at. */
export interface WireWriter {
  readonly signer: Signer;
  pointer: PointerUpdate | undefined;
}

const nothing = new Uint8Array(0);

function ownerOf(account: NewAccount): string {
  return `owner=${account.identity.publicKey.hash.toString()}`;
}

function nameOf(writer: Signer): string {
  return `writer=${writer.publicKeyHash.toString()}`;
}

/** Talks to one server over kept-alive connections. */
export class WireClient {
  private readonly agent: Agent;

  constructor(
    readonly url: string,
    readonly crypto: CryptoProvider,
    maxSockets: number = Infinity,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets });
  }

  /** Closes the connections. */
  close(): void {
    this.agent.destroy();
  }

  /** One POST; WireError for any other status than 200, the error of the connection when it breaks. */
  async call(path: string, body: Uint8Array = nothing): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, this.url), { method: 'POST', agent: this.agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('close', () => {
          if (!response.complete) reject(new Error('the connection broke'));
        });
        response.once('end', () => {
          const { statusCode = 0, headers } = response;
          if (statusCode === 200) resolve(new Uint8Array(Buffer.concat(parts)));
          else reject(new WireError(statusCode, decodeTrailer(headers.trailer ?? '')));
        });
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }

  /** The current id of the server. */
  async serverId(): Promise<Cid> {
    const { ID } = JSON.parse(new TextDecoder().decode(await this.call('api/v0/id'))) as { ID: string };
    return parseCid(ID);
  }

  /** Signs a new user up. */
  async signUp(username: string, token = ''): Promise<NewAccount> {
    const account = await new SignUpClient(this.crypto, await this.serverId()).build(username, { now: Date.now() });
    for (let difficulty = 0; ;) {
      const data = encodeChain([account.link]);
      const body = new DataFrameWriter()
        .writeText(username)
        .writeBytes(account.link.encode())
        .writeBytes(account.log.encode())
        .writeBytes((await ProofOfWork.search(this.crypto, data, difficulty)).encode())
        .writeText(token)
        .finish();
      const answer = await this.call('peergos/v0/core/signup', body);
      if (answer[0] === 1) return account;
      difficulty = new DataView(answer.buffer, answer.byteOffset).getInt32(1);
    }
  }

  /** The home writer of a fresh account. */
  homeWriter({ home, targets }: NewAccount): WireWriter {
    return { signer: home.signer, pointer: PointerUpdate.next(undefined, targets.home) };
  }

  /** The call that uploads blocks of one writer, with their CIDs. */
  putCall(
    account: NewAccount,
    writer: Signer,
    blocks: readonly Uint8Array[],
    raw: boolean,
    transaction: string,
  ): WireCall & { readonly cids: readonly Cid[] } {
    const digests = blocks.map((block) => this.crypto.sha256(block));
    const signatures = digests.map((digest) => signAttached(this.crypto, writer.secretKey, digest));
    const query = `format=${raw ? 'raw' : 'dag-cbor'}&${ownerOf(account)}&transaction=${transaction}&${nameOf(writer)}`;
    return {
      path: `api/v0/block/put/bulk?${query}`,
      body: BlockWriteGroup.of(blocks, signatures).encode(),
      cids: digests.map((digest) => Cid.ofSha256(digest, raw ? CidCodec.raw : CidCodec.dagCbor)),
    };
  }

  /** Uploads blocks of one writer, durably; returns their CIDs. */
  async put(account: NewAccount, writer: Signer, blocks: readonly Uint8Array[], raw: boolean, transaction: string): Promise<Cid[]> {
    const { path, body, cids } = this.putCall(account, writer, blocks, raw, transaction);
    await this.call(path, body);
    return [...cids];
  }

  /** The call that reads a block without BAT. */
  getCall(account: NewAccount, cid: Cid): WireCall {
    return { path: `api/v0/block/get?arg=${cid.toString()}&${ownerOf(account)}`, body: nothing };
  }

  /** A block, undefined when it is absent. */
  async get(account: NewAccount, cid: Cid): Promise<Uint8Array | undefined> {
    const bytes = await this.call(this.getCall(account, cid).path);
    return bytes.length === 0 ? undefined : bytes;
  }

  /** The call that looks keys up in a tree, at most MAX_CHAMP_LOOKUPS. */
  champCall(account: NewAccount, root: Cid, caps: readonly ChunkMirrorCap[]): WireCall {
    const path = `api/v0/champ/get/bulk?arg=${root.toString()}&caps=${formatChampCaps(caps)}&${ownerOf(account)}`;
    return { path, body: nothing };
  }

  async startTransaction(account: NewAccount): Promise<string> {
    return new TextDecoder().decode(await this.call(`api/v0/transaction/start?${ownerOf(account)}`));
  }

  async closeTransaction(account: NewAccount, transaction: string): Promise<void> {
    await this.call(`api/v0/transaction/close?arg=${transaction}&${ownerOf(account)}`);
  }

  /** The stored pointer of a writer. */
  async getPointer(account: NewAccount, writer: Signer): Promise<PointerUpdate | undefined> {
    const signed = await this.call(`peergos/v0/mutable/getPointer?${ownerOf(account)}&${nameOf(writer)}`);
    return signed.length === 0 ? undefined : PointerUpdate.decodeVerifiedBefore(signed);
  }

  /** The call that sends an update of a pointer. Its answer is one byte, 1 when the update was accepted. */
  setPointerCall(account: NewAccount, writer: Signer, update: PointerUpdate): WireCall {
    return { path: `peergos/v0/mutable/setPointer?${ownerOf(account)}&${nameOf(writer)}`, body: update.sign(this.crypto, writer) };
  }

  /** Points a writer at a new target. */
  async setPointer(account: NewAccount, writer: WireWriter, target: Cid): Promise<void> {
    const next = PointerUpdate.next(writer.pointer, target);
    const { path, body } = this.setPointerCall(account, writer.signer, next);
    const answer = await this.call(path, body);
    if (answer[0] !== 1) throw new WireError(200, 'the update was rejected');
    writer.pointer = next;
  }

  /**
   * One commit as a client makes it: raw blocks, a dag-cbor block that links to them and to nothing else, a WriterData whose tree it is, and the
   * pointer. Returns everything that is reachable then, WriterData first.
   */
  async commit(account: NewAccount, writer: WireWriter, contents: readonly Uint8Array[]): Promise<Cid[]> {
    const transaction = await this.startTransaction(account);
    const raw: Cid[] = [];
    for (const content of contents) raw.push(...(await this.put(account, writer.signer, [content], true, transaction)));
    const node = encodeCbor(raw);
    const nodeCid = Cid.ofSha256(this.crypto.sha256(node), CidCodec.dagCbor);
    const writerData = WriterData.of(writer.signer.publicKeyHash, { tree: nodeCid }).encode();
    const [, target] = await this.put(account, writer.signer, [node, writerData], false, transaction);
    if (target === undefined) throw new Error('no CID');
    await this.setPointer(account, writer, target);
    await this.closeTransaction(account, transaction);
    return [target, nodeCid, ...raw];
  }

  /** Bytes used; with `local` pending uploads, too. */
  async usage(account: NewAccount, local = false): Promise<number> {
    const auth = toHex(signNow(this.crypto, account.identity.secretKey, Date.now()));
    return Number(decodeCbor(await this.call(`peergos/v0/storage/usage?${ownerOf(account)}&local=${local}&auth=${auth}`)));
  }
}
