import { OptionProblem } from './option-problem.js';

const powers: ReadonlyMap<string, number> = new Map(['', 'k', 'm', 'g', 't'].map((unit, power) => [unit, power]));

/**
 * Reads a number of bytes as people write it: `500m`, `1.5g`, `5 GiB`, `5 GB`. A letter alone is a power of 1024 (chapter 08 section 2.3), and so is `KiB`, `MiB` …; `kB`, `MB` …
 * are powers of 1000, as they are shown. Parts of a byte are dropped. Throws {@link OptionProblem}.
 */
export function parseByteCount(text: string): number {
  const [, digits = '', unit = '', kind = ''] = /^(\d{1,16}(?:\.\d{1,9})?) ?(?:([kmgt])(i?b)?|b)?$/i.exec(text.trim()) ?? [];
  const power = powers.get(unit.toLowerCase());
  const value =
    digits === '' || power === undefined ? Number.NaN : Math.floor(Number(digits) * (kind.toLowerCase() === 'b' ? 1000 : 1024) ** power);
  if (!Number.isSafeInteger(value))
    throw new OptionProblem('must be a number of bytes, as 500m or 1.5g (multiples of 1024), 5 GiB, or 5 GB (of 1000)');
  return value;
}

/** Writes a number of bytes with the largest suffix that keeps it whole: what a configuration file says. */
export function formatByteCount(value: number): string {
  const [suffix, power] = [...powers].findLast(([, power]) => value >= 1024 ** power && value % 1024 ** power === 0) ?? ['', 0];
  return `${value / 1024 ** power}${suffix}`;
}

const NAMES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes for people, in steps of 1000 as those units are defined and as the web app shows them; one decimal below ten: `40 MB`, `1.5 GB`. */
export function formatSize(bytes: number): string {
  let step = 0;
  let value = bytes;
  // 999.7 kB are 1 MB.
  while (value >= 999.5 && step < NAMES.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step > 0 && value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${NAMES[step] ?? ''}`;
}
