import { defaultPoolSize } from '#spawn-worker';
import { assertBytes, assertInteger, copyBytes } from '../../bytes.js';
import { ArgumentError, CryptoError, throwIfAborted } from '../../errors.js';
import type { CryptoBackend, CryptoProvider } from '../provider.js';
import type { Job, JobResult } from './protocol.js';
import { onAbort, type Task, WorkerClient } from './worker-client.js';

/** Jobs a worker is given at once: one to work on and one that is already there when it has finished. */
const JOBS_IN_FLIGHT = 2;
/** Deaths of workers without a finished job between them, after which the pool gives up. */
const MAX_RESTARTS = 3;
const MAX_POOL_SIZE = 32;

/** How one bulk operation is run. */
export interface BulkOptions {
  /** Cancels: a waiting job is dropped, the result of a running one is thrown away. AbortedError. */
  readonly signal?: AbortSignal;
  /**
   * The caller gives the data away: its buffer is transferred instead of copied, and unusable afterwards, when the array covers a whole
   * ArrayBuffer. Otherwise it is copied as without this option.
   */
  readonly consume?: boolean;
}

/** Bulk cryptography, on other threads or on this one. Results are as those of CryptoProvider. */
export interface CryptoPool {
  /** Number of workers; 0 runs on the calling thread. */
  readonly size: number;
  /** See CryptoProvider.secretboxSeal. */
  secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array, options?: BulkOptions): Promise<Uint8Array>;
  /** See CryptoProvider.secretboxOpen. */
  secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array, options?: BulkOptions): Promise<Uint8Array>;
  /** See CryptoProvider.sha256. */
  sha256(data: Uint8Array, options?: BulkOptions): Promise<Uint8Array>;
  /** See CryptoProvider.sha256Many. */
  sha256Many(inputs: readonly Uint8Array[], options?: BulkOptions): Promise<Uint8Array[]>;
  /** Ends the workers. Jobs that are not finished are rejected with CryptoError `crypto.worker`, as is every later one. */
  close(): Promise<void>;
}

/** What {@link createCryptoPool} may be told. */
export interface CryptoPoolOptions {
  /** Workers, 1 to 32; the default suits the machine. They are started when the first job needs them. */
  readonly size?: number;
  /** The back end of the workers; the default is the best. */
  readonly backend?: CryptoBackend | 'auto';
}

/** Whether the memory of an array is gone. Asked of empty ones only, because it makes an array. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).byteLength > 0;
  } catch {
    return true;
  }
}

/** Bytes that a worker may own: the array's own buffer when it is given away whole, a copy otherwise. ArgumentError when it is gone. */
function handOver(field: string, data: Uint8Array, consume: boolean, transfer: ArrayBuffer[]): Uint8Array {
  const { buffer } = data;
  // Such an array has length 0; to seal nothing instead of the caller's data would lose it.
  if (data.byteLength === 0 && buffer.byteLength === 0 && isDetached(buffer)) throw new ArgumentError(field, 'was given away before');
  if (consume && buffer instanceof ArrayBuffer && data.byteOffset === 0 && data.byteLength === buffer.byteLength) {
    // An empty buffer has nothing to save, and the same one cannot be given away twice in one message.
    if (data.byteLength > 0 && !transfer.includes(buffer)) {
      transfer.push(buffer);
      return new Uint8Array(buffer);
    }
  }
  const copy = new Uint8Array(data);
  if (copy.byteLength > 0) transfer.push(copy.buffer);
  return copy;
}

class WorkerPool implements CryptoPool {
  private workers: WorkerClient[] = [];
  private readonly waiting = new Set<Task>();
  private failures = 0;
  private closed: Error | undefined;

  constructor(
    readonly size: number,
    private readonly backend: CryptoBackend | 'auto',
  ) {}

