import { defaultPoolSize } from '#spawn-worker';
import { onAbort } from '../../abort.js';
import { assertBoolean, assertBytesList, assertMethods, assertObject, assertOptions } from '../../arguments.js';
import { assertBytes, assertInteger, copyBytes } from '../../bytes.js';
import { ArgumentError, CryptoError, throwIfAborted } from '../../errors.js';
import type { CryptoBackend, CryptoProvider } from '../provider.js';
import type { Job, JobResult } from './protocol.js';
import { assertSection, layOutSection, partsOf, type PlainSection, type SealedSection, sealSectionNow } from './section.js';
import { type Task, WorkerClient } from './worker-client.js';

/** Jobs a worker is given at once: one to work on and one that is already there when it has finished. */
const JOBS_IN_FLIGHT = 2;
/** Deaths of workers without a finished job between them, after which the pool gives up. */
const MAX_RESTARTS = 3;
const MAX_POOL_SIZE = 32;

/** How one bulk operation is run. */
export interface BulkOptions {
  /** Cancels: a waiting job is dropped, the result of a running one is thrown away. AbortedError. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The caller gives the data away: its buffer is transferred instead of copied, and unusable afterwards, when the array covers a whole
   * ArrayBuffer. Otherwise it is copied as without this option.
   */
  readonly consume?: boolean | undefined;
}

/** Bulk cryptography, on other threads or on this one. Results are as those of CryptoProvider. */
export interface CryptoPool {
  /** Number of workers; 0 runs on the calling thread. */
  readonly size: number;
  /** See CryptoProvider.secretboxSeal. */
  secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array, options?: BulkOptions): Promise<Uint8Array>;
  /** See CryptoProvider.secretboxOpen. */
  secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array, options?: BulkOptions): Promise<Uint8Array>;
  /**
   * Encrypts the data section of a chunk, cuts it into blocks and hashes them, in one go. `consume` gives the buffer of the data away, of which it may be a
   * part: with 16 bytes and the length of the head before the data, and room for the padding and all prefixes behind it, nothing is copied. ArgumentError
   * for numbers that do not fit to each other.
   */
  sealSection(section: PlainSection, options?: BulkOptions): Promise<SealedSection>;
  /** See CryptoProvider.sha256. */
  sha256(data: Uint8Array, options?: BulkOptions): Promise<Uint8Array>;
  /** See CryptoProvider.sha256Many. */
  sha256Many(inputs: readonly Uint8Array[], options?: BulkOptions): Promise<Uint8Array[]>;
  /**
   * See CryptoProvider.ed25519Verify: whether each signature is one of the key over the message at the same place. ArgumentError when there are not
   * as many messages. Data is always copied: it is small.
   */
  ed25519VerifyMany(
    signatures: readonly Uint8Array[],
    messages: readonly Uint8Array[],
    publicKey: Uint8Array,
    options?: Pick<BulkOptions, 'signal'>,
  ): Promise<boolean[]>;
  /** Ends the workers. Jobs that are not finished are rejected with CryptoError `crypto.worker`, as is every later one. */
  close(): Promise<void>;
}

/** What {@link createCryptoPool} may be told. */
export interface CryptoPoolOptions {
  /** Workers, 1 to 32; the default suits the machine. They are started when the first job needs them. */
  readonly size?: number | undefined;
  /** The back end of the workers; the default is the best. */
  readonly backend?: CryptoBackend | 'auto' | undefined;
}

/** Checks what every bulk operation takes; AbortedError when it is cancelled already. */
function checkOptions(options: BulkOptions, operation: string): void {
  assertObject('options', options);
  if (options.consume !== undefined) assertBoolean('options.consume', options.consume);
  throwIfAborted(options.signal, operation);
}

function checkVerification(signatures: readonly Uint8Array[], messages: readonly Uint8Array[], publicKey: Uint8Array): void {
  assertBytesList('signatures', signatures);
  assertBytesList('messages', messages);
  if (messages.length !== signatures.length) throw new ArgumentError('messages', 'must be as many as there are signatures');
  for (const [i, signature] of signatures.entries()) assertBytes(`signatures[${i}]`, signature, 64);
  assertBytes('publicKey', publicKey, 32);
}

