import type { Reply } from './reply.js';
import { jsonReply, textReply } from './reply.js';

/** What makes a server ready for traffic. Each answers true or false; a rejected promise counts as false. */
export interface HealthChecks {
  /** Whether the database takes writes. */
  databaseWritable(): Promise<boolean>;
  /** Whether the names and keys of users are known. */
  pkiReady(): Promise<boolean>;
  /** Whether there is room for new blocks. */
  diskSpace(): Promise<boolean>;
}

const noStore: Readonly<Record<string, string>> = { 'cache-control': 'no-store' };

/** `/healthz`: the process answers. 503 while it shuts down, so that a load balancer sends no more. */
export function livenessReply(draining: boolean): Reply {
  return draining ? textReply('draining\n', noStore, 503) : textReply('ok\n', noStore);
}

/** What of a server works. */
export interface ServerHealth {
  readonly database: boolean;
  readonly pki: boolean;
  readonly disk: boolean;
}

/** Makes all checks. */
export async function checkHealth(checks: HealthChecks): Promise<ServerHealth> {
  const [database, pki, disk] = await Promise.all([
    holds(() => checks.databaseWritable()),
    holds(() => checks.pkiReady()),
    holds(() => checks.diskSpace()),
  ]);
  return { database, pki, disk };
}

async function holds(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch {
    return false;
  }
}

/** `/healthz/readiness`: whether each part works; 200 when all do, else 503. Says nothing about users or paths. */
export async function readinessReply(checks: HealthChecks, draining: boolean): Promise<Reply> {
  const { database, pki, disk } = await checkHealth(checks);
  const ready = database && pki && disk && !draining;
  return jsonReply({ ready, draining, database, pki, disk }, noStore, ready ? 200 : 503);
}
