import { throwIfAborted } from '@pyrgos/core/errors';
import { orAborted } from './or-aborted.js';

interface Task<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
  isDone: boolean;
}

/**
 * Work that several callers may want at the same time: it is done once, cancelled when the last caller has gone, and the last results are
 * kept for those who come later. Results are shared: never modify them.
 */
export class SharedTasks<T> {
  private readonly tasks = new Map<number, Task<T>>();

  /** `kept` results stay, those that were used last. */
  constructor(private readonly kept: number) {}

  /** The result of the work under a number. AbortedError for this caller alone when its signal is aborted. */
  async run(id: number, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    throwIfAborted(signal, 'reading a file');
    let task = this.tasks.get(id);
    if (task === undefined) task = this.start(id, work);
    else {
      // Used last: to the end of the order.
      this.tasks.delete(id);
      this.tasks.set(id, task);
    }
    return this.join(id, task, signal);
  }

  private start(id: number, work: (signal: AbortSignal) => Promise<T>): Task<T> {
    const controller = new AbortController();
    const task: Task<T> = { promise: work(controller.signal), controller, waiters: 0, isDone: false };
    this.tasks.set(id, task);
    task.promise.then(
      () => {
        task.isDone = true;
        this.trim();
      },
      () => this.forget(id, task),
    );
    return task;
  }

  private async join(id: number, task: Task<T>, signal: AbortSignal | undefined): Promise<T> {
    task.waiters++;
    try {
      return await orAborted(task.promise, signal, 'reading a file');
    } finally {
      task.waiters--;
      if (task.waiters === 0 && !task.isDone) {
        this.forget(id, task);
        task.controller.abort();
      }
    }
  }

  private forget(id: number, task: Task<T>): void {
    if (this.tasks.get(id) === task) this.tasks.delete(id);
  }

  private trim(): void {
    const done = [...this.tasks].filter(([, { isDone }]) => isDone);
    for (const [id] of done.slice(0, Math.max(0, done.length - this.kept))) this.tasks.delete(id);
  }
}
