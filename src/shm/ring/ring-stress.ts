/* One end of a ring under test, run as a worker thread by ring.test.ts. Both ends derive every record's length and
 * words from the seed, so the consumer knows what each record must be without being told. */

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { RingConsumer, RingProducer } from './ring.ts'

export type StressOptions = {
  buffer: SharedArrayBuffer
  role?: 'producer' | 'consumer'
  /** Which side sleeps pauseMs after every pauseEvery records. */
  pausing?: 'producer' | 'consumer'
  pauseEvery: number
  pauseMs: number
  records: number
  seed: number
  /** Longest record, in bytes, at least 8. */
  longest: number
  /** Records staged for one publish; the default commits each. */
  staging?: number
}

const options = workerData as StressOptions
const nobody = new Int32Array(new SharedArrayBuffer(4))
const SPINS = 1000

/** A 32-bit mix of seed and number: no pattern that a shifted or torn record could match. */
function mix(number: number): number {
  let x = (number ^ options.seed) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return x ^ (x >>> 15)
}

/** Mostly short records, one in 64 of any length. */
function lengthOf(record: number): number {
  const random = mix(~record) >>> 0
  const longest = (random & 63) === 0 ? options.longest : Math.min(options.longest, 96)
  return 8 + ((random >>> 6) % (longest - 7))
}

function pauseAfter(record: number): void {
  if (options.pauseEvery > 0 && record % options.pauseEvery === 0) Atomics.wait(nobody, 0, 0, options.pauseMs)
}

function produce(): number {
  const ring = new RingProducer(options.buffer)
  const staging = options.staging ?? 1
  for (let record = 0, spins = 0; record < options.records; ) {
    const length = lengthOf(record)
    // One reservation in four is longer than its record.
    const offset = ring.reserve(Math.min(length + ((record & 3) === 0 ? 40 : 0), ring.maxRecordBytes))
    if (offset < 0) {
      if (++spins > SPINS) Atomics.wait(nobody, 0, 0, 1)
      continue
    }
    spins = 0
    const words = length >> 2
    let sum = 0
    ring.i32[offset >> 2] = record
    for (let i = 2; i < words; i++) {
      const word = mix(record + i)
      ring.i32[(offset >> 2) + i] = word
      sum = (sum + word) | 0
    }
    for (let i = words * 4; i < length; i++) ring.u8[offset + i] = record
    ring.i32[(offset >> 2) + 1] = sum
    if (staging === 1) ring.commit(length)
    else ring.stage(length)
    record++
    if (record % staging === 0) ring.publish()
    if (record % 65_536 === 0) ring.check()
    pauseAfter(record)
  }
  ring.publish()
  return options.records
}

function consume(): number {
  const ring = new RingConsumer(options.buffer)
  for (let record = 0, spins = 0; record < options.records; ) {
    const offset = ring.next()
    if (offset < 0) {
      if (++spins > SPINS) Atomics.wait(nobody, 0, 0, 1)
      continue
    }
    spins = 0
    const length = lengthOf(record)
    const words = length >> 2
    let sum = 0
    assert(ring.length === length, 'the length is the one sent')
    assert(ring.i32[offset >> 2] === record, 'the sequence number is the next one')
    for (let i = 2; i < words; i++) {
      assert(ring.i32[(offset >> 2) + i] === mix(record + i), 'every word is the one sent')
      sum = (sum + ring.i32[(offset >> 2) + i]) | 0
    }
    assert(ring.i32[(offset >> 2) + 1] === sum, 'the checksum fits')
    for (let i = words * 4; i < length; i++)
      assert(ring.u8[offset + i] === (record & 255), 'every byte is the one sent')
    ring.advance()
    record++
    if (record % 65_536 === 0) ring.check()
    pauseAfter(record)
  }
  return options.records
}

assert(parentPort !== null, 'runs as a worker')
parentPort.postMessage(options.role === 'producer' ? produce() : consume())
