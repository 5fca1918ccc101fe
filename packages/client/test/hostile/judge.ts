import { PyrgosError } from '@pyrgos/core/errors';
import { MARKUP } from './attacks.js';
import type { Exchange } from './proxy.js';

/** What is in a tree at one moment: bytes of files, `directory` for directories, by path. */
export type Model = ReadonlyMap<string, Buffer | 'directory'>;

/** Something that the client has told. */
export type Observation =
  | { readonly kind: 'content'; readonly path: string; readonly start: number; readonly bytes: Uint8Array; readonly whole: boolean }
  | { readonly kind: 'entry'; readonly path: string; readonly size: number; readonly isDirectory: boolean }
  /** A listing that came to its end: names of all children, damaged ones included. */
  | { readonly kind: 'listing'; readonly path: string; readonly names: readonly string[] }
  | { readonly kind: 'absent'; readonly path: string };

/** The names of the children of a directory. */
export function namesIn(model: Model, directory: string): string[] {
  return [...model.keys()]
    .filter((path) => path.startsWith(`${directory}/`) && !path.slice(directory.length + 1).includes('/'))
    .map((path) => path.slice(directory.length + 1))
    .sort();
}

function fits(observation: Observation, model: Model): boolean {
  const found = model.get(observation.path);
  switch (observation.kind) {
    case 'absent':
      return found === undefined;
    case 'listing':
      return found === 'directory' && namesIn(model, observation.path).join('\n') === [...observation.names].sort().join('\n');
    case 'entry':
      return (
        found !== undefined &&
        (found === 'directory') === observation.isDirectory &&
        (found === 'directory' || found.length === observation.size)
      );
    default: {
      if (found === undefined || found === 'directory') return false;
      const { start, bytes, whole } = observation;
      return found.subarray(start, start + bytes.length).equals(bytes) && (!whole || bytes.length === found.length - start);
    }
  }
}

/** The first of the models that all observations of one operation fit, or undefined: then the client has told something untrue. */
export function modelOf(observations: readonly Observation[], allowed: readonly Model[]): Model | undefined {
  return allowed.find((model) => observations.every((observation) => fits(observation, model)));
}

/** Observations for a message. */
export function describeObservations(observations: readonly Observation[]): string {
  return observations
    .map((o) => `${o.kind} ${o.path} ${o.kind === 'content' ? `${o.start}+${o.bytes.length}` : o.kind === 'listing' ? o.names.join() : ''}`)
    .join('; ');
}

/** Codes that are never a server's fault. */
const OURS: ReadonlySet<string> = new Set([
  'argument',
  'internal',
  'aborted',
  'storage',
  'crypto.unavailable',
  'crypto.self-test',
  'crypto.worker',
]);
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;

/** Values of queries that must not come out, from the requests of a case. */
function secretsIn(exchanges: readonly Exchange[]): string[] {
  const values = exchanges.flatMap(({ parameters, target }) => [
    ...['auth', 'bat', 'caps', 'author', 'mfa', 'req'].map((name) => parameters.get(name) ?? ''),
    target.includes('?') ? target.slice(target.indexOf('?')) : '',
  ]);
  return [...new Set(values.filter((value) => value.length > 8))];
}

/** Requires a typed error that is fit to be shown and logged; returns its code. */
export function checkedCode(error: unknown, exchanges: readonly Exchange[], secrets: readonly string[]): string {
  if (!(error instanceof PyrgosError)) throw new Error('an error from outside the family', { cause: error });
  if (OURS.has(error.code)) throw new Error(`an error that blames the caller: ${error.code}`, { cause: error });
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const data = at instanceof PyrgosError ? JSON.stringify(at.data) : '';
    if (CONTROL.test(at.message)) throw new Error('control characters in a message', { cause: error });
    if (/<[a-z!/]/iu.test(at.message) || at.message.includes(MARKUP)) throw new Error('markup in a message', { cause: error });
    for (const secret of [...secrets, ...secretsIn(exchanges)]) {
      if (at.message.includes(secret) || data.includes(secret)) throw new Error('a secret or a query in an error', { cause: error });
    }
  }
  return error.code;
}

/** What came of a case. */
export type Outcome = 'harmless' | 'error' | 'old state' | 'not applied';

/** Counts cases by class, and prints them. */
export class Tally {
  private readonly classes = new Map<string, Map<Outcome, number>>();
  private readonly codes = new Map<string, number>();
  count = 0;
  maxRequests = 0;

  add(name: string, outcome: Outcome, requests: number, code?: string): void {
    const row = this.classes.get(name) ?? new Map<Outcome, number>();
    this.classes.set(name, row);
    row.set(outcome, (row.get(outcome) ?? 0) + 1);
    if (code !== undefined) this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    this.count++;
    this.maxRequests = Math.max(this.maxRequests, requests);
  }

  /** How often a class was applied, and how often not. */
  get applied(): { readonly name: string; readonly applied: number; readonly idle: number }[] {
    return [...this.classes].map(([name, row]) => {
      const idle = row.get('not applied') ?? 0;
      return { name, applied: [...row.values()].reduce((sum, n) => sum + n, 0) - idle, idle };
    });
  }

  toString(): string {
    const columns: readonly Outcome[] = ['harmless', 'error', 'old state', 'not applied'];
    const rows = [...this.classes].sort(([a], [b]) => a.localeCompare(b));
    const line = (name: string, cells: readonly (string | number)[]): string =>
      `${name.padEnd(36)}${cells.map((cell) => String(cell).padStart(12)).join('')}`;
    return [
      line('attack', columns),
      ...rows.map(([name, row]) =>
        line(
          name,
          columns.map((column) => row.get(column) ?? 0),
        ),
      ),
      `${this.count} cases, at most ${this.maxRequests} requests in one`,
      `errors: ${[...this.codes]
        .sort(([, a], [, b]) => b - a)
        .map(([code, n]) => `${code} ${n}`)
        .join(', ')}`,
    ].join('\n');
  }
}
