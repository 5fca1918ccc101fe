import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** bare-server.ts as a process of its own. */
export interface BareProcess {
  readonly url: string;
  /** Where its files are. */
  readonly folder: string;
  stop(): void;
}

/** Starts it with an empty folder inside `parent`. */
export async function startBareProcess(parent: string): Promise<BareProcess> {
  const folder = await mkdtemp(join(parent, 'bare-'));
  const program = fileURLToPath(new URL('./bare-server.js', import.meta.url));
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error('the bare server ended')));
    child.stdout.once('data', (data: Buffer) => resolve(Number(data.toString('utf8'))));
  });
  return { url: `http://localhost:${port}`, folder, stop: () => child.stdin.end() };
}
