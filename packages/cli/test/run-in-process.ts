/** The command in the process of the test: what a command does is under test there, and not that it is a process, which costs each of them a second. */
import { PassThrough, Writable } from 'node:stream';
import { main } from '../src/main.js';

/** What a command finds around it. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string | Uint8Array;
}

/** Collects what is printed. As a pipe it is no terminal. */
class Printed extends Writable {
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }
}

/** Runs the command line to its end, with these surroundings in place of those of the process. One at a time. */
export async function runInProcess(
  args: readonly string[],
  { cwd, env, input }: Surroundings,
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new Printed(), new Printed()];
  stdin.end(input);
  const streams = Object.entries({ stdin, stdout, stderr }).map(([name, stream]) => replaceStream(name, stream));
  const before = { cwd: process.cwd(), env: { ...process.env } };
  try {
    setEnvironment(env);
    process.chdir(cwd);
    const status = await main(args);
    return { status, stdout: stdout.text, stderr: stderr.text };
  } finally {
    process.chdir(before.cwd);
    setEnvironment(before.env);
    for (const restore of streams) restore();
  }
}

/** The same object with other variables: only that one sets the time zone and the home directory. */
function setEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined && process.env[name] !== value) process.env[name] = value;
}

function replaceStream(name: string, stream: PassThrough | Printed): () => void {
  const real = Object.getOwnPropertyDescriptor(process, name);
  if (real === undefined) throw new Error(`there is no process.${name}`);
  Object.defineProperty(process, name, { value: stream, configurable: true, writable: true, enumerable: true });
  return () => Object.defineProperty(process, name, real);
}
