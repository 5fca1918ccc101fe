// A vitest reporter that counts every test of a run and writes the totals to the file named by PYRGOS_TEST_TOTALS.
// A skipped test must say why: by a note (context.skip('reason')) or by "skipped: …" or "needs …" in its full name.
import { writeFileSync } from 'node:fs';

const STATED_REASON = /\b(skipped: \S|needs \S)/i;

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0, unexplained: [], files: modules.length };
    for (const module of modules) {
      // A file that cannot even be loaded has no tests, only errors.
      if (!module.ok() && [...module.children.allTests()].length === 0) totals.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') totals.passed += 1;
        else if (result.state === 'skipped') {
          totals.skipped += 1;
          if (!result.note && !STATED_REASON.test(test.fullName)) totals.unexplained.push(`${module.relativeModuleId}: ${test.fullName}`);
        } else totals.failed += 1;
      }
    }
    if (process.env.PYRGOS_TEST_TOTALS) writeFileSync(process.env.PYRGOS_TEST_TOTALS, JSON.stringify(totals));
  }
}
