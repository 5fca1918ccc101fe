import type { ServerContext } from './context.js';
import type { HealthChecks } from './http/health.js';
import { READINESS_MEMORY_MILLISECONDS } from './limits.js';

/** Asks the disk only now and then: whoever can reach the server may want to know, as often as he likes. */
function remembered(check: () => Promise<boolean>): () => Promise<boolean> {
  let end = Number.NEGATIVE_INFINITY;
  let result: Promise<boolean> | undefined;
  return async () => {
    if (result === undefined || performance.now() >= end) {
      end = performance.now() + READINESS_MEMORY_MILLISECONDS;
      result = check();
    }
    return result;
  };
}

/** What readiness and `status` look at. */
export function healthOfContext({ db, pki, pkiFiles, room }: Pick<ServerContext, 'db' | 'pki' | 'pkiFiles' | 'room'>): HealthChecks {
  return {
    databaseWritable: remembered(async () => {
      await db.probe();
      return true;
    }),
    pkiReady: remembered(async () => pki.identity !== undefined && (await pkiFiles.areWhole())),
    diskSpace: async () => {
      await room.look();
      return !room.isLow;
    },
  };
}
