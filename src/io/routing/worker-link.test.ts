import type { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { Args } from '../../base/args.ts'
import * as record from '../../shard-worker/record.ts'
import { RingConsumer, RingProducer, ringBytes } from '../../shm/ring/ring.ts'
import { Doorbell } from '../../shm/sync/doorbell.ts'
import { type LinkOwner, Run, WorkerLink } from './worker-link.ts'

const RING_BYTES = 16 * 1024
const FROM_ROOM = 16

/** A link, and the worker's ends of its rings in the hands of the test. */
class Rig implements LinkOwner {
  readonly requests = new SharedArrayBuffer(ringBytes(RING_BYTES))
  readonly replies = new SharedArrayBuffer(ringBytes(RING_BYTES))
  readonly words = new Int32Array(new SharedArrayBuffer(128))
  readonly taken = new RingConsumer(this.requests)
  readonly answers = new RingProducer(this.replies)
  readonly link = new WorkerLink(
    0,
    {} as Worker,
    { requests: this.requests, replies: this.replies },
    { work: new Doorbell(this.words, 0), room: new Doorbell(this.words, FROM_ROOM) },
    this,
  )
  readonly builder = new record.RecordBuilder()
  readonly finishedRuns: Run[] = []
  repliedBytes = 0
  /** Records as the worker has received them whole, as text of their only argument. */
  readonly received: string[] = []
  private parts: Uint8Array[] = []

  replied(_run: Run, _bytes: Uint8Array, _offset: number, length: number): void {
    this.repliedBytes += length
  }

  finished(run: Run): void {
    this.finishedRuns.push(run)
  }

  held(): void {}

  /** Control frames as the link hands them over. */
  readonly frames: string[] = []

  control(_worker: number, frame: Uint8Array): void {
    this.frames.push(Buffer.from(frame).toString('latin1'))
  }

  /** A record from the worker. */
  send(kind: number, text: string): void {
    const bytes = record.REPLY_HEADER_BYTES + text.length
    const offset = this.answers.reserve(bytes)
    expect(offset).toBeGreaterThanOrEqual(0)
    this.answers.i32[offset >> 2] = kind
    this.answers.u8.set(Buffer.from(text), offset + record.REPLY_HEADER_BYTES)
    this.answers.commit(bytes)
  }

  push(text: string): Run {
    const run = new Run()
    this.builder.begin(record.RECORD_RUN, 0, 0, 0, 0, 0)
    this.builder.append(1, 0, 0, Args.of(text))
    this.link.push(this.builder, run)
    this.builder.reset()
    return run
  }

  /** Takes one record, or part of one, off the ring; false when there is none. */
  take(): boolean {
    const { taken } = this
    const offset = taken.next()
    if (offset < 0) return false
    if (taken.i32[offset >> 2] === record.RECORD_PART) {
      const floats = new Float64Array(taken.u8.buffer, taken.u8.byteOffset, taken.u8.length >> 3)
      const length = taken.i32[(offset + record.PART_BYTES) >> 2]
      const from = floats[(offset + record.PART_FROM) >> 3]
      const data = offset + record.PART_HEADER_BYTES
      expect(from).toBe(this.parts.reduce((sum, part) => sum + part.length, 0))
      this.parts.push(taken.u8.slice(data, data + length))
      if (from + length === floats[(offset + record.PART_TOTAL) >> 3]) {
        this.receive(new Uint8Array(Buffer.concat(this.parts)))
        this.parts = []
      }
    } else {
      expect(this.parts).toEqual([])
      this.receive(taken.u8.slice(offset, offset + taken.length))
    }
    taken.advance()
    return true
  }

  private receive(bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2)
    const lengthAt = (record.RECORD_HEADER_BYTES + record.COMMAND_HEADER_BYTES) >> 2
    const from = (lengthAt + 1) << 2
    this.received.push(Buffer.from(bytes.subarray(from, from + words[lengthAt])).toString('latin1'))
  }

  answer(kind: number, length: number): boolean {
    const offset = this.answers.reserve(record.REPLY_HEADER_BYTES + length)
    if (offset < 0) return false
    this.answers.i32[offset >> 2] = kind
    this.answers.commit(record.REPLY_HEADER_BYTES + length)
    return true
  }
}

