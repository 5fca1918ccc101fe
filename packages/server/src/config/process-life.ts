import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells one process from every other one, past and present, as far as the system says it. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, in the system's own unit; Linux only. A later process with the same pid has another value. */
  readonly started?: string | undefined;
  /** The boot of the kernel; Linux only. */
  readonly boot?: string | undefined;
  /** The namespace in which the pid counts: containers have their own; Linux only. */
  readonly namespace?: string | undefined;
  /** The machine. */
  readonly machine: string;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** When the process began, or undefined when there is none, it has ended and only waits for its parent, or the system does not tell. */
function startOf(pid: number): string | undefined {
  // The name of the program stands in parentheses and may contain anything; what follows is field 3, and the start time is field 22.
  const fields = readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\)\s*/s, '')
    .split(' ');
  const [state] = fields ?? [];
  return fields === undefined || state === 'Z' || state === 'X' ? undefined : fields[19];
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  const machine = readText('/etc/machine-id') ?? '';
  return {
    pid: process.pid,
    started: startOf(process.pid),
    boot: readText('/proc/sys/kernel/random/boot_id'),
    namespace: readLink('/proc/self/ns/pid'),
    machine: machine === '' ? hostname() : machine,
  };
}

/** Whether there is a process of that number. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Whether the marked process lives. `unknown` when this system cannot tell by numbers: it runs in another container or on another machine,
 * or the system does not say when processes began.
 */
export function judgeLife(mark: ProcessMark, own: ProcessMark = ownMark()): 'alive' | 'dead' | 'unknown' {
  if (mark.boot !== undefined && own.boot !== undefined) {
    if (mark.boot !== own.boot) return mark.machine === own.machine ? 'dead' : 'unknown';
    if (mark.namespace !== own.namespace || mark.started === undefined) return 'unknown';
    return startOf(mark.pid) === mark.started ? 'alive' : 'dead';
  }
  return isThere(mark.pid) ? 'unknown' : 'dead';
}
