const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u;

/**
 * The address of something that this server serves, for other people. It begins as the page does, since that is where the server was reached; unless only this machine reaches it
 * there, and the server knows a better name (`known`).
 */
export function addressForOthers(origin: string, known: string | undefined, path: string): string {
  const here = `${origin}/${path}`;
  if (known === undefined || !LOOPBACK.test(new URL(origin).hostname)) return here;
  return LOOPBACK.test(new URL(known).hostname) ? here : known;
}