describe('requests', () => {
  test('records of any size arrive whole and in order, however slow the worker is', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed)
      const rig = new Rig()
      const sent: string[] = []
      while (sent.length < 60 || rig.received.length < sent.length) {
        if (sent.length < 60 && random.chance(0.5)) {
          const size = random.pick([3, 100, 4000, RING_BYTES / 4 - 48, RING_BYTES / 4, RING_BYTES, 5 * RING_BYTES])
          const text = String.fromCharCode(97 + (sent.length % 26)).repeat(size + random.below(9))
          sent.push(text)
          rig.push(text)
        }
        for (let left = random.below(4); left > 0; left--) rig.take()
        // What hasWork tells is what lets the I/O thread sleep: it must be true while there is room for what waits.
        if (random.chance(0.5) || rig.taken.isEmpty) {
          if (rig.link.isCongested && rig.taken.isEmpty) expect(rig.link.hasWork).toBe(true)
          rig.link.drain()
        }
      }
      expect(rig.received).toEqual(sent)
      expect(rig.link.isCongested).toBe(false)
      expect(rig.link.pendingRuns).toBe(60)
    }
  })

  test('a ring that is full with records that the worker was not told of is told of', () => {
    const rig = new Rig()
    const worker = new Doorbell(rig.words, 0)
    worker.prepareToSleep()
    rig.push('x'.repeat(10 * RING_BYTES))
    expect(Atomics.load(rig.words, 0)).toBe(0)
  })
})

describe('replies', () => {
  test('a turn handles so many that other things get their turn, and rings for the room they made', () => {
    const rig = new Rig()
    const run = rig.push('x')
    const refill = () => {
      while (rig.answer(record.REPLY_PIECE, 4000)) {}
    }
    // A worker that is never at a loss for an answer.
    rig.replied = (_run, _bytes, _offset, length) => {
      rig.repliedBytes += length
      refill()
    }
    const room = new Doorbell(rig.words, FROM_ROOM)
    room.prepareToSleep()
    refill()
    expect(rig.link.drain()).toBeGreaterThan(0)
    expect(rig.repliedBytes).toBeLessThan(4 * 1024 * 1024)
    expect(Atomics.load(rig.words, FROM_ROOM)).toBe(0)
    expect(rig.link.hasWork).toBe(true)
    rig.replied = () => {}
    rig.link.drain()
    expect(rig.answer(record.REPLY_LAST, 0)).toBe(true)
    rig.link.drain()
    expect(rig.finishedRuns).toEqual([run])
  })

  test('runs that finish while others are always under way leave nothing behind', () => {
    const rig = new Rig()
    rig.push('x')
    for (let i = 0; i < 20_000; i++) {
      rig.push('y')
      rig.take()
      rig.answer(record.REPLY_LAST, 2)
      rig.link.drain()
    }
    expect(rig.link.pendingRuns).toBe(1)
    expect(rig.finishedRuns.length).toBe(20_000)
    expect(new Set(rig.finishedRuns).size).toBe(20_000)
  })
})

test('a control frame that took several records is handed over whole', () => {
  const rig = new Rig()
  rig.send(record.REPLY_CONTROL, 'short')
  for (const part of ['a long ', 'frame ', 'in ']) rig.send(record.REPLY_CONTROL_PIECE, part)
  rig.link.drain()
  expect(rig.frames).toEqual(['short'])
  rig.send(record.REPLY_ANSWER, 'pieces')
  rig.send(record.REPLY_CONTROL, 'the next')
  rig.link.drain()
  expect(rig.frames).toEqual(['short', 'a long frame in pieces', 'the next'])
})
