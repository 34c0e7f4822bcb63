/* The primitives of this folder in every order of their atomic operations, and each with a part left out, to show that
 * the search finds what it must find. */

import { describe, expect, test } from 'vitest'
import { BARRIER_CELL_BYTES, BarrierCells, BarrierPool } from './barrier.ts'
import { CyclicBarrier } from './cyclic-barrier.ts'
import { Doorbell } from './doorbell.ts'
import { interleave } from './interleave-testing.ts'
import { Mutex } from './mutex.ts'
import { Once } from './once.ts'
import { Semaphore } from './semaphore.ts'

const nothing = () => {}
const equals =
  (...expected: number[]) =>
  (i32: Int32Array) =>
    expect([...i32]).toEqual(expected)

describe('the search itself', () => {
  test('finds the lost update of two plain increments', () => {
    const increment = (i32: Int32Array) => void Atomics.store(i32, 0, Atomics.load(i32, 0) + 1)
    const ends = new Set<number>()
    interleave(1, nothing, [increment, increment], (i32) => ends.add(i32[0]))
    expect([...ends].toSorted()).toEqual([1, 2])
  })

  test('finds a thread that nobody wakes, and wakes sleepers in order', () => {
    const sleep = (i32: Int32Array) => void Atomics.wait(i32, 0, 0)
    const wake = (i32: Int32Array) => void Atomics.notify(i32, 0, 1)
    expect(() => interleave(1, nothing, [sleep, wake], nothing)).toThrow('sleeps for ever')
    const setAndWake = (i32: Int32Array) => {
      Atomics.store(i32, 0, 1)
      wake(i32)
    }
    expect(interleave(1, nothing, [sleep, setAndWake], equals(1))).toBeGreaterThan(4)
    expect(() => interleave(1, nothing, [sleep, sleep, setAndWake], nothing)).toThrow('sleeps for ever')
  })

  test('tells how a failed assertion came about', () => {
    const unlock = (i32: Int32Array) => new Mutex(i32, 0).unlock()
    expect(() => interleave(1, nothing, [unlock], nothing)).toThrow(/I1[^]*thread 0: exchange\(0,0\) -> 0/)
  })
})

describe('doorbell', () => {
  const work = (i32: Int32Array) => Atomics.load(i32, 1) + Atomics.load(i32, 2)

  /** Takes `pieces` of work; `look` is the second look before the sleep. */
  const consumer = (pieces: number, look: boolean) => (i32: Int32Array) => {
    const doorbell = new Doorbell(i32, 0)
    for (let taken = work(i32); taken < pieces; taken = work(i32)) {
      doorbell.prepareToSleep()
      if (look && work(i32) !== taken) doorbell.cancelSleep()
      else doorbell.sleep()
    }
  }

  const ringer = (index: number, pieces: number) => (i32: Int32Array) => {
    const doorbell = new Doorbell(i32, 0)
    for (let piece = 1; piece <= pieces; piece++) {
      Atomics.store(i32, index, piece)
      doorbell.ring()
    }
  }

  test('no order of operations loses a wake-up, with one ringer or two', () => {
    expect(interleave(3, nothing, [consumer(2, true), ringer(1, 2)], nothing)).toBeGreaterThan(100)
    expect(interleave(3, nothing, [consumer(2, true), ringer(1, 1), ringer(2, 1)], nothing)).toBeGreaterThan(500)
  })

  test('without the second look, or ringing before the work is there, one is lost', () => {
    expect(() => interleave(3, nothing, [consumer(1, false), ringer(1, 1)], nothing)).toThrow('sleeps for ever')
    const hasty = (i32: Int32Array) => {
      new Doorbell(i32, 0).ring()
      Atomics.store(i32, 1, 1)
    }
    expect(() => interleave(3, nothing, [consumer(1, true), hasty], nothing)).toThrow('sleeps for ever')
  })
})

