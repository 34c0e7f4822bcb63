/* The roles that threads play in the tests of this folder; started by testing.ts. Each returns a number to the test.
 * Counters that a primitive protects are plain, not atomic: two threads inside at once would lose counts. */

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { RingConsumer, RingProducer } from '../ring/ring.ts'
import { BarrierCells } from './barrier.ts'
import { Baton, IO_THREAD, PARKED, workerThread } from './baton.ts'
import { CyclicBarrier } from './cyclic-barrier.ts'
import { Doorbell } from './doorbell.ts'
import { Mutex } from './mutex.ts'
import { Once } from './once.ts'
import { RENDEZVOUS } from './rendezvous-testing.ts'
import { Semaphore } from './semaphore.ts'
import type { StressOptions } from './testing.ts'

const options = workerData as StressOptions
const i32 = new Int32Array(options.buffer)
const nobody = new Int32Array(new SharedArrayBuffer(4))

function pause(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms)
}

/** Words: 0 mutex, 1 counter. Returns the rounds in which the lock was taken. */
function useMutex(): number {
  const mutex = new Mutex(i32, 0)
  let taken = 0
  for (let round = 0; round < options.rounds; round++) {
    const locked = round % 7 === 0 ? mutex.tryLock() : mutex.lock(round % 5 === 0 ? 0.05 : Infinity)
    if (!locked) continue
    i32[1]++
    taken++
    if (round % 1000 === 0) pause(1)
    mutex.unlock()
  }
  return taken
}

/** Words: 0 semaphore of half as many permits as threads, 1 threads inside, 2 how many too many there were, if ever.
 *  Returns the rounds with a permit. */
function useSemaphore(): number {
  const semaphore = new Semaphore(i32, 0)
  let taken = 0
  for (let round = 0; round < options.rounds; round++) {
    const acquired = round % 7 === 0 ? semaphore.tryAcquire() : semaphore.acquire(round % 5 === 0 ? 0.05 : Infinity)
    if (!acquired) continue
    const inside = Atomics.add(i32, 1, 1) + 1
    if (inside > options.threads / 2) Atomics.store(i32, 2, inside)
    taken++
    if (round % 1000 === 0) pause(1)
    Atomics.sub(i32, 1, 1)
    semaphore.release()
  }
  return taken
}

/** Words: 0 barrier, 2 + thread the round that thread is in. Returns how often this thread was the last. */
function meet(): number {
  const barrier = new CyclicBarrier(i32, 0, options.threads)
  let last = 0
  for (let round = 1; round <= options.rounds; round++) {
    i32[2 + options.thread] = round
    if (barrier.wait()) last++
    for (let other = 0; other < options.threads; other++) {
      assert(i32[2 + other] === round, 'all are in the same round between two meetings')
    }
    barrier.wait()
  }
  return last
}

/** Words: a Once and the counter it guards, `rounds` times. Returns how often this thread did the work. */
function doOnce(): number {
  let done = 0
  for (let round = 0; round < options.rounds; round++) {
    const once = new Once(i32, 2 * round)
    const work = () => {
      i32[2 * round + 1]++
    }
    if (once.run(work)) done++
    assert(once.isDone && i32[2 * round + 1] === 1, 'the work is done, once, when run returns')
  }
  return done
}

/** Words: 0 doorbell, 32 * (1 + ringer) work given. Takes the work of all ringers; returns how often it slept. */
function sleepForWork(): number {
  const doorbell = new Doorbell(i32, 0)
  let taken = 0
  let sleeps = 0
  const given = () => {
    let sum = 0
    for (let ringer = 0; ringer < options.threads; ringer++) sum += Atomics.load(i32, 32 * (1 + ringer))
    return sum
  }
  while (taken < options.rounds * options.threads) {
    taken = given()
    doorbell.prepareToSleep()
    if (given() !== taken || taken === options.rounds * options.threads) doorbell.cancelSleep()
    else {
      doorbell.sleep()
      sleeps++
    }
  }
  return sleeps
}

/** Gives one piece of work per round and rings, sometimes so late that the sleeper sleeps. Returns the rounds. */
function ringForWork(): number {
  const doorbell = new Doorbell(i32, 0)
  for (let round = 1; round <= options.rounds; round++) {
    Atomics.store(i32, 32 * (1 + options.thread), round)
    doorbell.ring()
    for (let spin = (round * 7919) % 400; spin > 0; spin--) Atomics.load(i32, 1)
    if (round % 512 === 0) pause(1)
  }
  return options.rounds
}

/** A shard worker as the server has it, over rendezvous-testing.ts. Returns how often it was the runner. */
function workShards(): number {
  const me = workerThread(options.thread)
  const requests = new RingConsumer(options.buffer, RENDEZVOUS.requests(options.thread))
  const replies = new RingProducer(options.buffer, RENDEZVOUS.replies(options.thread))
  const doorbell = new Doorbell(i32, RENDEZVOUS.doorbell(options.thread))
  const cells = new BarrierCells(new Int32Array(options.buffer, 0, RENDEZVOUS.cellBytes / 4))
  const batons = Array.from({ length: RENDEZVOUS.shards }, (_, shard) => new Baton(i32, RENDEZVOUS.baton(shard)))
  let ran = 0

  const reply = (value: number) => {
    const offset = replies.reserve(4)
    assert(offset >= 0, 'there are never more replies than the ring holds')
    replies.i32[offset >> 2] = value
    replies.commit(4)
  }
  const forShards = (mask: number, act: (shard: number) => void) => {
    for (let shard = 0; shard < RENDEZVOUS.shards; shard++) if (mask & (1 << shard)) act(shard)
  }
  const own = (shard: number) => shard % options.threads === options.thread
  const update = (shard: number, stamp: number) => {
    assert(batons[shard].isHeldBy(me), 'I1 of batons: the holder runs the command')
    i32[RENDEZVOUS.value(shard)] = RENDEZVOUS.step(i32[RENDEZVOUS.value(shard)], stamp)
  }

  for (;;) {
    const offset = requests.next()
    if (offset < 0) {
      doorbell.prepareToSleep()
      if (requests.isEmpty) doorbell.sleep()
      else doorbell.cancelSleep()
      continue
    }
    const stamp = requests.i32[offset >> 2]
    const mask = requests.i32[(offset >> 2) + 1]
    const cell = requests.i32[(offset >> 2) + 2]
    requests.advance()
    if (stamp === 0) return ran
    if (cell < 0) {
      forShards(mask, (shard) => update(shard, stamp))
      reply(-1)
      continue
    }
    forShards(mask, (shard) => own(shard) && batons[shard].pass(me, PARKED))
    if (cells.arrive(cell)) {
      forShards(mask, (shard) => batons[shard].pass(PARKED, me))
      forShards(mask, (shard) => update(shard, stamp))
      forShards(mask, (shard) => batons[shard].pass(me, workerThread(shard % options.threads)))
      cells.open(cell)
      reply(cell)
      ran++
    } else {
      cells.waitOpen(cell, stamp & 63)
      reply(-1)
    }
    forShards(mask, (shard) => assert(!batons[shard].isHeldBy(IO_THREAD), 'the shards stay with the workers'))
  }
}

const roles: Record<StressOptions['role'], () => number> = {
  mutex: useMutex,
  semaphore: useSemaphore,
  'cyclic-barrier': meet,
  once: doOnce,
  sleeper: sleepForWork,
  ringer: ringForWork,
  'shard-worker': workShards,
}

assert(parentPort !== null, 'runs as a worker')
parentPort.postMessage(roles[options.role]())
