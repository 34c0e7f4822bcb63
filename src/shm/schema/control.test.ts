import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { LatencyHistogram } from '../stats/histogram.ts'
import type { ControlFrame } from './control.ts'
import * as control from './control.ts'

function encode(frame: ControlFrame): Uint8Array {
  if (frame.type === 'SettingChange') return control.encodeSettingChange(frame)
  if (frame.type === 'StatisticsRequest') return control.encodeStatisticsRequest(frame)
  if (frame.type === 'Statistics') return control.encodeStatistics(frame)
  if (frame.type === 'SlowCommand') return control.encodeSlowCommand(frame)
  if (frame.type === 'LatencySample') return control.encodeLatencySample(frame)
  if (frame.type === 'LogLine') return control.encodeLogLine(frame)
  return control.encodeStatisticsReset()
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const figure = fc.oneof(fc.maxSafeNat(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((x) => x + 0)
const uint = fc.nat({ max: 0xffff_ffff })
const ushort = fc.nat({ max: 0xffff })
const command = fc.record({
  command: ushort,
  calls: figure,
  microseconds: figure,
  failed: figure,
  histogram: fc.array(fc.record({ index: ushort, count: figure }), { maxLength: 10 }),
  rejected: figure,
})
const anyFrame: fc.Arbitrary<ControlFrame> = fc.oneof(
  fc.record({ type: fc.constant('SettingChange' as const), name: text, value: text }),
  fc.record({ type: fc.constant('StatisticsRequest' as const), id: uint }),
  fc.record({
    type: fc.constant('Statistics' as const),
    id: uint,
    commands: fc.array(command, { maxLength: 6 }),
    errors: fc.array(fc.record({ code: text, count: figure }), { maxLength: 6 }),
    counters: fc.array(fc.record({ name: text, value: figure }), { maxLength: 6 }),
  }),
  fc.record({
    type: fc.constant('SlowCommand' as const),
    timeMs: figure,
    durationUs: figure,
    clientId: figure,
    arguments: fc.array(fc.uint8Array({ maxLength: 128 }), { maxLength: 32 }),
    argumentCount: uint,
    command: ushort,
  }),
  fc.record({ type: fc.constant('LatencySample' as const), event: text, timeMs: figure, durationMs: figure }),
  fc.record({ type: fc.constant('StatisticsReset' as const) }),
  fc.record({ type: fc.constant('LogLine' as const), level: fc.nat({ max: 255 }), text }),
)

/** One of each, with the JSON that the schema compiler makes of it. */
const examples: { frame: ControlFrame; json: unknown }[] = [
  {
    frame: { type: 'SettingChange', name: 'maxmemory-policy', value: 'allkeys-lru é "q"' },
    json: { name: 'maxmemory-policy', value: 'allkeys-lru é "q"' },
  },
  { frame: { type: 'StatisticsRequest', id: 4_000_000_000 }, json: { id: 4_000_000_000 } },
  {
    frame: {
      type: 'Statistics',
      id: 7,
      commands: [
        {
          command: 65_535,
          calls: 2 ** 53,
          microseconds: 1.5,
          failed: 1,
          histogram: [
            { index: 1, count: 2 },
            { index: 3071, count: 0.5 },
          ],
          rejected: 4,
        },
        { command: 3, calls: 1, microseconds: 2, failed: 3, histogram: [], rejected: 5 },
      ],
      errors: [{ code: 'WRONGTYPE', count: 12 }],
      counters: [{ name: 'expired_keys', value: 99 }],
    },
    json: {
      id: 7,
      commands: [
        {
          command: 65_535,
          calls: 2 ** 53,
          microseconds: 1.5,
          failed: 1,
          histogram: [
            { index: 1, count: 2 },
            { index: 3071, count: 0.5 },
          ],
          rejected: 4,
        },
        { command: 3, calls: 1, microseconds: 2, failed: 3, histogram: [], rejected: 5 },
      ],
      errors: [{ code: 'WRONGTYPE', count: 12 }],
      counters: [{ name: 'expired_keys', value: 99 }],
    },
  },
  {
    frame: {
      type: 'SlowCommand',
      timeMs: 1_700_000_000_123,
      durationUs: 12_345.5,
      clientId: 42,
      arguments: [Uint8Array.of(71, 69, 84), Uint8Array.of(0, 255)],
      argumentCount: 2,
      command: 17,
    },
    json: {
      time_ms: 1_700_000_000_123,
      duration_us: 12_345.5,
      client_id: 42,
      arguments: [{ bytes: [71, 69, 84] }, { bytes: [0, 255] }],
      argument_count: 2,
      command: 17,
    },
  },
  {
    frame: { type: 'LatencySample', event: 'command', timeMs: 5, durationMs: 250 },
    json: { event: 'command', time_ms: 5, duration_ms: 250 },
  },
  { frame: { type: 'StatisticsReset' }, json: {} },
  {
    frame: { type: 'LogLine', level: 2, text: 'Ready to accept connections' },
    json: { level: 2, text: 'Ready to accept connections' },
  },
]

describe('control frames', () => {
  test('every frame reads as it was written', () => {
    for (const { frame } of examples) expect(control.decodeControlFrame(encode(frame))).toEqual(frame)
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(control.decodeControlFrame(encode(frame))).toEqual(frame)
      }),
    )
  })

  test('a frame is read from shared memory at any place, and does not refer to it', () => {
    const frame = examples[3].frame
    const bytes = encode(frame)
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 3))
    shared.set(bytes, 3)
    const decoded = control.decodeControlFrame(shared.subarray(3))
    shared.fill(0)
    expect(decoded).toEqual(frame)
  })

  test('a histogram arrives whole', () => {
    const sent = new LatencyHistogram()
    for (let us = 0.001; us < 1e6; us *= 1.3) sent.record(us, Math.ceil(us))
    const histogram = sent.toSparse()
    const command = { command: 1, calls: sent.total, microseconds: 1, failed: 0, histogram, rejected: 0 }
    const bytes = control.encodeStatistics({ id: 1, commands: [command], errors: [], counters: [] })
    const frame = control.decodeControlFrame(bytes)
    const received = new LatencyHistogram()
    if (frame.type === 'Statistics') received.mergeSparse(frame.commands[0].histogram)
    expect(received.toSparse()).toEqual(sent.toSparse())
  })

  test('bytes that are no frame are an assertion, whatever they are', () => {
    const decode = (bytes: Uint8Array) => {
      try {
        control.decodeControlFrame(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(AssertionError)
      }
    }
    expect(() => control.decodeControlFrame(new Uint8Array(0))).toThrow(AssertionError)
    expect(() => control.decodeControlFrame(new Uint8Array(64))).toThrow(AssertionError)
    expect(() => control.encodeStatisticsRequest({ id: -1 })).toThrow(AssertionError)
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(anyFrame, flips, fc.nat(), (frame, changes, cut) => {
        const bytes = encode(frame)
        decode(bytes.slice(0, cut % bytes.length))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        decode(bytes)
      }),
      { numRuns: 500 },
    )
  })
})

