// A Vitest reporter that leaves one line, `12 passed, 0 failed`, in the file named by TUTTI_TEST_SUMMARY.
// A file that could not be loaded and an error outside any test count as failures.
import { writeFileSync } from "node:fs";

export default class CiReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) count[state === "passed" || state === "failed" ? state : "skipped"]++;
      if (module.state() === "failed" && !states.includes("failed")) count.failed++;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    const line = `${count.passed} passed, ${count.failed} failed${skipped}`;
    const path = process.env.TUTTI_TEST_SUMMARY;
    if (path) writeFileSync(path, `${line}\n`);
    else console.log(line);
  }
}