  async secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array, options: BulkOptions = {}): Promise<Uint8Array> {
    return this.secretbox('secretboxSeal', 'plaintext', plaintext, nonce, key, options);
  }

  async secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array, options: BulkOptions = {}): Promise<Uint8Array> {
    return this.secretbox('secretboxOpen', 'boxed', boxed, nonce, key, options);
  }

  async sha256(data: Uint8Array, options: BulkOptions = {}): Promise<Uint8Array> {
    assertBytes('data', data);
    const transfer: ArrayBuffer[] = [];
    const job: Job = { kind: 'sha256', data: handOver('data', data, options.consume === true, transfer) };
    return this.submit(job, transfer, options) as Promise<Uint8Array>;
  }

  async sha256Many(inputs: readonly Uint8Array[], options: BulkOptions = {}): Promise<Uint8Array[]> {
    if (!Array.isArray(inputs)) throw new ArgumentError('inputs', 'must be a list');
    inputs.forEach((input, i) => assertBytes(`inputs[${i}]`, input));
    const transfer: ArrayBuffer[] = [];
    const give = (input: Uint8Array, i: number): Uint8Array => handOver(`inputs[${i}]`, input, options.consume === true, transfer);
    const job: Job = { kind: 'sha256Many', inputs: inputs.map(give) };
    return this.submit(job, transfer, options) as Promise<Uint8Array[]>;
  }

  async close(): Promise<void> {
    await this.giveUp(new CryptoError('crypto.worker', 'the crypto pool is closed'));
  }

  private async secretbox(
    kind: 'secretboxSeal' | 'secretboxOpen',
    field: string,
    data: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
    options: BulkOptions,
  ): Promise<Uint8Array> {
    assertBytes(field, data);
    assertBytes('nonce', nonce, 24);
    assertBytes('key', key, 32);
    const transfer: ArrayBuffer[] = [];
    // Key and nonce are copied for this job, because it may have to wait. The worker wipes its copy of the key, this thread the other.
    const job: Job = {
      kind,
      data: handOver(field, data, options.consume === true, transfer),
      nonce: copyBytes(nonce),
      key: copyBytes(key),
    };
    try {
      return (await this.submit(job, transfer, options)) as Uint8Array;
    } finally {
      job.key.fill(0);
    }
  }

  private async submit(job: Job, transfer: readonly ArrayBuffer[], { signal }: BulkOptions): Promise<JobResult> {
    throwIfAborted(signal, job.kind);
    if (this.closed !== undefined) throw this.closed;
    let stopListening: () => void = () => undefined;
    try {
      return await new Promise<JobResult>((resolve, reject) => {
        const task: Task = { job, transfer, resolve, reject };
        stopListening = onAbort(signal, job.kind, (error) => {
          this.waiting.delete(task);
          reject(error);
        });
        this.waiting.add(task);
        this.distribute();
      });
    } finally {
      stopListening();
    }
  }

  /** Gives waiting jobs to the workers with the least to do; starts workers as long as there is more work than they can take. */
  private distribute(): void {
    for (const task of this.waiting) {
      const worker = this.freeWorker();
      if (worker === undefined) return;
      this.waiting.delete(task);
      worker.run(task);
    }
  }

  private freeWorker(): WorkerClient | undefined {
    const least = this.workers.reduce<WorkerClient | undefined>(
      (best, worker) => (best === undefined || worker.load < best.load ? worker : best),
      undefined,
    );
    if (least?.load === 0) return least;
    if (this.workers.length < this.size) {
      const worker: WorkerClient = new WorkerClient(
        this.backend,
        () => {
          this.failures = 0;
          this.distribute();
        },
        () => this.bury(worker),
      );
      if (worker.started) {
        this.workers.push(worker);
        return worker;
      }
      if (this.workers.length === 0) {
        void this.giveUp(new CryptoError('crypto.worker', 'crypto workers cannot be started here'));
        return undefined;
      }
    }
    return least !== undefined && least.load < JOBS_IN_FLIGHT ? least : undefined;
  }

  private bury(worker: WorkerClient): void {
    this.workers = this.workers.filter((other) => other !== worker);
    this.failures++;
    if (this.failures <= MAX_RESTARTS) this.distribute();
    else void this.giveUp(new CryptoError('crypto.worker', 'crypto workers keep stopping; the pool has given up'));
  }

  /** Rejects everything at once; resolves when the workers have stopped. */
  private async giveUp(reason: CryptoError): Promise<void> {
    this.closed ??= reason;
    const { workers } = this;
    const waiting = [...this.waiting];
    this.workers = [];
    this.waiting.clear();
    for (const task of waiting) task.reject(reason);
    await Promise.all(workers.map(async (worker) => worker.terminate(reason)));
  }
}

/** A pool of workers. An idle pool does not keep a Node process alive. */
export function createCryptoPool(options: CryptoPoolOptions = {}): CryptoPool {
  const { size = defaultPoolSize(), backend = 'auto' } = options;
  assertInteger('size', size, 1, MAX_POOL_SIZE);
  if (!['auto', 'native', 'wasm', 'portable'].includes(backend)) {
    throw new ArgumentError('backend', 'must be auto, native, wasm or portable');
  }
  return new WorkerPool(size, backend);
}

/**
 * The same interface on the calling thread: the right choice in Node with the native engine, which is faster than a round trip to a
 * worker, and wherever there are no workers.
 */
export function createInlinePool(crypto: CryptoProvider): CryptoPool {
  let closed = false;
  const inline = async <T>(operation: string, options: BulkOptions | undefined, work: () => T): Promise<T> => {
    throwIfAborted(options?.signal, operation);
    if (closed) throw new CryptoError('crypto.worker', 'the crypto pool is closed');
    return work();
  };
  return {
    size: 0,
    secretboxSeal: async (plaintext, nonce, key, options) =>
      inline('secretboxSeal', options, () => crypto.secretboxSeal(plaintext, nonce, key)),
    secretboxOpen: async (boxed, nonce, key, options) => inline('secretboxOpen', options, () => crypto.secretboxOpen(boxed, nonce, key)),
    sha256: async (data, options) => inline('sha256', options, () => crypto.sha256(data)),
    sha256Many: async (inputs, options) => inline('sha256Many', options, () => crypto.sha256Many(inputs)),
    close: async () => {
      closed = true;
    },
  };
}
