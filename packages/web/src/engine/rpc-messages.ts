import type { EngineCallName } from './calls.js';
import type { EngineFault } from './engine-fault.js';

/** What the page sends to the engine. Everything is a plain value that `postMessage` copies. */
export type PageMessage =
  | { readonly kind: 'call'; readonly id: number; readonly name: EngineCallName; readonly args: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly question: number; readonly value: unknown };

/** What the engine sends to the page, always about one call. */
export type EngineMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: EngineFault }
  | { readonly kind: 'event'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'question'; readonly id: number; readonly question: number; readonly value: unknown };

/** One end of the line between page and engine: a `Worker`, the worker's own scope, or a `MessagePort`. */
export interface Line {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}
