import { mayKeepSession } from '../engine/device-database.js';
import { EngineError } from '../engine/engine-fault.js';
import { engine } from '../engine/start-engine.js';
import { sessionNow, setSession } from './session-store.js';

/** Whether a kept session could not be opened only because the server was away. */
export function isOnlyAway(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'network';
}

/** Opens the kept session that could not be opened because the server was away. */
export function restoreAfterLoss(): void {
  const now = sessionNow();
  if (now.state === 'kept' && isOnlyAway(now.error)) void restoreSession();
}

function isRestoring(username: string): boolean {
  const now = sessionNow();
  return now.state === 'restoring' && now.username === username;
}

/** Opens the session that this device keeps, if it keeps one. */
export async function restoreSession(): Promise<void> {
  // On a first visit the engine, most of what there is to load, can wait until somebody begins to type.
  if (!(await mayKeepSession())) {
    setSession({ state: 'out' });
    return;
  }
  const kept = await engine()
    .call('session.kept', undefined)
    .catch(() => undefined);
  if (kept === undefined) {
    setSession({ state: 'out' });
    return;
  }
  try {
    setSession({ state: 'restoring', username: kept.username });
    const session = await engine().call('session.restore', undefined);
    // Meanwhile somebody may have come in by the front door.
    if (isRestoring(kept.username)) setSession({ state: 'in', session });
  } catch (error) {
    if (isRestoring(kept.username)) setSession({ state: 'kept', username: kept.username, error });
  }
}
