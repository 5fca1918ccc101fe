import type { TextId } from './text.js';

const problems: ReadonlyMap<string, TextId> = new Map<string, TextId>([
  ['malformed', 'problem.malformed'],
  ['too-long', 'problem.too-long'],
  ['equals-username', 'problem.equals-username'],
  ['too-short', 'problem.too-short'],
  ['contains-username', 'problem.contains-username'],
  ['common', 'problem.common'],
  ['sequence', 'problem.sequence'],
  ['repetition', 'problem.repetition'],
  ['too-simple', 'problem.too-simple'],
  ['unchanged', 'problem.unchanged'],
]);

/** The text that says why a password will not do, by the reason that the policy gives; it needs `count`, the least length. */
export function passwordProblemId(reason: unknown): TextId {
  return problems.get(String(reason)) ?? 'problem.too-simple';
}
