import axe from 'axe-core';
import type { Page } from 'playwright';

/** The rules of WCAG 2.2 A and AA, and what is good practice beyond. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What makes a page, or what scrolls in it, wider than its window. */
export async function tooWide(page: Page): Promise<readonly string[]> {
  return page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('#content, [role="dialog"] > div, [role="alertdialog"] > div')]
      // What is one pixel wide is for screen readers only.
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth && clientWidth > 1)
      .map(({ localName, id, scrollWidth, clientWidth }) => `${localName}#${id}: ${scrollWidth} of ${clientWidth} pixels`),
  );
}

/** What a screen does wrong: rule and places, and whatever makes the page wider than its window. */
export async function violations(page: Page): Promise<readonly string[]> {
  const wide = await tooWide(page);
  // Over the debugger: the policy of the page lets no script in.
  await page.evaluate(axe.source);
  const results = await page.evaluate(
    async (rules) =>
      // What is announced to screen readers is gone in seconds, and may name rows that are gone already.
      (globalThis as unknown as { axe: typeof axe }).axe.run(
        { exclude: ['[data-live-announcer]'] },
        { runOnly: rules, resultTypes: ['violations'] },
      ),
    RULES,
  );
  return [...wide, ...results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)];
}
