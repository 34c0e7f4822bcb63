import { expect, test } from 'vitest'
import type { Metric } from '../result.ts'
import { renderHtml, seriesName } from './html.ts'
import { sampleResult } from './testing.ts'

const CHARTED: readonly (readonly [string, readonly (Metric | 'latency' | 'curve')[]])[] = [
  ['pipeline-64/get', ['opsPerSecond', 'cpuMicros', 'latency']],
  ['mix-16', ['opsPerSecond', 'cpuMicros', 'latency', 'curve']],
  ['memory/3', ['bytesPerKey']],
]

test('the page holds every series of every server', () => {
  const page = renderHtml(sampleResult())
  for (const [caseId, kinds] of CHARTED) {
    for (const kind of kinds) {
      for (const role of ['redis', 'spinel'] as const) {
        expect(page).toContain(`data-series="${seriesName(caseId, role, kind)}"`)
      }
    }
  }
  expect(page).not.toMatch(/NaN|undefined|Infinity/)
})

test('the page says what was measured, on what, and what was met', () => {
  const page = renderHtml(sampleResult())
  expect(page).toContain('2 of 3 met')
  expect(page).toContain('<td class="case">GET, P64</td><td>throughput ≥ 1.50x</td>')
  expect(page).toContain('A &lt;CPU&gt; &amp; more')
  expect(page).toContain('On 2 cores the load competes with the server')
  expect(page).toContain('own generator, 50 connections, 100000 keys, values of 64 bytes, zipf:0.99, get=80,set=20')
})

test('the page needs nothing from elsewhere', () => {
  const page = renderHtml(sampleResult())
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/)
  expect(page).toContain('prefers-color-scheme: dark')
})

test('its elements are balanced', () => {
  const page = renderHtml(sampleResult())
  const open: string[] = []
  for (const [, close, name] of page.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
    if (['meta', 'doctype'].includes(name)) continue
    if (close === '') open.push(name)
    else expect(open.pop()).toBe(name)
  }
  expect(open).toEqual([])
})

test('a run of which nothing came still makes a page, with the reasons', () => {
  const result = sampleResult()
  for (const entry of result.cases) {
    entry.rounds = {}
    entry.failure = 'the server <closed> the connection'
  }
  const page = renderHtml(result)
  expect(page).toContain('Failed: GET, P64; mix, P16; 3-byte values: the server &lt;closed&gt; the connection')
  expect(page).not.toMatch(/NaN|Infinity/)
})
