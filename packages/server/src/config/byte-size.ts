import { OptionProblem } from './option-problem.js';

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
]);

/**
 * Reads a number of bytes as people write it: `500m`, `1.5g`, `5GB`, `5 GiB`. All units are powers of 1024 (chapter 08 section 2.3); parts of a byte
 * are dropped. Throws {@link OptionProblem}.
 */
export function parseByteCount(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,16}(?:\.\d{1,9})?) ?(?:([kmgt])(?:i?b)?|b)?$/i.exec(text.trim()) ?? [];
  const value = digits === '' ? Number.NaN : Math.floor(Number(digits) * (units.get(unit.toLowerCase()) ?? Number.NaN));
  if (!Number.isSafeInteger(value))
    throw new OptionProblem('must be a number of bytes, with k, m, g or t for multiples of 1024: 500m, 1.5g, 5GiB');
  return value;
}

/** Writes a number of bytes with the largest suffix that keeps it whole: what a configuration file says. */
export function formatByteCount(value: number): string {
  const [suffix, size] = [...units].findLast(([, size]) => value >= size && value % size === 0) ?? ['', 1];
  return `${value / size}${suffix}`;
}

/** Bytes for people, to three digits: `40 MiB`, `1.5 GiB`. */
export function formatSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let step = bytes < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log2(bytes) / 10));
  // 1023.7 KiB is 1 MiB in three digits.
  if (step < names.length - 1 && Math.round(bytes / 1024 ** step) >= 1024) step++;
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${names[step] ?? ''}`;
}
