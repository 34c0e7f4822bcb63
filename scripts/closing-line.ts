/* Ends every run of the tests with one plain line, `N passed, N failed, N skipped`, for whoever reads the log by
 * machine. A file that could not be loaded and an error outside any test count as failures: neither may go unseen. */

import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export function closingLine(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      let failedTests = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state]++
        if (state === 'failed') failedTests++
      }
      if (module.state() === 'failed' && failedTests === 0) counts.failed++
    }
    process.stdout.write(`\n${closingLine(counts.passed, counts.failed, counts.skipped + counts.pending)}\n`)
  }
}
