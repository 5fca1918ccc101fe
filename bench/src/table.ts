import { isCost, type Measurement } from './measure.js';

function round(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}

/** Whether the median reaches its target. For units of time and of memory smaller is better. */
function reachesTarget({ median, target, unit }: Measurement): boolean {
  return target === undefined || (isCost(unit) ? median <= target : median >= target);
}

function verdict(reached: boolean): string {
  return reached ? 'ok' : 'MISSED';
}

function ratioText({ comparedWith = '', ratio, ratioTarget, unit }: Measurement): string {
  if (ratio === undefined) return '';
  const text = `${ratio.toFixed(2)} of ${comparedWith}`;
  return ratioTarget === undefined
    ? text
    : `${text}; ${ratioTarget.toFixed(2)} ${verdict(isCost(unit) ? ratio <= ratioTarget : ratio >= ratioTarget)}`;
}

/** The measurements as a text table. */
export function formatTable(lines: readonly Measurement[]): string {
  const header = ['group', 'name', 'median', 'min', 'max', 'unit', 'target', 'ratio'];
  const rows = lines.map((line) => [
    line.group,
    line.name,
    round(line.median),
    round(line.min),
    round(line.max),
    line.unit,
    line.target === undefined ? '' : `${round(line.target)} ${verdict(reachesTarget(line))}`,
    ratioText(line),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const print = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column >= 2 && column <= 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [print(header), print(widths.map((width) => '-'.repeat(width))), ...rows.map(print)].join('\n');
}
