/** Milliseconds between two looks. */
const PERIOD = 500;

/** From the beginning: it may go while the server starts. */
const parent = process.ppid;

/** The scripts of npm that run this command in the foreground: what it runs for `npm start`, and for `npx pyrgos`. */
const OUR_SCRIPTS = /\bstart\.mjs\b|\bpyrgos\b/;

/**
 * Calls `onGone` once when the process that started this one has gone, if npm stands behind it. npm runs its scripts through a shell, and neither
 * passes SIGTERM on in every case: who stops npm would leave a server behind that nobody sees. A server that something else has started may outlive
 * it, as in `pyrgos daemon &`. Returns what ends the watching.
 */
export function watchParent(onGone: () => void): () => void {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = '' } = process.env;
  if (event === undefined || !OUR_SCRIPTS.test(script)) return () => undefined;
  const timer = setInterval(() => {
    if (isParentThere()) return;
    clearInterval(timer);
    onGone();
  }, PERIOD);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** Orphans get another parent, except on Windows, where the number stays that of a process which is gone. */
function isParentThere(): boolean {
  if (process.ppid !== parent) return false;
  try {
    process.kill(parent, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
