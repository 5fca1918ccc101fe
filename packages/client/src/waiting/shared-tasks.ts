import { throwIfAborted } from '@pyrgos/core/errors';
import { orAborted } from './or-aborted.js';

interface Task<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
  hasEnded: boolean;
}

/**
 * Work that several callers may want at the same time: it is done once, cancelled when the last caller has gone, and the last results may be
 * kept for those who come later. Who cannot cancel keeps it alive to its end. A failure reaches all who wait, and the next one begins anew.
 * Results are shared: never modify them.
 */
export class SharedTasks<K extends string | number, T> {
  private readonly running = new Map<K, Task<T>>();
  /** Least recently used first. */
  private readonly results = new Map<K, T>();

  /** `operation` is what is cancelled, for the message of errors; `kept` results stay, those that were used last. */
  constructor(
    private readonly operation: string,
    private readonly kept = 0,
  ) {}

  /** The result of the work under an id. AbortedError for this caller alone when its signal is aborted. */
  async run(id: K, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    throwIfAborted(signal, this.operation);
    const result = this.results.get(id);
    if (result !== undefined || this.results.has(id)) {
      // Used last: to the end of the order.
      this.results.delete(id);
      this.results.set(id, result as T);
      return result as T;
    }
    return this.join(id, this.running.get(id) ?? this.start(id, work), signal);
  }

  /** Forgets all results, and lets nobody join what is under way now: it may have begun before something changed. */
  clear(): void {
    this.running.clear();
    this.results.clear();
  }

  private start(id: K, work: (signal: AbortSignal) => Promise<T>): Task<T> {
    const controller = new AbortController();
    const task: Task<T> = { promise: work(controller.signal), controller, waiters: 0, hasEnded: false };
    this.running.set(id, task);
    task.promise.then(
      (result) => {
        task.hasEnded = true;
        if (this.forget(id, task)) this.keep(id, result);
      },
      () => {
        task.hasEnded = true;
        this.forget(id, task);
      },
    );
    return task;
  }

  private async join(id: K, task: Task<T>, signal: AbortSignal | undefined): Promise<T> {
    task.waiters++;
    try {
      return await orAborted(task.promise, signal, this.operation);
    } finally {
      task.waiters--;
      if (task.waiters === 0 && !task.hasEnded) {
        this.forget(id, task);
        task.controller.abort();
      }
    }
  }

  /** Whether it could be joined until now. */
  private forget(id: K, task: Task<T>): boolean {
    return this.running.get(id) === task && this.running.delete(id);
  }

  private keep(id: K, result: T): void {
    if (this.kept === 0) return;
    this.results.set(id, result);
    if (this.results.size <= this.kept) return;
    const [oldest] = this.results.keys();
    if (oldest !== undefined) this.results.delete(oldest);
  }
}
