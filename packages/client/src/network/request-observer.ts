/** What one request did, for logs, budgets and progress. It names neither owners nor blocks. */
export interface RequestReport {
  /** The area of the interface: `blocks`, `pointers`, `core`, `accounts`, `bats`, `space`, `social`, `admin`, `messages`, `links`, `publicFiles`, `live`, `server`. */
  readonly area: NetworkArea;
  /** The endpoint of chapter 02, for instance `block/get` or `getChain`. */
  readonly method: string;
  readonly milliseconds: number;
  /** Of bodies; heads are not counted. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Whether the server answered with success. */
  readonly ok: boolean;
}

/** The parts of a `Network`. */
export type NetworkArea =
  | 'blocks'
  | 'pointers'
  | 'core'
  | 'accounts'
  | 'bats'
  | 'space'
  | 'social'
  | 'admin'
  | 'messages'
  | 'links'
  | 'publicFiles'
  | 'live'
  | 'server';

/** Is told of every request when it has ended, each attempt of a repeated call by itself. What it throws is ignored. */
export type RequestObserver = (report: RequestReport) => void;
