import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoginResponse } from '@pyrgos/core/accounts';
import { BlockWriteGroup } from '@pyrgos/core/api';
import { Cid, CidCodec, type CidCodecCode, decodeCbor, parseCid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { NotFoundError } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { decodeMultiWriterCommit, EntryPoints } from '@pyrgos/core/model';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import { CommittedView, type Item, openItem, Sessions } from '../src/files/view/index.js';
import { deriveLoginKeys } from '../src/session/login-keys.js';

/** One exchange of a client with a server. */
interface Line {
  readonly step: number;
  readonly path: string;
  readonly status: number;
  readonly requestBody: string | { readonly length: number };
  readonly responseBody: string | { readonly length: number };
  readonly startedAtMillis: number;
}

interface Exchange {
  readonly operation: string;
  readonly step: number;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly time: number;
}

/**
 * What the reference server knew at some moment of its recorded transcripts, put together from all that clients have sent and got before: for reading with the passwords of the
 * accounts. Nothing can be written.
 */
export class RecordedWorld {
  readonly exchanges: readonly Exchange[];

  constructor(
    private readonly crypto: CryptoProvider,
    folder: string,
  ) {
    this.exchanges = readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .flatMap((name) => readExchanges(join(folder, name), name.slice(0, -'.jsonl'.length)))
      .sort((a, b) => a.time - b.time);
  }

  /** How many exchanges there were when each change of an operation had been made. */
  changesOf(operation: string): readonly number[] {
    return this.exchanges.flatMap((exchange, i) =>
      exchange.operation === operation && exchange.path === 'peergos/v0/mutable/setPointers' ? [i + 1] : [],
    );
  }

  /** What an account sees after so many exchanges. */
  async after(
    count: number,
    account: { readonly username: string; readonly password: string },
  ): Promise<{ readonly view: CommittedView; readonly home: Item }> {
    const sessions = new Sessions({ stores: this.stores(this.exchanges.slice(0, count)), crypto: this.crypto });
    const view = new CommittedView(sessions);
    const { username, password } = account;
    const identity = await this.identityOf(username);
    const algorithm = (await sessions.of(identity).read(identity)).get(identity)?.writerData?.algorithm;
    const { rootKey } = await deriveLoginKeys(this.crypto, username, password, algorithm);
    const login = this.exchanges.find(({ path, query }) => path === 'peergos/v0/login/getLogin' && query.get('username') === username);
    const sealed = LoginResponse.decode(login?.response ?? new Uint8Array()).entryPoints;
    if (sealed === undefined) throw new Error(`no login data of ${username} was recorded`);
    const entry = EntryPoints.open(this.crypto, rootKey, sealed).entries.find(({ ownerName }) => ownerName === username);
    if (entry === undefined) throw new Error(`no home directory of ${username} was recorded`);
    return { view, home: await openItem(view, entry.capability) };
  }

  private async identityOf(username: string): Promise<PublicKeyHash> {
    const asked = this.exchanges.find(
      ({ path, request }) => path === 'peergos/v0/core/getPublicKey' && new TextDecoder().decode(request).includes(username),
    );
    const start = (asked?.response ?? new Uint8Array()).subarray(5);
    const hash = decodeCbor(start);
    if (!(hash instanceof Cid)) throw new Error(`no identity of ${username} was recorded`);
    return Promise.resolve(PublicKeyHash.fromCid(hash));
  }

  private stores(exchanges: readonly Exchange[]): { readonly blocks: BlockStore; readonly pointers: PointerStore } {
    const blocks = new Map<string, Uint8Array>();
    const pointers = new Map<string, Uint8Array>();
    const put = (bytes: Uint8Array, codec: CidCodecCode): void =>
      void blocks.set(Cid.ofSha256(this.crypto.sha256(bytes), codec).key, bytes);
    for (const { path, query, request, response } of exchanges) {
      if (path === 'api/v0/block/put/bulk' && request.length > 0) {
        const codec = query.get('format') === 'raw' ? CidCodec.raw : CidCodec.dagCbor;
        for (const bytes of BlockWriteGroup.decode(request).blocks) put(bytes, codec);
      } else if (path === 'api/v0/block/get' && response.length > 0) {
        blocks.set(parseCid(query.get('arg') ?? '').key, response);
      } else if (path === 'api/v0/champ/get/bulk' && response.length > 0) {
        for (const bytes of decodeCbor(response) as readonly Uint8Array[]) put(bytes, CidCodec.dagCbor);
      } else if (path === 'peergos/v0/mutable/setPointers') {
        for (const { writer, signed } of decodeMultiWriterCommit(request)) pointers.set(writer.key, signed);
      } else if (path === 'peergos/v0/mutable/setPointer') {
        pointers.set(PublicKeyHash.parse(query.get('writer') ?? '').key, request);
      } else if (path === 'peergos/v0/mutable/getPointer' && response.length > 0) {
        pointers.set(PublicKeyHash.parse(query.get('writer') ?? '').key, response);
      }
    }
    const refuse = async (): Promise<never> => Promise.reject(new Error('what was recorded cannot be changed'));
    return {
      blocks: {
        getBlock: async (cid) => Promise.resolve(blocks.get(cid.key) ?? missing(cid)),
        startTransaction: refuse,
        closeTransaction: refuse,
        putBlocks: refuse,
      },
      pointers: { getPointer: async (_, writer) => Promise.resolve(pointers.get(writer.key)), setPointer: refuse, setPointers: refuse },
    };
  }
}

function missing(cid: Cid): never {
  throw new NotFoundError('not-found.block', `nobody has sent ${cid.toString()}`);
}

function readExchanges(file: string, operation: string): readonly Exchange[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.flatMap((text) => {
    const { step, path, status, requestBody, responseBody, startedAtMillis: time } = JSON.parse(text) as Line;
    const url = new URL(path, 'http://server');
    if (status !== 200) return [];
    return [
      {
        operation,
        step,
        path: url.pathname.slice(1),
        query: url.searchParams,
        request: bytesOf(requestBody),
        response: bytesOf(responseBody),
        time,
      },
    ];
  });
}

/** What was shortened is left out. */
function bytesOf(body: string | { readonly length: number }): Uint8Array {
  return typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'base64')) : new Uint8Array();
}
