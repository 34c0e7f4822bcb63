import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/ports.ts'
import { CommandTemplate, encodeBatches } from './encoder.ts'
import { COMMANDS, KEY, mixText, parseMix, pick } from './mix.ts'
import { ReplyScanner } from './reply-scanner.ts'
import type { LoadSettings } from './settings.ts'

function settings(changes: Partial<LoadSettings>): LoadSettings {
  return {
    mix: parseMix('get=80,set=20'),
    distribution: { kind: 'uniform' },
    keyCount: 1000,
    valueBytes: 10,
    pipeline: 16,
    connections: 1,
    threads: 1,
    ratePerSecond: null,
    seed: 1,
    ...changes,
  }
}

/** Commands are arrays of bulks: what counts replies counts commands as well. */
function commandsIn(batch: Buffer): number {
  const scanner = new ReplyScanner()
  scanner.scan(batch, batch.length)
  expect(scanner.isBetweenReplies).toBe(true)
  return scanner.replies
}

test('a command is copied with its keys filled in, sixteen bytes each', () => {
  const numbers = [42, 0, 999_999_999_999]
  const template = new CommandTemplate(['MGET', KEY, KEY, KEY], '')
  const target = Buffer.alloc(template.bytes.length)
  expect(template.writeTo(target, 0, { next: () => numbers.shift() ?? 0 })).toBe(target.length)
  expect(target.toString()).toBe(
    '*4\r\n$4\r\nMGET\r\n$16\r\nkey:000000000042\r\n$16\r\nkey:000000000000\r\n$16\r\nkey:999999999999\r\n',
  )
})

test('every batch holds the pipeline, in the shares of the mix', () => {
  const batches = encodeBatches(settings({ pipeline: 50 }), new SeededRandom(3))
  expect(batches.length).toBeGreaterThan(1000)
  for (const batch of batches.slice(0, 100)) expect(commandsIn(batch)).toBe(50)
  const text = Buffer.concat(batches.slice(0, 1000)).toString('latin1')
  const sets = text.split('$3\r\nSET\r\n').length - 1
  expect(sets / 50_000).toBeGreaterThan(0.18)
  expect(sets / 50_000).toBeLessThan(0.22)
  expect(text).toContain('*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000')
  expect(text).toContain(`$10\r\n${'x'.repeat(10)}\r\n`)
})

test.each(Object.keys(COMMANDS))('%s is encoded as one well-formed command', (command) => {
  const [batch] = encodeBatches(settings({ mix: parseMix(command), pipeline: 3 }), new SeededRandom(1))
  expect(commandsIn(batch)).toBe(3)
  expect(batch.toString('latin1')).not.toMatch(/[{}]/)
})

test('the pool is bounded in bytes, but never empty', () => {
  const large = encodeBatches(settings({ mix: parseMix('set'), valueBytes: 1 << 20, pipeline: 4 }), new SeededRandom(1))
  expect(large.length).toBe(4)
  const huge = encodeBatches(settings({ mix: parseMix('set'), valueBytes: 20 << 20, pipeline: 1 }), new SeededRandom(1))
  expect(huge.map(commandsIn)).toEqual([1])
})

test('equal seeds give equal batches', () => {
  const first = encodeBatches(settings({ pipeline: 64 }), new SeededRandom(5))
  const second = encodeBatches(settings({ pipeline: 64 }), new SeededRandom(5))
  expect(Buffer.concat(first).equals(Buffer.concat(second))).toBe(true)
})

test('a mix is read, written, and picked by weight', () => {
  const mix = parseMix('GET=3, set')
  expect(mixText(mix)).toBe('get=3,set=1')
  expect([0, 0.74, 0.76, 0.999].map((unit) => pick(mix, unit).command)).toEqual(['get', 'get', 'set', 'set'])
})
