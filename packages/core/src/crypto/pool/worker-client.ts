import { spawnWorker } from '#spawn-worker';
import { CryptoError, deserialiseError } from '../../errors.js';
import type { CryptoBackend } from '../provider.js';
import type { Job, JobRequest, JobResponse, JobResult, WorkerPort } from './protocol.js';

/** A job on its way. */
export interface Task {
  readonly job: Job;
  /** Buffers that the job gives away. */
  readonly transfer: readonly ArrayBuffer[];
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
}

/** One worker and the jobs it has been given. */
export class WorkerClient {
  // Truly private: tasks hold keys and passwords, and inspecting a worker must not show them.
  readonly #tasks = new Map<number, Task>();
  #nextId = 0;
  readonly #port: WorkerPort | undefined;
  readonly #backend: CryptoBackend | 'auto';
  readonly #onIdle: () => void;
  readonly #onDeath: () => void;

  /** `onIdle` is called after each answer, `onDeath` once when the worker has died; its jobs have been rejected by then. */
  constructor(backend: CryptoBackend | 'auto', onIdle: () => void, onDeath: () => void) {
    this.#backend = backend;
    this.#onIdle = onIdle;
    this.#onDeath = onDeath;
    this.#port = spawnWorker({ onResponse: (response) => this.#answer(response), onFailure: (reason) => this.#die(reason) });
  }

  /** Whether a worker could be started at all. */
  get started(): boolean {
    return this.#port !== undefined;
  }

  /** Jobs given and not answered. */
  get load(): number {
    return this.#tasks.size;
  }

  /** Gives the worker a job. */
  run(task: Task): void {
    const id = this.#nextId++;
    this.#tasks.set(id, task);
    this.#port?.hold(true);
    try {
      this.#post(id, task);
    } catch (error) {
      // For example a buffer that was given away twice.
      this.#tasks.delete(id);
      task.reject(new CryptoError('crypto.worker', 'the data could not be handed to a crypto worker', {}, error));
      this.#settle();
    }
  }

  /** Ends the worker; its jobs are rejected with `reason` at once. Resolves when it has stopped. */
  async terminate(reason: Error): Promise<void> {
    this.#rejectAll(reason);
    await this.#port?.terminate();
  }

  #post(id: number, { job, transfer }: Task): void {
    const request: JobRequest = { id, backend: this.#backend, job };
    try {
      this.#port?.post(request, transfer);
    } catch (error) {
      if (transfer.length === 0) throw error;
      // Some buffers cannot be given away, and cannot be told beforehand: WebAssembly memory, Node's pool. A lost one throws again.
      this.#port?.post(request, []);
    }
  }

  #answer(response: JobResponse): void {
    const task = this.#tasks.get(response.id);
    if (task === undefined) return;
    if (response.kind === 'progress') {
      try {
        task.onProgress?.(response.fraction);
      } catch (error) {
        // The caller's own error is the caller's; here it would end the process. The worker's answer will find nobody.
        this.#tasks.delete(response.id);
        task.reject(error instanceof Error ? error : new CryptoError('crypto.worker', 'onProgress threw', {}, error));
        this.#settle();
      }
      return;
    }
    this.#tasks.delete(response.id);
    if (response.kind === 'done') task.resolve(response.result);
    else task.reject(deserialiseError(response.error));
    this.#settle();
  }

  #settle(): void {
    if (this.#tasks.size === 0) this.#port?.hold(false);
    this.#onIdle();
  }

  #die(reason: string): void {
    this.#rejectAll(new CryptoError('crypto.worker', `a crypto worker stopped: ${reason}`, { reason }));
    this.#onDeath();
  }

  #rejectAll(error: Error): void {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of tasks) task.reject(error);
  }
}
