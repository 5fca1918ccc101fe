/**
 * A client that nobody here wrote, for tests. It is found by two environment variables:
 *   PYRGOS_FOREIGN_SHELL   an interactive shell: `SHELL --server URL --username NAME [--fresh]`, `SHELL --server URL --links LINK`;
 *                          password and commands on standard input
 *   PYRGOS_FOREIGN_SIGNUP  `SIGNUP URL NAME PASSWORD [TOKEN]`, which signs up and logs in
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The shell, or an empty text. */
export const foreignShell: string = process.env['PYRGOS_FOREIGN_SHELL'] ?? '';
/** The program that signs up, or an empty text. */
export const foreignSignUp: string = process.env['PYRGOS_FOREIGN_SIGNUP'] ?? '';
/** Whether both are there. */
export const isForeignClientThere: boolean = existsSync(foreignShell) && existsSync(foreignSignUp);
/** Why tests are skipped, for their titles; empty when they are not. */
export const foreignClientMissing: string = isForeignClientThere
  ? ''
  : ' (needs a foreign client: PYRGOS_FOREIGN_SHELL and PYRGOS_FOREIGN_SIGNUP)';

/** Runs a program to its end; rejects with what it printed when it fails. */
export async function runProgram(program: string, args: readonly string[], input: string, home: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: home, env: { ...process.env, HOME: home }, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString('utf8')));
    child.stderr.on('data', (data: Buffer) => (output += data.toString('utf8')));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`exit code ${code}\n${output}`))));
    child.stdin.end(input);
  });
}

/** Runs commands of the shell as a user; rejects when one of them prints an error. */
export async function runAs(
  server: string,
  username: string,
  password: string,
  home: string,
  commands: readonly string[],
): Promise<string> {
  const args = ['--server', server, '--username', username, '--fresh'];
  const output = await runProgram(foreignShell, args, [password, ...commands, 'exit', ''].join('\n'), home);
  if (/(?:^|> )error: /m.test(output)) throw new Error(output);
  return output;
}