/** Bytes that a worker may own: the array's own buffer when it is given away whole, a copy otherwise. */
function handOver(data: Uint8Array, consume: boolean, transfer: ArrayBuffer[]): Uint8Array {
  const { buffer } = data;
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
  // Truly private: jobs hold keys, and logging or inspecting a pool must not show them.
  #workers: WorkerClient[] = [];
  readonly #waiting = new Set<Task>();
  readonly #backend: CryptoBackend | 'auto';
  #failures = 0;
  #closed: Error | undefined;

  constructor(
    readonly size: number,
    backend: CryptoBackend | 'auto',
  ) {
    this.#backend = backend;
  }

  async secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array, options: BulkOptions = {}): Promise<Uint8Array> {
    return this.#secretbox('secretboxSeal', 'plaintext', plaintext, nonce, key, options);
  }

  async secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array, options: BulkOptions = {}): Promise<Uint8Array> {
    return this.#secretbox('secretboxOpen', 'boxed', boxed, nonce, key, options);
  }

  async sealSection(plain: PlainSection, options: BulkOptions = {}): Promise<SealedSection> {
    assertSection(plain);
    checkOptions(options, 'sealSection');
    const { key, ...section } = layOutSection(plain, options.consume === true);
    const count = section.prefixes.length;
    try {
      const [memory = new Uint8Array(), ...digests] = (await this.#submit(
        { kind: 'sealSection', section, key },
        [section.memory.buffer],
        options,
      )) as readonly Uint8Array[];
      return { ...partsOf(section, memory), digests: digests.slice(0, count), dataDigest: digests[count] };
    } finally {
      key.fill(0);
    }
  }

  async sha256(data: Uint8Array, options: BulkOptions = {}): Promise<Uint8Array> {
    assertBytes('data', data);
    checkOptions(options, 'sha256');
    const transfer: ArrayBuffer[] = [];
    const job: Job = { kind: 'sha256', data: handOver(data, options.consume === true, transfer) };
    return this.#submit(job, transfer, options) as Promise<Uint8Array>;
  }

  async sha256Many(inputs: readonly Uint8Array[], options: BulkOptions = {}): Promise<Uint8Array[]> {
    assertBytesList('inputs', inputs);
    checkOptions(options, 'sha256Many');
    const transfer: ArrayBuffer[] = [];
    const give = (input: Uint8Array): Uint8Array => handOver(input, options.consume === true, transfer);
    const job: Job = { kind: 'sha256Many', inputs: inputs.map(give) };
    return this.#submit(job, transfer, options) as Promise<Uint8Array[]>;
  }

  async ed25519VerifyMany(
    signatures: readonly Uint8Array[],
    messages: readonly Uint8Array[],
    publicKey: Uint8Array,
    options: Pick<BulkOptions, 'signal'> = {},
  ): Promise<boolean[]> {
    checkVerification(signatures, messages, publicKey);
    checkOptions(options, 'ed25519VerifyMany');
    const job: Job = {
      kind: 'ed25519VerifyMany',
      signatures: signatures.map((signature) => copyBytes(signature)),
      messages: messages.map((message) => copyBytes(message)),
      publicKey: copyBytes(publicKey),
    };
    const result = (await this.#submit(job, [], options)) as Uint8Array;
    return Array.from(result, (byte) => byte === 1);
  }

  async close(): Promise<void> {
    await this.#giveUp(new CryptoError('crypto.worker', 'the crypto pool is closed'));
  }

  async #secretbox(
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
    checkOptions(options, kind);
    const transfer: ArrayBuffer[] = [];
    // Key and nonce are copied for this job, because it may have to wait. The worker wipes its copy of the key, this thread the other.
    const job: Job = {
      kind,
      data: handOver(data, options.consume === true, transfer),
      nonce: copyBytes(nonce),
      key: copyBytes(key),
    };
    try {
      return (await this.#submit(job, transfer, options)) as Uint8Array;
    } finally {
      job.key.fill(0);
    }
  }

  async #submit(job: Job, transfer: readonly ArrayBuffer[], { signal }: BulkOptions): Promise<JobResult> {
    if (this.#closed !== undefined) throw this.#closed;
    let stopListening: () => void = () => undefined;
    try {
      return await new Promise<JobResult>((resolve, reject) => {
        const task: Task = { job, transfer, resolve, reject };
        stopListening = onAbort(signal, job.kind, (error) => {
          this.#waiting.delete(task);
          reject(error);
        });
        this.#waiting.add(task);
        this.#distribute();
      });
    } finally {
      stopListening();
    }
  }

  /** Gives waiting jobs to the workers with the least to do; starts workers as long as there is more work than they can take. */
  #distribute(): void {
    for (const task of this.#waiting) {
      const worker = this.#freeWorker();
      if (worker === undefined) return;
      this.#waiting.delete(task);
      worker.run(task);
    }
  }

  #freeWorker(): WorkerClient | undefined {
    const least = this.#workers.reduce<WorkerClient | undefined>(
      (best, worker) => (best === undefined || worker.load < best.load ? worker : best),
      undefined,
    );
    if (least?.load === 0) return least;
    if (this.#workers.length < this.size) {
      const worker: WorkerClient = new WorkerClient(
        this.#backend,
        () => {
          this.#failures = 0;
          this.#distribute();
        },
        () => this.#bury(worker),
      );
      if (worker.started) {
        this.#workers.push(worker);
        return worker;
      }
      if (this.#workers.length === 0) {
        void this.#giveUp(new CryptoError('crypto.worker', 'crypto workers cannot be started here'));
        return undefined;
      }
    }
    return least !== undefined && least.load < JOBS_IN_FLIGHT ? least : undefined;
  }

  #bury(worker: WorkerClient): void {
    this.#workers = this.#workers.filter((other) => other !== worker);
    this.#failures++;
    if (this.#failures <= MAX_RESTARTS) this.#distribute();
    else void this.#giveUp(new CryptoError('crypto.worker', 'crypto workers keep stopping; the pool has given up'));
  }

  /** Rejects everything at once; resolves when the workers have stopped. */
  async #giveUp(reason: CryptoError): Promise<void> {
    this.#closed ??= reason;
    const workers = this.#workers;
    const waiting = [...this.#waiting];
    this.#workers = [];
    this.#waiting.clear();
    for (const task of waiting) task.reject(reason);
    await Promise.all(workers.map(async (worker) => worker.terminate(reason)));
  }
}

