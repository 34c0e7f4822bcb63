import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../base/assert.ts'
import { formatRing, RingConsumer, RingProducer } from '../ring/ring.ts'
import { BARRIER_CELL_BYTES, BarrierCells, BarrierPool, barrierBytes } from './barrier.ts'
import { Baton, IO_THREAD, workerThread } from './baton.ts'
import { Doorbell } from './doorbell.ts'
import { RENDEZVOUS } from './rendezvous-testing.ts'
import { STRESS, startThreads } from './testing.ts'

const cellsOf = (count: number) => new Int32Array(new SharedArrayBuffer(barrierBytes(count)))

describe('one thread', () => {
  test('the last of the parties runs, and opening lets the others go', () => {
    const i32 = cellsOf(2)
    const io = new BarrierCells(i32)
    const [a, b] = [new BarrierCells(i32), new BarrierCells(i32)]
    expect([io.cells, io.isOpen(1)]).toEqual([2, true])
    io.arm(1, 2)
    expect([a.arrive(1), io.isOpen(1)]).toEqual([false, false])
    expect(b.arrive(1)).toBe(true)
    b.open(1)
    a.waitOpen(1)
    expect([io.isOpen(1), io.isOpen(0)]).toEqual([true, true])
  })

  test('a party that is late to leave is not held by the next use of the cell', () => {
    const i32 = cellsOf(1)
    const io = new BarrierCells(i32)
    const [late, runner] = [new BarrierCells(i32), new BarrierCells(i32)]
    io.arm(0, 2)
    late.arrive(0)
    runner.arrive(0)
    runner.open(0)
    io.arm(0, 3)
    late.waitOpen(0, 10)
    late.waitOpen(0)
    expect(io.isOpen(0)).toBe(false)
  })

  test('what only a bug can do is an assertion', () => {
    const io = new BarrierCells(cellsOf(2))
    expect(() => io.arm(2, 1)).toThrow(AssertionError)
    expect(() => io.arm(0, 0)).toThrow(AssertionError)
    expect(() => io.arrive(0)).toThrow('I1')
    expect(() => io.open(0)).toThrow('I1')
    const other = new BarrierCells(cellsOf(2))
    other.arm(0, 2)
    expect(() => other.arm(0, 2)).toThrow('I1')
    expect(() => other.open(0)).toThrow('I2')
    other.arrive(0)
    expect(() => other.waitOpen(1)).toThrow('where it has arrived')
    other.arrive(0)
    expect(() => other.arrive(0)).toThrow('I2')
  })

  test('the pool hands out each cell once, says when none is left, and takes only open ones back', () => {
    const i32 = cellsOf(3)
    const cells = new BarrierCells(i32)
    const pool = new BarrierPool(cells)
    const taken = [pool.allocate(), pool.allocate(), pool.allocate()]
    expect(taken.toSorted()).toEqual([0, 1, 2])
    expect([pool.allocate(), pool.available]).toEqual([-1, 0])
    cells.arm(1, 1)
    expect(() => pool.release(1)).toThrow('I3')
    cells.arrive(1)
    cells.open(1)
    pool.release(1)
    pool.check()
    expect([pool.available, pool.allocate()]).toEqual([1, 1])
    pool.release(0)
    pool.release(0)
    expect(() => pool.check()).toThrow('once')
    i32[0 * (BARRIER_CELL_BYTES / 4)] = 1
    expect(() => new BarrierPool(cells).check()).toThrow('I3')
  })
})

/** The sequencer of a server in small: hands batons over, enqueues commands, reads the replies. */
class Sequencer {
  readonly model = new Int32Array(RENDEZVOUS.shards)
  readonly pool: BarrierPool
  private readonly cells: BarrierCells
  private readonly requests: RingProducer[] = []
  private readonly replies: RingConsumer[] = []
  private readonly doorbells: Doorbell[] = []
  private inFlight = 0
  private stamp = 0

