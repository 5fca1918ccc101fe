import { connect, PyrgosError } from '@pyrgos/client';
import { printable } from '../terminal.js';
import { type Check, fine, problem, warning } from './check.js';

/** Milliseconds that a server has to answer. */
const PATIENCE = 5000;
/** Seconds by which two clocks may differ: requests are signed with their time. */
const WARNED_DRIFT = 30;
const MAX_DRIFT = 240;
/** What an API call that everybody may make looks like. */
const VERSION_CALL = '/peergos/v0/admin/version';

/** Whether a server answers, which version it has, and whether its clock and that of this machine agree. Nothing secret is sent. */
export async function checkServer(server: string, now: () => number = Date.now): Promise<Check[]> {
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    const { network } = await connect(server);
    const { version } = await network.admin.version(signal);
    const started = now();
    const { headers } = await fetch(`${server}${VERSION_CALL}`, { method: 'POST', redirect: 'manual', signal });
    return [fine('server', `${server} answers, version ${printable(version)}`), ...clockCheck(headers.get('date'), (started + now()) / 2)];
  } catch (error) {
    // What is told of a time that is over says nothing of the server.
    const isOfClient = error instanceof PyrgosError && error.code !== 'aborted';
    const { data, message } = isOfClient ? error : { data: undefined, message: `no answer from ${server}` };
    if (!(error instanceof PyrgosError) && !(error instanceof TypeError) && !isTimeout(error)) throw error;
    const advice =
      data?.['reason'] === 'not-peergos'
        ? 'check the address: another program or a proxy answers there'
        : 'check the address, whether the server runs, and the network';
    return [problem('server', message, advice)];
  }
}

/** Compares the clocks; a header says the time to the second. */
function clockCheck(date: string | null, here: number): Check[] {
  const there = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(there)) return [];
  const seconds = Math.round((here - there - 500) / 1000);
  const apart = Math.abs(seconds);
  const text =
    apart <= 1 ? 'agrees with that of the server' : `is ${apart} seconds ${seconds < 0 ? 'behind' : 'ahead of'} that of the server`;
  const advice = 'let both machines set their clocks by the network (NTP), for instance: timedatectl set-ntp true';
  if (apart > MAX_DRIFT) return [problem('clock', `${text}: requests may be refused`, advice)];
  return [apart > WARNED_DRIFT ? warning('clock', text, advice) : fine('clock', text)];
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

/** Turns what a part of the house reports into a check. Throws what is a bug. */
export function problemOf(name: string, error: unknown, advice: string): Check {
  if (!(error instanceof PyrgosError)) throw error;
  return problem(name, error.message, advice);
}
