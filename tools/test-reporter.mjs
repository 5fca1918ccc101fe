// A vitest reporter that counts every test of a run and writes the totals to the file named by PYRGOS_TEST_TOTALS.
// A skipped test must say why: by a note (context.skip('reason')) or by "skipped: …" or "needs …" in its full name.
import { writeFileSync } from 'node:fs';

const STATED_REASON = /\b(skipped: \S|needs \S)/i;

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0, unexplained: [], failedFiles: [] };
    for (const module of modules) {
      const file = { project: module.project.name, file: module.relativeModuleId, passed: 0, failed: 0, skipped: 0, failedTests: [] };
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') file.passed += 1;
        else if (result.state === 'skipped') {
          file.skipped += 1;
          if (!result.note && !STATED_REASON.test(test.fullName)) totals.unexplained.push(`${module.relativeModuleId}: ${test.fullName}`);
        } else {
          file.failed += 1;
          file.failedTests.push(test.fullName);
        }
      }
      // A file that cannot even be loaded, or whose preparation fails, has no tests that failed, only errors.
      if (!module.ok() && file.failed === 0) file.failed += 1;
      totals.passed += file.passed;
      totals.failed += file.failed;
      totals.skipped += file.skipped;
      if (file.failed > 0) totals.failedFiles.push(file);
    }
    if (process.env.PYRGOS_TEST_TOTALS) writeFileSync(process.env.PYRGOS_TEST_TOTALS, JSON.stringify(totals));
  }
}
