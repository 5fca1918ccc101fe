import type { ServerServices } from '../../services.js';
import type { Exchange } from '../exchange.js';
import type { HttpMetrics } from '../http-metrics.js';
import type { Reply } from '../reply.js';

/** What a route works with. */
export interface Call {
  readonly exchange: Exchange;
  readonly services: ServerServices;
  readonly metrics: HttpMetrics | undefined;
}

/** Answers one call. What it throws becomes the error answer. */
export type Handler = (call: Call) => Reply | Promise<Reply>;

/** The methods of one area by name. */
export type RouteTable = ReadonlyMap<string, Handler>;
