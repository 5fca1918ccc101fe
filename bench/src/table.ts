import type { Measurement } from './measure.js';

function round(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}

/** Whether the median reaches its target; undefined without one. For units of time smaller is better. */
function reachesTarget(line: Measurement): boolean | undefined {
  if (line.target === undefined) return undefined;
  return /^m?s$/.test(line.unit) ? line.median <= line.target : line.median >= line.target;
}

/** The measurements as a text table. */
export function formatTable(lines: readonly Measurement[]): string {
  const header = ['group', 'name', 'median', 'min', 'max', 'unit', 'target', 'ratio'];
  const rows = lines.map((line) => {
    const reached = reachesTarget(line);
    return [
      line.group,
      line.name,
      round(line.median),
      round(line.min),
      round(line.max),
      line.unit,
      line.target === undefined ? '' : `${round(line.target)} ${reached === true ? 'ok' : 'MISSED'}`,
      line.ratio === undefined ? '' : `${line.ratio.toFixed(2)} of ${line.comparedWith ?? ''}`,
    ];
  });
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const print = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column >= 2 && column <= 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [print(header), print(widths.map((width) => '-'.repeat(width))), ...rows.map(print)].join('\n');
}
