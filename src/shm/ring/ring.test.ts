import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { formatRing, RECORD_HEADER_BYTES, RingConsumer, RingProducer, ringBytes } from './ring.ts'
import type { StressOptions } from './ring-stress.ts'

/** Multiplies the records sent under threads: RING_STRESS=100 runs for minutes. */
const STRESS = Number(process.env['RING_STRESS'] ?? 1)

/** Where the free-running positions stand in the buffer. */
const TAIL_WORD = 0
const HEAD_WORD = 32

function ringAt(capacity: number, position: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(ringBytes(capacity))
  const words = new Int32Array(buffer)
  words[TAIL_WORD] = position
  words[HEAD_WORD] = position
  return buffer
}

function push(producer: RingProducer, payload: Uint8Array): boolean {
  const offset = producer.reserve(payload.length)
  if (offset < 0) return false
  producer.u8.set(payload, offset)
  producer.commit(payload.length)
  return true
}

function pop(consumer: RingConsumer): Uint8Array | null {
  const offset = consumer.next()
  if (offset < 0) return null
  const payload = consumer.u8.slice(offset, offset + consumer.length)
  consumer.advance()
  return payload
}

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)

describe('one thread', () => {
  test('records come out in order, whole, at multiples of 8', () => {
    const buffer = ringAt(1024, 0)
    const producer = new RingProducer(buffer)
    const consumer = new RingConsumer(buffer)
    expect([producer.capacity, producer.maxRecordBytes, consumer.capacity]).toEqual([1024, 256, 1024])
    expect([producer.isEmpty, consumer.isEmpty, consumer.next()]).toEqual([true, true, -1])
    for (const length of [0, 1, 7, 8, 9, 256]) expect(push(producer, bytes(length, length))).toBe(true)
    expect([producer.isEmpty, consumer.isEmpty, producer.check(), consumer.check()]).toEqual([false, false, 6, 6])
    for (const length of [0, 1, 7, 8, 9, 256]) {
      expect(consumer.next() % 8).toBe(0)
      expect(consumer.next()).toBe(consumer.next())
      expect(pop(consumer)).toEqual(bytes(length, length))
    }
    expect([producer.isEmpty, consumer.isEmpty, pop(consumer)]).toEqual([true, true, null])
    expect(producer.freeBytes).toBe(1024)
  })

  test('a record may end shorter than reserved, and an open reservation is not seen', () => {
    const buffer = ringAt(256, 0)
    const producer = new RingProducer(buffer)
    const consumer = new RingConsumer(buffer)
    producer.reserve(64)
    expect(consumer.next()).toBe(-1)
    const offset = producer.reserve(40)
    producer.i32[offset >> 2] = 7
    producer.commit(4)
    expect(consumer.i32[consumer.next() >> 2]).toBe(7)
    expect(consumer.length).toBe(4)
    expect(producer.freeBytes).toBe(256 - RECORD_HEADER_BYTES - 8)
  })

  test('staged records show when published, and at the latest when the ring is full', () => {
    const buffer = ringAt(256, 0)
    const producer = new RingProducer(buffer)
    const consumer = new RingConsumer(buffer)
    producer.reserve(8)
    producer.stage(8)
    expect([consumer.next(), producer.check(), producer.isEmpty]).toEqual([-1, 0, false])
    producer.publish()
    expect([consumer.next(), producer.check()]).toEqual([RECORD_HEADER_BYTES, 1])
    consumer.advance()
    expect(consumer.isEmpty).toBe(true)
    while (producer.reserve(24) >= 0) producer.stage(24)
    expect(consumer.isEmpty).toBe(false)
    expect(consumer.check()).toBe(7)
  })

  test('a full ring says so, and takes records again once some are freed', () => {
    const buffer = ringAt(256, 0)
    const producer = new RingProducer(buffer)
    const consumer = new RingConsumer(buffer)
    for (let i = 0; i < 8; i++) expect(push(producer, bytes(24, i))).toBe(true)
    expect([producer.freeBytes, producer.reserve(0), producer.check()]).toEqual([0, -1, 8])
    expect(pop(consumer)).toEqual(bytes(24, 0))
    expect(push(producer, bytes(24, 8))).toBe(true)
    expect(producer.reserve(0)).toBe(-1)
    for (let i = 1; i <= 8; i++) expect(pop(consumer)).toEqual(bytes(24, i))
    expect(producer.isEmpty).toBe(true)
  })

  test('an empty ring takes the longest record wherever its tail stands', () => {
    for (let position = 0; position < 256; position += 8) {
      const buffer = ringAt(256, position)
      const producer = new RingProducer(buffer)
      const consumer = new RingConsumer(buffer)
      expect(push(producer, bytes(64, position))).toBe(true)
      expect([producer.check(), consumer.check()]).toEqual([1, 1])
      expect(pop(consumer)).toEqual(bytes(64, position))
      expect([producer.isEmpty, producer.freeBytes]).toEqual([true, 256])
    }
  })

  test('what is in the buffer is all there is: either side can be made anew', () => {
    const buffer = ringAt(256, 240)
    expect(push(new RingProducer(buffer), bytes(20, 1))).toBe(true)
    expect(push(new RingProducer(buffer), bytes(30, 2))).toBe(true)
    expect(new RingConsumer(buffer).next()).toBe(RECORD_HEADER_BYTES)
    expect(new RingConsumer(buffer).next()).toBe(RECORD_HEADER_BYTES)
    const consumer = new RingConsumer(buffer)
    expect([pop(consumer), pop(consumer), pop(consumer)]).toEqual([bytes(20, 1), bytes(30, 2), null])
  })

  test('two rings share a buffer', () => {
    const buffer = new SharedArrayBuffer(ringBytes(64) + ringBytes(128))
    formatRing(buffer, 0, 64)
    formatRing(buffer, ringBytes(64), 128)
    const small = new RingProducer(buffer)
    const large = new RingProducer(buffer, ringBytes(64))
    expect([small.capacity, large.capacity]).toEqual([64, 128])
    while (push(small, bytes(16, 1)));
    while (push(large, bytes(32, 2)));
    expect(new RingConsumer(buffer).check()).toBe(2)
    expect(new RingConsumer(buffer, ringBytes(64)).check()).toBe(3)
  })

  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), length: fc.nat(64), cut: fc.nat(64) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('stage' as const), length: fc.nat(64), cut: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('publish' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('pop' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remake' as const) }) },
  )

  test('a ring behaves as a queue of byte strings, also past 2^31 and 2^32 bytes', () => {
    const starts = fc.constantFrom(0, 8, 248, 2 ** 31 - 64, -64, -8)
    fc.assert(
      fc.property(starts, fc.array(operation, { maxLength: 200 }), (start, operations) => {
        const buffer = ringAt(256, start)
        const model: Uint8Array[] = []
        let producer = new RingProducer(buffer)
        let consumer = new RingConsumer(buffer)
        let fill = 0
        let staged = 0
        for (const action of operations) {
          if (action.kind === 'push' || action.kind === 'stage') {
            const offset = producer.reserve(action.length)
            if (offset < 0) {
              expect(model.length).toBeGreaterThan(0)
              staged = 0
              continue
            }
            const payload = bytes(Math.max(0, action.length - action.cut), fill++)
            producer.u8.set(payload, offset)
            model.push(payload)
            staged = action.kind === 'push' ? 0 : staged + 1
            if (action.kind === 'push') producer.commit(payload.length)
            else producer.stage(payload.length)
          } else if (action.kind === 'publish') {
            producer.publish()
            staged = 0
          } else if (action.kind === 'pop') {
            for (let i = 0; i < action.count; i++) {
              expect(pop(consumer)).toEqual(model.length > staged ? model.shift() : null)
            }
          } else if (consumer.isEmpty && staged === 0) {
            producer = new RingProducer(buffer)
            consumer = new RingConsumer(buffer)
          }
          expect(consumer.check()).toBeGreaterThanOrEqual(model.length - staged)
          expect(producer.check()).toBe(consumer.check())
          expect(producer.isEmpty).toBe(model.length === 0)
        }
      }),
    )
  })
})

