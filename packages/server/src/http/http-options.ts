import type { Logger } from 'pino';
import type { HealthChecks } from './health.js';
import type { HttpMetrics } from './http-metrics.js';

/** How the HTTP front end behaves. Names in brackets are the daemon options of chapter 08 section 2.2. */
export interface HttpOptions {
  /** The name or address under which the server listens (`listen-host`): `localhost`, `0.0.0.0`, `::`, … */
  readonly listenHost: string;
  /** The port for requests whose connection does not tell its own: in-process calls and peer-to-peer streams. */
  readonly port: number;
  /** Whether GET is accepted on the API (`public-server`). */
  readonly publicServer: boolean;
  /** The public host name, without port, when TLS ends in front of us (`public-domain`). */
  readonly publicDomain?: string;
  /** Whether `Strict-Transport-Security` is sent: only when the public can reach the server by TLS alone. */
  readonly strictTransportSecurity?: boolean;
  /** `user:password` in front of everything (`basic-auth`). */
  readonly basicAuth?: string;
  /** A folder with a web app (`webroot`); without it a small built-in page explains what this server is. */
  readonly webroot?: string;
  /** Whether pages get a content security policy (`include-csp`); true by default, false for development only. */
  readonly contentSecurityPolicy?: boolean;
  /** Apps with a subdomain of their own (`apps`). */
  readonly apps?: readonly string[];
  /** Hosts that pages may frame for payments (`payment-domain`). */
  readonly paymentDomains?: readonly string[];
  /** Proxies in front of us, beside those on this machine: addresses, ranges, or `private` (`trusted-proxies`). */
  readonly trustedProxies?: readonly string[];
  readonly logger: Logger;
  /** What `/healthz/readiness` asks. */
  readonly health: HealthChecks;
  /** Ends the process after `stop/` was called. Without it, or on a server that is or may become public, there is no such endpoint. */
  readonly stop?: () => void;
  readonly metrics?: HttpMetrics;
  /** Milliseconds, monotonic. For durations and for the patience with slow clients. */
  readonly monotonic?: () => number;
  /** Milliseconds that a slow client may hold memory for which others wait; BODY_MEMORY_PATIENCE unless a test is in a hurry. */
  readonly bodyPatience?: number;
  /** A fresh, short, random text that connects an internal error with its log record. */
  readonly errorId?: () => string;
}
