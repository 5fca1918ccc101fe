/** The IndexedDB database in which a browser keeps the session of somebody who stays logged in. */
export const DEVICE_DATABASE = 'pyrgos-device';

/** Whether this browser may keep a session: it has the database, or does not say. Costs no part of the engine. */
export async function mayKeepSession(): Promise<boolean> {
  try {
    return (await indexedDB.databases()).some(({ name }) => name === DEVICE_DATABASE);
  } catch {
    return true;
  }
}