describe('barrier cells', () => {
  const WORDS = BARRIER_CELL_BYTES / 4
  const [RUNS, OVER] = [WORDS - 2, WORDS - 1]

  const party = (i32: Int32Array) => {
    const cells = new BarrierCells(i32)
    if (cells.arrive(0)) {
      Atomics.store(i32, RUNS, Atomics.load(i32, RUNS) + 1)
      cells.open(0)
      Atomics.store(i32, OVER, 1)
      Atomics.notify(i32, OVER)
    } else {
      cells.waitOpen(0)
      expect(Atomics.load(i32, RUNS)).toBeGreaterThan(0)
    }
  }

  test('the last runs, then all go on, even when the cell is armed again at once', () => {
    const io = (i32: Int32Array) => {
      const cells = new BarrierCells(i32)
      const pool = new BarrierPool(cells)
      const cell = pool.allocate()
      while (Atomics.load(i32, OVER) === 0) Atomics.wait(i32, OVER, 0)
      pool.release(cell)
      cells.arm(pool.allocate(), 1)
    }
    const prepare = (i32: Int32Array) => new BarrierCells(i32).arm(0, 2)
    const atEnd = (i32: Int32Array) => expect([i32[RUNS], i32[0], i32[1]]).toEqual([1, 3, 1])
    expect(interleave(WORDS, prepare, [party, party, io], atEnd)).toBeGreaterThan(500)
  })

  test('one of three parties comes last, whatever the order', () => {
    const prepare = (i32: Int32Array) => new BarrierCells(i32).arm(0, 3)
    const atEnd = (i32: Int32Array) => expect([i32[RUNS], i32[0], i32[1]]).toEqual([1, 2, 0])
    expect(interleave(WORDS, prepare, [party, party, party], atEnd)).toBeGreaterThan(1000)
  })

  test('a generation read after the arrival could be that of the next rendezvous', () => {
    const tooLate = (i32: Int32Array) => {
      if (Atomics.sub(i32, 1, 1) === 1) {
        Atomics.add(i32, 0, 1)
        Atomics.notify(i32, 0)
        Atomics.add(i32, 0, 1)
      } else {
        const generation = Atomics.load(i32, 0)
        while (Atomics.load(i32, 0) === generation) Atomics.wait(i32, 0, generation)
      }
    }
    const prepare = (i32: Int32Array) => void (i32[1] = 2)
    expect(() => interleave(2, prepare, [tooLate, tooLate], nothing)).toThrow('sleeps for ever')
  })
})

describe('mutex', () => {
  const add = (i32: Int32Array) => {
    const mutex = new Mutex(i32, 0)
    mutex.lock()
    Atomics.store(i32, 1, Atomics.load(i32, 1) + 1)
    mutex.unlock()
  }

  test('three threads add without losing one, and none sleeps on', () => {
    expect(interleave(2, nothing, [add, add, add], equals(0, 3))).toBeGreaterThan(1000)
  })

  test('a thread that is woken and does not say that others may sleep leaves them asleep', () => {
    const careless = (i32: Int32Array) => {
      while (Atomics.compareExchange(i32, 0, 0, 1) !== 0) {
        Atomics.compareExchange(i32, 0, 1, 2)
        Atomics.wait(i32, 0, 2)
      }
      new Mutex(i32, 0).unlock()
    }
    expect(() => interleave(1, nothing, [careless, careless, careless], nothing)).toThrow('sleeps for ever')
  })
})

describe('semaphore', () => {
  const pass = (i32: Int32Array) => {
    const semaphore = new Semaphore(i32, 0)
    semaphore.acquire()
    Atomics.add(i32, 1, 1)
    semaphore.release()
  }

  test('three threads share one permit', () => {
    expect(interleave(2, (i32) => void (i32[0] = 1), [pass, pass, pass], equals(1, 3))).toBeGreaterThan(500)
  })

  test('permits released together let as many in', () => {
    const acquire = (i32: Int32Array) => void new Semaphore(i32, 0).acquire()
    const give = (i32: Int32Array) => new Semaphore(i32, 0).release(2)
    expect(interleave(1, nothing, [acquire, acquire, give], equals(0))).toBeGreaterThan(50)
    expect(() => interleave(1, nothing, [acquire, acquire, acquire, give], nothing)).toThrow('sleeps for ever')
  })
})

describe('cyclic barrier', () => {
  const meet = (parties: number, rounds: number) => (i32: Int32Array) => {
    const barrier = new CyclicBarrier(i32, 0, parties)
    for (let round = 0; round < rounds; round++) if (barrier.wait()) Atomics.add(i32, 2, 1)
  }

  test('two threads meet three times, three once, with one last each time', () => {
    expect(interleave(3, nothing, [meet(2, 3), meet(2, 3)], equals(3, 0, 3))).toBeGreaterThan(100)
    expect(interleave(3, nothing, [meet(3, 1), meet(3, 1), meet(3, 1)], equals(1, 0, 1))).toBeGreaterThan(100)
  })
})

describe('once', () => {
  const once = (fails: boolean) => (i32: Int32Array) => {
    const one = new Once(i32, 0)
    const work = () => {
      if (fails) throw new RangeError('no luck')
      Atomics.add(i32, 1, 1)
    }
    try {
      one.run(work)
    } catch (error) {
      if (error instanceof RangeError) return
      throw error
    }
    expect(Atomics.load(i32, 1)).toBe(1)
  }

  test('the work is done once and seen by all, also when the first to try fails', () => {
    expect(interleave(2, nothing, [once(false), once(false), once(false)], equals(2, 1))).toBeGreaterThan(100)
    expect(interleave(2, nothing, [once(true), once(false), once(false)], equals(2, 1))).toBeGreaterThan(100)
  })
})