  constructor(buffer: SharedArrayBuffer) {
    const i32 = new Int32Array(buffer)
    this.cells = new BarrierCells(new Int32Array(buffer, 0, RENDEZVOUS.cellBytes / 4))
    this.pool = new BarrierPool(this.cells)
    for (let worker = 0; worker < RENDEZVOUS.workers; worker++) {
      formatRing(buffer, RENDEZVOUS.requests(worker), RENDEZVOUS.ringCapacity)
      formatRing(buffer, RENDEZVOUS.replies(worker), RENDEZVOUS.ringCapacity)
      this.requests.push(new RingProducer(buffer, RENDEZVOUS.requests(worker)))
      this.replies.push(new RingConsumer(buffer, RENDEZVOUS.replies(worker)))
      this.doorbells.push(new Doorbell(i32, RENDEZVOUS.doorbell(worker)))
    }
    for (let shard = 0; shard < RENDEZVOUS.shards; shard++) {
      new Baton(i32, RENDEZVOUS.baton(shard)).pass(IO_THREAD, workerThread(shard % RENDEZVOUS.workers))
    }
  }

  /** Enqueues one command over the shards in `mask`; false when rings or cells are exhausted. */
  send(mask: number): boolean {
    const workers = this.requests.filter((_, worker) => this.shardsOf(worker, mask) !== 0)
    if (this.inFlight + workers.length > 200) return false
    const cell = workers.length > 1 ? this.pool.allocate() : -1
    if (workers.length > 1 && cell < 0) return false
    if (cell >= 0) this.cells.arm(cell, workers.length)
    this.stamp++
    for (let shard = 0; shard < RENDEZVOUS.shards; shard++) {
      if (mask & (1 << shard)) this.model[shard] = RENDEZVOUS.step(this.model[shard], this.stamp)
    }
    for (const ring of workers) this.push(ring, this.stamp, mask, cell)
    this.inFlight += workers.length
    return true
  }

  stop(): void {
    for (const ring of this.requests) this.push(ring, 0, 0, -1)
  }

  /** Reads the replies that are there; true when nothing is in flight. */
  drain(): boolean {
    for (const ring of this.replies) {
      for (let offset = ring.next(); offset >= 0; offset = ring.next()) {
        const cell = ring.i32[offset >> 2]
        ring.advance()
        this.inFlight--
        if (cell >= 0) this.pool.release(cell)
      }
    }
    return this.inFlight === 0
  }

  private shardsOf(worker: number, mask: number): number {
    let own = 0
    for (let shard = worker; shard < RENDEZVOUS.shards; shard += RENDEZVOUS.workers) own |= mask & (1 << shard)
    return own
  }

  private push(ring: RingProducer, stamp: number, mask: number, cell: number): void {
    const offset = ring.reserve(12)
    expect(offset).toBeGreaterThanOrEqual(0)
    ring.i32[offset >> 2] = stamp
    ring.i32[(offset >> 2) + 1] = mask
    ring.i32[(offset >> 2) + 2] = cell
    ring.commit(12)
    this.doorbells[this.requests.indexOf(ring)].ring()
  }
}

test(
  'commands over several shards run as if one after the other, in the order of the sequencer',
  async () => {
    const buffer = new SharedArrayBuffer(RENDEZVOUS.bytes)
    const sequencer = new Sequencer(buffer)
    const workers = startThreads({ role: 'shard-worker', buffer, rounds: 0, threads: RENDEZVOUS.workers })
    let random = 42
    let barriers = 0
    for (let command = 0; command < 5000 * STRESS; ) {
      const mask =
        ((random >>> 8) & (command % 3 === 0 ? 63 : 1 << ((random >>> 8) % 6))) | (1 << ((random >>> 16) % 6))
      if (sequencer.send(mask)) {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
        command++
        const parts = [9, 18, 36].filter((shards) => mask & shards).length
        if (parts > 1) barriers++
      } else {
        sequencer.drain()
        await nextTurn()
      }
    }
    while (!sequencer.drain()) await nextTurn()
    sequencer.stop()
    const ran = await workers
    const i32 = new Int32Array(buffer)
    expect(sequencer.model.map((_, shard) => i32[RENDEZVOUS.value(shard)])).toEqual(sequencer.model)
    expect(ran.reduce((sum, count) => sum + count)).toBe(barriers)
    expect(barriers).toBeGreaterThan(1000)
    sequencer.pool.check()
    expect(sequencer.pool.available).toBe(4)
  },
  60_000 * STRESS,
)
