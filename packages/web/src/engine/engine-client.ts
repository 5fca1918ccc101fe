import type { EngineCallName, EngineCalls } from './calls.js';
import { EngineError, type EngineFault } from './engine-fault.js';
import type { EngineMessage, Line, PageMessage } from './rpc-messages.js';

/** How a call is watched and cancelled. */
export interface CallWatch<Name extends EngineCallName> {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: EngineCalls[Name]['event']) => void) | undefined;
  /** Asked what only the person at the page can say. Without it questions are answered with undefined. */
  readonly onQuestion?: ((question: EngineCalls[Name]['question']) => Promise<EngineCalls[Name]['answer'] | undefined>) | undefined;
  /** What is moved to the engine instead of being copied. */
  readonly transfer?: Transferable[] | undefined;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EngineError) => void;
  readonly onEvent: ((event: unknown) => void) | undefined;
  readonly onQuestion: ((question: unknown) => Promise<unknown>) | undefined;
}

/** The page's end of the line to the engine. */
export class EngineClient {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private broken: EngineFault | undefined;

  constructor(private readonly line: Line) {
    line.addEventListener('message', (event) => {
      this.receive(event.data as EngineMessage);
    });
  }

  /**
   * Makes a call. Rejects with an {@link EngineError}; `aborted` when `signal` fires, at once: what the engine has begun by then ends there as soon
   * as it can.
   */
  async call<Name extends EngineCallName>(
    name: Name,
    args: EngineCalls[Name]['args'],
    { signal, onEvent, onQuestion, transfer = [] }: CallWatch<Name> = {},
  ): Promise<EngineCalls[Name]['result']> {
    if (this.broken !== undefined) throw new EngineError(this.broken);
    if (signal?.aborted === true) throw cancelled();
    const id = this.nextId++;
    return new Promise<EngineCalls[Name]['result']>((resolve, reject) => {
      const cancel = (): void => {
        this.send({ kind: 'cancel', id });
        this.pending.delete(id);
        reject(cancelled());
      };
      const settled = (): void => signal?.removeEventListener('abort', cancel);
      this.pending.set(id, {
        resolve: (value) => {
          settled();
          resolve(value as EngineCalls[Name]['result']);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        // What the engine says about a call is of the types of that call.
        onEvent: onEvent as Pending['onEvent'],
        onQuestion: onQuestion as Pending['onQuestion'],
      });
      signal?.addEventListener('abort', cancel, { once: true });
      this.send({ kind: 'call', id, name, args }, transfer);
    });
  }

  /** The engine has died: every call that waits, and every later one, ends with `fault`. */
  fail(fault: EngineFault): void {
    this.broken = fault;
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const { reject } of waiting) reject(new EngineError(fault));
  }

  private send(message: PageMessage, transfer: Transferable[] = []): void {
    this.line.postMessage(message, transfer);
  }

  private receive(message: EngineMessage): void {
    const pending = this.pending.get(message.id);
    // Cancelled meanwhile.
    if (pending === undefined) return;
    switch (message.kind) {
      case 'event':
        pending.onEvent?.(message.value);
        return;
      case 'question':
        void this.answer(message.id, message.question, pending.onQuestion?.(message.value));
        return;
      case 'result':
        this.pending.delete(message.id);
        pending.resolve(message.value);
        return;
      case 'fault':
        this.pending.delete(message.id);
        pending.reject(new EngineError(message.fault));
    }
  }

  private async answer(id: number, question: number, answer: Promise<unknown> | undefined): Promise<void> {
    let value: unknown;
    try {
      value = await answer;
    } catch {
      // A dialog that broke is one that was closed.
      value = undefined;
    }
    this.send({ kind: 'answer', id, question, value });
  }
}

const cancelled = (): EngineError => new EngineError({ code: 'aborted', message: 'Cancelled.', data: {}, retry: 'never' });
