import type { EngineCallName, EngineCalls } from './calls.js';
import { faultOf } from './engine-fault.js';
import type { EngineMessage, Line, PageMessage } from './rpc-messages.js';

/** What a call of the engine may do beside giving its result. */
export interface CallContext<Name extends EngineCallName> {
  /** Fires when the page does not want the result any more. */
  readonly signal: AbortSignal;
  /** Tells the page something on the way; `transfer` is moved instead of copied. */
  readonly emit: (event: EngineCalls[Name]['event'], transfer?: Transferable[]) => void;
  /** Asks the page; undefined when nobody is there to answer, or the call was cancelled. */
  readonly ask: (question: EngineCalls[Name]['question']) => Promise<EngineCalls[Name]['answer'] | undefined>;
}

/** Answers one kind of call. */
export type Handler<Name extends EngineCallName> = (
  args: EngineCalls[Name]['args'],
  context: CallContext<Name>,
) => Promise<EngineCalls[Name]['result']>;

/** An answer for every call. */
export type Handlers = { readonly [Name in EngineCallName]: Handler<Name> };

interface Running {
  readonly cancel: AbortController;
  readonly questions: Map<number, (value: unknown) => void>;
}

/** The engine's end of the line: runs the handlers until the line is gone. */
export function serveEngine(line: Line, handlers: Handlers): void {
  const running = new Map<number, Running>();
  const send = (message: EngineMessage, transfer: Transferable[] = []): void => {
    line.postMessage(message, transfer);
  };

  const run = async (id: number, name: EngineCallName, args: unknown): Promise<void> => {
    const questions = new Map<number, (value: unknown) => void>();
    const cancel = new AbortController();
    running.set(id, { cancel, questions });
    let nextQuestion = 1;
    const context: CallContext<EngineCallName> = {
      signal: cancel.signal,
      emit: (value, transfer) => {
        if (!cancel.signal.aborted) send({ kind: 'event', id, value }, transfer);
      },
      ask: async (value) => {
        if (cancel.signal.aborted) return undefined;
        const question = nextQuestion++;
        return new Promise((resolve) => {
          questions.set(question, resolve as (value: unknown) => void);
          send({ kind: 'question', id, question, value });
        });
      },
    };
    try {
      // The map of handlers pairs each name with its arguments; TypeScript cannot follow that through a union of names.
      const handler = handlers[name] as Handler<EngineCallName>;
      const value = await handler(args as never, context);
      send({ kind: 'result', id, value });
    } catch (error) {
      send({ kind: 'fault', id, fault: faultOf(error) });
    } finally {
      running.delete(id);
    }
  };

  line.addEventListener('message', (event) => {
    const message = event.data as PageMessage;
    switch (message.kind) {
      case 'call':
        void run(message.id, message.name, message.args);
        return;
      case 'cancel': {
        const call = running.get(message.id);
        call?.cancel.abort();
        for (const resolve of call?.questions.values() ?? []) resolve(undefined);
        return;
      }
      case 'answer': {
        const questions = running.get(message.id)?.questions;
        questions?.get(message.question)?.(message.value);
        questions?.delete(message.question);
      }
    }
  });
}