describe('what only a bug can do is an assertion', () => {
  test('capacities, offsets and records out of bounds', () => {
    expect(() => ringBytes(100)).toThrow('power of two')
    expect(() => ringBytes(32)).toThrow('64 bytes')
    expect(() => new RingProducer(new SharedArrayBuffer(ringBytes(64) + 8))).toThrow('power of two')
    expect(() => new RingConsumer(new SharedArrayBuffer(1024), 4)).toThrow('multiple of 8')
    const producer = new RingProducer(ringAt(256, 0))
    expect(() => producer.reserve(65)).toThrow(AssertionError)
    expect(() => producer.commit(0)).toThrow(AssertionError)
    producer.reserve(8)
    expect(() => producer.commit(9)).toThrow(AssertionError)
    producer.commit(8)
    expect(() => producer.commit(8)).toThrow(AssertionError)
    expect(() => new RingConsumer(ringAt(256, 0)).advance()).toThrow(AssertionError)
  })

  test('a stray write over a header shows in next and in check', () => {
    const buffer = ringAt(256, 0)
    const producer = new RingProducer(buffer)
    const consumer = new RingConsumer(buffer)
    push(producer, bytes(16, 1))
    push(producer, bytes(16, 2))
    producer.i32.fill(0x5a5a5a5a, 6, 8)
    expect(() => consumer.check()).toThrow('I3')
    pop(consumer)
    expect(() => consumer.next()).toThrow('I3')
  })

  test('check names the invariant that is broken', () => {
    const broken = (breakIt: (words: Int32Array, data: Int32Array) => void) => {
      const buffer = ringAt(256, 208)
      const producer = new RingProducer(buffer)
      push(producer, bytes(8, 1))
      push(producer, bytes(60, 2))
      expect(producer.check()).toBe(2)
      breakIt(new Int32Array(buffer), producer.i32)
      return () => new RingConsumer(buffer).check()
    }
    expect(broken((words) => (words[TAIL_WORD] += 4))).toThrow('I1')
    expect(broken((words) => (words[TAIL_WORD] -= 1024))).toThrow('I1')
    expect(broken((words) => (words[TAIL_WORD] -= 8))).toThrow('I2')
    expect(broken((_, data) => (data[1] += 8))).toThrow('I3')
    expect(broken((_, data) => (data[0] = 65))).toThrow('I4')
    expect(broken((_, data) => (data[52] = 48))).toThrow('I4')
    expect(broken((words) => (words[TAIL_WORD] = 256))).toThrow('I5')
  })
})

