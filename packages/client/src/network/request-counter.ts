import type { NetworkArea, RequestObserver, RequestReport } from './request-observer.js';

/** The areas whose requests read and write data, as opposed to accounts and names. */
const STORAGE_AREAS: ReadonlySet<NetworkArea> = new Set<NetworkArea>(['blocks', 'pointers']);

/**
 * Counts requests: give `onRequest` to a network. For budgets ("this takes at most 5 requests") and for showing what a program does. Every attempt
 * of a repeated call counts.
 */
export class RequestCounter {
  private readonly reports: RequestReport[] = [];

  /** The observer. */
  readonly onRequest: RequestObserver = (report) => void this.reports.push(report);

  /** Requests since the last {@link RequestCounter.reset}; only those of an area, or of one endpoint, when it is named. */
  count(area?: NetworkArea, method?: string): number {
    return this.reports.filter((report) => (area ?? report.area) === report.area && (method ?? report.method) === report.method).length;
  }

  /** Requests for blocks, trees, transactions and pointers. */
  get storageRequests(): number {
    return this.reports.filter(({ area }) => STORAGE_AREAS.has(area)).length;
  }

  /** Requests that failed. */
  get failed(): number {
    return this.reports.filter(({ ok }) => !ok).length;
  }

  /** Bytes of bodies, both ways. */
  get bytes(): { readonly sent: number; readonly received: number } {
    return {
      sent: this.reports.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
      received: this.reports.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0),
    };
  }

  /** How many requests of which endpoint, in the order in which each was first used; keys look like `blocks block/get`. */
  byEndpoint(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { area, method } of this.reports) counts.set(`${area} ${method}`, (counts.get(`${area} ${method}`) ?? 0) + 1);
    return counts;
  }

  /** Begins to count anew. */
  reset(): void {
    this.reports.length = 0;
  }
}
