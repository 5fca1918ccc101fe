import { engine } from '../../engine/start-engine.js';

/** Pictures of people that are kept; the ones asked for longest ago go first. */
const MAX_KEPT = 100;
const kept = new Map<string, Promise<string | undefined>>();

/** The address of somebody's picture, as long as the page is there; undefined when there is none to be seen. */
export async function photoOf(username: string): Promise<string | undefined> {
  const known = kept.get(username);
  if (known !== undefined) return known;
  const asked = engine()
    .call('profile.photo', { username })
    // The type is left to the browser, which shows it as a picture or not at all.
    .then((bytes) => (bytes === undefined ? undefined : URL.createObjectURL(new Blob([bytes]))))
    .catch(() => {
      kept.delete(username);
      return undefined;
    });
  kept.set(username, asked);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) forgetPhoto(oldest);
  return asked;
}

/** Has the picture asked for anew: it may be another one. */
export function forgetPhoto(username: string): void {
  const asked = kept.get(username);
  kept.delete(username);
  void asked?.then((address) => {
    if (address !== undefined) URL.revokeObjectURL(address);
  });
}