describe('two threads', () => {
  const run = (options: StressOptions) =>
    new Promise<number>((resolve, reject) => {
      const worker = new Worker(new URL('./ring-stress.ts', import.meta.url), { workerData: options })
      worker.once('message', resolve).once('error', reject)
    })

  async function race(records: number, options: Partial<StressOptions>): Promise<void> {
    const buffer = ringAt(1 << 16, 2 ** 31 - (1 << 20))
    const common = { buffer, records, seed: 20260117, longest: 512, pauseEvery: 0, pauseMs: 0, ...options }
    const producer = run({ ...common, role: 'producer', pauseEvery: options.pausing === 'producer' ? 1 << 14 : 0 })
    const consumer = run({ ...common, role: 'consumer', pauseEvery: options.pausing === 'consumer' ? 1 << 14 : 0 })
    expect(await Promise.all([producer, consumer])).toEqual([records, records])
    expect([new RingProducer(buffer).isEmpty, new RingConsumer(buffer).check()]).toEqual([true, 0])
  }

  test(
    'millions of records of random sizes arrive whole and in order',
    async () => {
      await race(2_000_000 * STRESS, {})
    },
    60_000 * STRESS,
  )

  test(
    'records up to the longest',
    async () => {
      await race(20_000 * STRESS, { longest: 1 << 14 })
    },
    60_000 * STRESS,
  )

  test(
    'a slow consumer',
    async () => {
      await race(300_000 * STRESS, { pausing: 'consumer', pauseMs: 5 })
    },
    60_000 * STRESS,
  )

  test(
    'a slow producer that stages',
    async () => {
      await race(300_000 * STRESS, { pausing: 'producer', pauseMs: 5, staging: 16 })
    },
    60_000 * STRESS,
  )
})
