import { expect, test } from 'vitest'
import { crashReport } from './crash-report.ts'

test('tells the thread, the stack with its causes, and every section', () => {
  const error = new Error('outer', { cause: new TypeError('inner') })
  const report = crashReport(error, 'shard worker 1', [
    { title: 'CLIENT LIST OUTPUT', text: () => 'id=1' },
    { title: 'EMPTY', text: () => '' },
  ])
  expect(report).toMatch(/=== REDIS BUG REPORT START: .* ===\n/)
  expect(report).toMatch(/Redis 7\.2\.4\), Node\.js \S+, crashed in shard worker 1\n/)
  expect(report).toMatch(/STACK TRACE ------\nError: outer\n[^]*caused by: TypeError: inner\n/)
  expect(report).toContain('\n------ CLIENT LIST OUTPUT ------\nid=1\n')
  expect(report).toContain('\n------ EMPTY ------\n\n')
  expect(report).toMatch(/=== REDIS BUG REPORT END\. Make sure to include from START to END\. ===\n/)
})

test('a section that throws, and a thrown thing that is no error, do not keep the rest away', () => {
  const report = crashReport('text', 'the main thread', [
    {
      title: 'BROKEN',
      text: () => {
        throw new Error('no state')
      },
    },
    { title: 'NEXT', text: () => 'there' },
  ])
  expect(report).toContain('thrown: text\n')
  expect(report).toContain('(not available: no state)\n')
  expect(report).toContain('there\n')
})