/** A pool of workers. An idle pool does not keep a Node process alive. */
export function createCryptoPool(options: CryptoPoolOptions = {}): CryptoPool {
  assertOptions('options', options, ['size', 'backend']);
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
  assertMethods('crypto', crypto, 'secretboxSeal', 'secretboxSealInPlace', 'secretboxOpen', 'sha256', 'sha256Many', 'ed25519Verify');
  let closed = false;
  const inline = async <T>(operation: string, options: BulkOptions = {}, work: () => T): Promise<T> => {
    checkOptions(options, operation);
    if (closed) throw new CryptoError('crypto.worker', 'the crypto pool is closed');
    return work();
  };
  return {
    size: 0,
    secretboxSeal: async (plaintext, nonce, key, options) =>
      inline('secretboxSeal', options, () => crypto.secretboxSeal(plaintext, nonce, key)),
    secretboxOpen: async (boxed, nonce, key, options) => inline('secretboxOpen', options, () => crypto.secretboxOpen(boxed, nonce, key)),
    sealSection: async (section, options = {}) =>
      inline('sealSection', options, () => {
        assertSection(section);
        const { key, ...rest } = layOutSection(section, options.consume === true);
        try {
          return sealSectionNow(crypto, rest, key);
        } finally {
          key.fill(0);
        }
      }),
    sha256: async (data, options) => inline('sha256', options, () => crypto.sha256(data)),
    sha256Many: async (inputs, options) => inline('sha256Many', options, () => crypto.sha256Many(inputs)),
    ed25519VerifyMany: async (signatures, messages, publicKey, options) =>
      inline('ed25519VerifyMany', options, () => {
        checkVerification(signatures, messages, publicKey);
        return signatures.map((signature, i) => crypto.ed25519Verify(signature, messages[i] as Uint8Array, publicKey));
      }),
    close: async () => {
      closed = true;
    },
  };
}
