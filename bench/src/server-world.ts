import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cborMap, Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto, type CryptoProvider } from '@pyrgos/core/crypto';
import { type DaemonProcess, type NewAccount, startDaemonProcess, type WireCall, WireClient } from '@pyrgos/testkit/server';
import { LoadClient, type LoadRequest, loadRequest } from './load-client.js';
import { processMemory, resetPeakMemory } from './process-memory.js';
import { scratchFolder } from './scratch-folder.js';

/** Blocks that clients send in one request; their bytes stay below 1 MiB. */
export const BATCH = 250;
/** Bytes of a small block. */
export const SMALL = 4096;
/** Bytes of a large block. */
export const LARGE = 1_048_576;

/** What a dag-cbor block of {@link SMALL} bytes has beside its random bytes: a map, a key, a byte string. */
const SMALL_OVERHEAD = 6;
const SMALL_BLOCKS = 2048;
const USERS = 80;
const POLL_MILLISECONDS = 10;

/** A block and its CID. */
export interface Block {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** The real server as a process of its own, fsync on, with its data on a disk: what all suites of one run share. */
export class ServerWorld {
  /** Blocks that the server stores, at least. */
  stored = 0;
  private readonly signedUp: NewAccount[] = [];
  private small: Promise<readonly Block[]> | undefined;

  private constructor(
    /** For files of a suite; removed in the end. */
    readonly folder: string,
    readonly crypto: CryptoProvider,
    readonly daemon: DaemonProcess,
    readonly client: WireClient,
    /** Who owns the blocks. */
    readonly account: NewAccount,
    private readonly transaction: string,
  ) {}

  /** Starts it; `nodeFlags` are for its Node. */
  static async start(nodeFlags: readonly string[]): Promise<ServerWorld> {
    const folder = await scratchFolder();
    const crypto = await loadCrypto();
    // Garbage collection would run beside some of the measurements and not beside others.
    const options = { 'max-users': String(USERS), 'default-quota': '100g', 'enable-gc': 'false' };
    const daemon = await startDaemonProcess(options, join(folder, 'data'), nodeFlags);
    const client = new WireClient(daemon.url, crypto);
    const account = await client.signUp('bench');
    return new ServerWorld(folder, crypto, daemon, client, account, await client.startTransaction(account));
  }

  /** Stops it and removes all data. */
  async close(): Promise<void> {
    this.client.close();
    await this.daemon.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A client with this many connections to the server. */
  async connect(connections: number): Promise<LoadClient> {
    return LoadClient.open(this.daemon.url, connections);
  }

  /** A call as a request. */
  request({ path, body }: WireCall): LoadRequest {
    return loadRequest('POST', this.daemon.url, `/${path}`, body);
  }

  /** The first users after the owner of the blocks; they are signed up when they are needed. */
  async users(count: number): Promise<readonly NewAccount[]> {
    while (this.signedUp.length < count) this.signedUp.push(await this.client.signUp(`user-${this.signedUp.length}`));
    return this.signedUp.slice(0, count);
  }

  /** A new raw block of {@link LARGE} bytes. */
  largeBlock(): Uint8Array {
    return randomBytes(LARGE);
  }

  /** A new dag-cbor block of {@link SMALL} bytes. */
  smallBlock(): Uint8Array {
    return encodeCbor(cborMap([['d', randomBytes(SMALL - SMALL_OVERHEAD)]]));
  }

  /** The upload of blocks of the owner. */
  putRequest(blocks: readonly Uint8Array[], raw: boolean): LoadRequest {
    return this.request(this.client.putCall(this.account, this.account.home.signer, blocks, raw, this.transaction));
  }

  /** Stores blocks, 1 MiB at a time at most. */
  async put(blocks: readonly Uint8Array[], raw: boolean): Promise<readonly Block[]> {
    const requests: LoadRequest[] = [];
    const perRequest = raw ? 1 : BATCH;
    for (let at = 0; at < blocks.length; at += perRequest) requests.push(this.putRequest(blocks.slice(at, at + perRequest), raw));
    const load = await this.connect(4);
    await load.run(requests);
    load.close();
    this.stored += blocks.length;
    return blocks.map((bytes) => ({ bytes, cid: Cid.ofSha256(this.crypto.sha256(bytes), raw ? CidCodec.raw : CidCodec.dagCbor) }));
  }

  /** Small blocks that the server has: twice as many as it keeps in memory, so that whoever reads them in turn reads files. */
  async smallBlocks(): Promise<readonly Block[]> {
    this.small ??= this.put(
      Array.from({ length: SMALL_BLOCKS }, () => this.smallBlock()),
      false,
    );
    return this.small;
  }

  /**
   * Resolves when the server does not sync files of earlier uploads any more: what one subject leaves to do would be charged to the next.
   * `all`: when there is nothing left that it may begin to sync.
   */
  async settled(all = false): Promise<void> {
    const journal = join(this.folder, 'data', 'blocks', '.journal');
    const isBusy = (name: string): boolean => all || name.endsWith('.syncing');
    while ((await readdir(journal)).some(isBusy)) await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }

  /** A line such as `VmRSS` of /proc/<pid>/status in MiB; undefined where there is none. */
  async memory(line: 'VmRSS' | 'VmHWM'): Promise<number | undefined> {
    return processMemory(this.daemon.pid, line);
  }

  /** The peak begins anew. Nothing where the system cannot do that. */
  async resetPeak(): Promise<void> {
    return resetPeakMemory(this.daemon.pid);
  }
}
