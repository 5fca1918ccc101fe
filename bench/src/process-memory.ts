import { readFile, writeFile } from 'node:fs/promises';

const KIBIBYTES_PER_MIB = 1024;
/** Clock ticks a second in /proc/<pid>/stat, on every Linux. */
const TICKS_PER_SECOND = 100;

/** A line such as `VmRSS` of /proc/<pid>/status in MiB; undefined where there is none. */
export async function processMemory(pid: number, line: 'VmRSS' | 'VmHWM'): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / KIBIBYTES_PER_MIB;
}

/** The peak `VmHWM` begins anew. Nothing where the system cannot do that. */
export async function resetPeakMemory(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined);
}

/** Milliseconds of CPU that a process has used, user and system; undefined where the system does not tell. */
export async function processCpu(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program is in brackets and may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return stat === '' ? undefined : ((user + system) * 1000) / TICKS_PER_SECOND;
}
