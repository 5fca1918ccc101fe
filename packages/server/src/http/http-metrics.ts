import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GarbageReport } from '../gc/garbage-report.js';

/** Block operations that are counted. */
export type BlockOperation = 'get' | 'put' | 'champ';

/** What is counted of a garbage collection; see gc/garbage-report.ts. */
export type CollectionNumbers = Pick<GarbageReport, 'deleted' | 'deletedBytes' | 'milliseconds' | 'longestSliceMilliseconds'>;

/**
 * Numbers for Prometheus (chapter 08 section 16.4; the names are ours). Labels are names of routes and operations, never paths, users or
 * anything else that a client chooses.
 */
export class HttpMetrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'route' | 'status'>;
  private readonly seconds: Histogram<'route'>;
  private readonly receivedBytes: Counter;
  private readonly sentBytes: Counter;
  private readonly active: Gauge;
  private readonly blockOperations: Counter<'operation'>;
  private readonly collections: Counter;
  private readonly collectedBlocks: Counter;
  private readonly collectedBytes: Counter;
  private readonly collectionSeconds: Histogram;
  private readonly longestSlice: Gauge;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Counter({
      name: 'pyrgos_http_requests_total',
      help: 'Requests answered, by route and status',
      labelNames: ['route', 'status'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'pyrgos_http_request_seconds',
      help: 'Seconds from the arrival of a request to the end of its answer',
      labelNames: ['route'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    });
    this.receivedBytes = new Counter({ name: 'pyrgos_http_received_bytes_total', help: 'Bytes of request bodies', registers });
    this.sentBytes = new Counter({ name: 'pyrgos_http_sent_bytes_total', help: 'Bytes of answers', registers });
    this.active = new Gauge({ name: 'pyrgos_http_requests_in_flight', help: 'Requests being answered', registers });
    this.blockOperations = new Counter({
      name: 'pyrgos_blocks_total',
      help: 'Blocks read, stored, and sent for lookups',
      labelNames: ['operation'],
      registers,
    });
    this.collections = new Counter({ name: 'pyrgos_gc_runs_total', help: 'Garbage collections completed', registers });
    this.collectedBlocks = new Counter({ name: 'pyrgos_gc_removed_blocks_total', help: 'Blocks removed as garbage', registers });
    this.collectedBytes = new Counter({ name: 'pyrgos_gc_removed_bytes_total', help: 'Bytes of those blocks', registers });
    this.collectionSeconds = new Histogram({
      name: 'pyrgos_gc_seconds',
      help: 'Seconds of a garbage collection',
      buckets: [0.1, 1, 10, 60, 600, 3600],
      registers,
    });
    this.longestSlice = new Gauge({
      name: 'pyrgos_gc_longest_slice_seconds',
      help: 'Longest time for which the last garbage collection let nobody else have a turn',
      registers,
    });
  }

  /** A request has arrived. */
  started(): void {
    this.active.inc();
  }

  /** An answer has left, or its client has. */
  finished(route: string, status: number, seconds: number, received: number, sent: number): void {
    this.active.dec();
    this.requests.inc({ route, status: String(status) });
    this.seconds.observe({ route }, seconds);
    this.receivedBytes.inc(received);
    this.sentBytes.inc(sent);
  }

  /** Blocks that were read, stored, or sent as the answer of a lookup. */
  blocks(operation: BlockOperation, count: number): void {
    this.blockOperations.inc({ operation }, count);
  }

  /** A garbage collection has ended. */
  collected(report: CollectionNumbers): void {
    this.collections.inc();
    this.collectedBlocks.inc(report.deleted);
    this.collectedBytes.inc(report.deletedBytes);
    this.collectionSeconds.observe(report.milliseconds / 1000);
    this.longestSlice.set(report.longestSliceMilliseconds / 1000);
  }

  /** The media type of {@link HttpMetrics.text}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything in the text format of Prometheus. */
  async text(): Promise<string> {
    return this.registry.metrics();
  }
}
