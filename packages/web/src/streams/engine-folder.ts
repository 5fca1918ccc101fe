/** A service worker without any listener, for the folder of the engine's script alone. */
const ENGINE_SERVICE_WORKER = '/engine/sw.js';
const ENGINE_FOLDER = '/engine/';

/**
 * Keeps the requests of the engine away from the service worker of the page, which answers none of them: Chromium would copy every block that is
 * uploaded for it, and keep all of them until that worker is short of memory. A worker belongs to the registration with the longest scope that fits, and
 * one whose service worker does not listen is passed by.
 */
export async function registerEngineFolder(): Promise<void> {
  if (await isServerThere()) await navigator.serviceWorker.register(ENGINE_SERVICE_WORKER, { scope: ENGINE_FOLDER });
  else await unregisterEngineFolder();
}

/** Whether the server that gives the scripts of this page answers. */
export async function isServerThere(): Promise<boolean> {
  try {
    return (await fetch(ENGINE_SERVICE_WORKER, { method: 'HEAD', cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

/**
 * Takes back {@link registerEngineFolder}, so that the engine's script comes from where the page's service worker has kept it: without the server it is to be
 * had nowhere else. False when there was nothing to take back.
 */
export async function unregisterEngineFolder(): Promise<boolean> {
  if (!('serviceWorker' in navigator)) return false;
  const registration = await navigator.serviceWorker.getRegistration(ENGINE_FOLDER);
  if (registration === undefined || new URL(registration.scope).pathname !== ENGINE_FOLDER) return false;
  return registration.unregister();
}
