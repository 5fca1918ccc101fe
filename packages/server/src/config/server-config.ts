import type { BatWithId } from '@pyrgos/core/keys';
import type { SecretText } from './secret-text.js';

/** How much the log says. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Every option of the server (chapter 08 section 2.2), checked. Their names outside and what they do: options.ts. */
export interface ServerOptions {
  readonly port: number;
  readonly listenHost: string;
  readonly publicServer: boolean;
  readonly publicDomain: string | undefined;
  /** Addresses, ranges, or `private`. */
  readonly trustedProxies: readonly string[];
  /** Origins of pages on this machine; only without `publicDomain`. */
  readonly webauthnOrigins: readonly string[];
  readonly basicAuth: SecretText | undefined;
  readonly maxConnections: number;
  readonly maxUsers: number;
  /** Bytes. */
  readonly defaultQuota: number;
  readonly maxDailySignups: number;
  readonly generateToken: boolean;
  readonly enableWaitList: boolean;
  readonly quotaUploadLimitSeconds: number;
  readonly adminUsernames: readonly string[];
  readonly unlistedUsernames: readonly string[];
  /** A path. */
  readonly blacklistFile: string;
  readonly allowExternalLogin: boolean;
  readonly allowExternalSecretLinks: boolean;
  readonly instanceBat: BatWithId | undefined;
  readonly enableGc: boolean;
  /** Milliseconds. */
  readonly gcPeriod: number;
  /** A path. */
  readonly webroot: string | undefined;
  readonly includeCsp: boolean;
  readonly apps: readonly string[];
  readonly paymentDomains: readonly string[];
  /** The domain below which users have web sites; undefined for none. */
  readonly domainSuffix: string | undefined;
  readonly gatewayPort: number;
  readonly collectMetrics: boolean;
  readonly metricsAddress: string;
  readonly metricsPort: number;
  readonly logLevel: LogLevel;
  readonly logToFile: boolean;
  readonly logToConsole: boolean;
  /** Bytes of one log file. */
  readonly logLimit: number;
  /** Log files that are kept. */
  readonly logCount: number;
}

/** How a server runs: its options and its place. Frozen. */
export interface ServerConfig extends ServerOptions {
  /** Absolute. */
  readonly dataDirectory: string;
}
