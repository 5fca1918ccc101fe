/** Number of edits between two texts: characters left out, added or replaced, neighbours swapped. */
function distance(a: string, b: string): number {
  let [before, previous]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}

/** The name that was probably meant: at most two edits away, and fewer than a third of its length. */
export function closestName(text: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let smallest = 3;
  if (text.length > 100) return undefined;
  for (const name of names) {
    const edits = distance(text, name);
    if (edits < smallest && edits * 3 < name.length) [best, smallest] = [name, edits];
  }
  return best;
}