/** The schema compiler, where it is installed (Debian: flatbuffers-compiler). */
const hasCompiler = spawnSync('flatc', ['--version']).status === 0
const schema = fileURLToPath(new URL('./control.fbs', import.meta.url))

describe.skipIf(!hasCompiler)('the schema compiler', () => {
  function inFolder<T>(work: (folder: string) => T): T {
    const folder = mkdtempSync(join(tmpdir(), 'spinel-schema-'))
    try {
      return work(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test('reads our frames as the same fields', () => {
    inFolder((folder) => {
      const files = examples.map((_, i) => join(folder, `${i}.bin`))
      examples.forEach(({ frame }, i) => writeFileSync(files[i], encode(frame)))
      execFileSync('flatc', ['--json', '--strict-json', '-o', folder, schema, '--', ...files])
      examples.forEach(({ frame, json }, i) => {
        const read: unknown = JSON.parse(readFileSync(join(folder, `${i}.json`), 'utf8'))
        expect(read).toEqual({ message_type: frame.type, message: json })
      })
    })
  })

  test('writes frames that we read as the same fields', () => {
    inFolder((folder) => {
      const files = examples.map((_, i) => join(folder, `${i}.json`))
      examples.forEach(({ frame, json }, i) => {
        writeFileSync(files[i], JSON.stringify({ message_type: frame.type, message: json }))
      })
      execFileSync('flatc', ['--binary', '-o', folder, schema, ...files])
      examples.forEach(({ frame }, i) => {
        expect(control.decodeControlFrame(readFileSync(join(folder, `${i}.bin`)))).toEqual(frame)
      })
    })
  })
})
