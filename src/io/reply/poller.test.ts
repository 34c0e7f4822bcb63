import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Doorbell } from '../../shm/sync/doorbell.ts'
import type { Sequencer } from '../routing/sequencer.ts'
import { ReplyPoller } from './poller.ts'

/** A sequencer that only counts: `waiting` runs, of which each drain finishes those that are `ready`. */
function pollerOver() {
  const state = { waiting: 0, ready: 0, drains: 0, rings: 0 }
  const sequencer = {
    drain() {
      state.drains++
      const handled = state.ready
      state.waiting -= handled
      state.ready = 0
      return handled
    },
    ring() {
      state.rings++
    },
    get isWaiting() {
      return state.waiting > 0
    },
    get hasWork() {
      return state.ready > 0
    },
  }
  const words = new Int32Array(new SharedArrayBuffer(128))
  const poller = new ReplyPoller(sequencer as unknown as Sequencer, new Doorbell(words, 0))
  return { state, poller, worker: new Doorbell(words, 0) }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

test('it polls while something is in flight and not a turn longer', async () => {
  const { state, poller } = pollerOver()
  state.waiting = 1
  poller.schedule()
  await turns(3)
  expect(state.drains).toBeGreaterThan(1)
  state.ready = 1
  await turns(3)
  expect(state.waiting).toBe(0)
  const { drains } = state
  await turns(5)
  expect(state.drains).toBe(drains)
})

test('it sleeps when nothing comes, and a ring of the doorbell wakes it', async () => {
  const { state, poller, worker } = pollerOver()
  state.waiting = 1
  poller.schedule()
  await turns(100)
  const { drains } = state
  await turns(20)
  expect(state.drains).toBe(drains)
  state.ready = 1
  worker.ring()
  while (state.waiting > 0) await turn()
  expect(state.drains).toBeGreaterThan(drains)
})

test('asleep, it still announces what is pushed then', async () => {
  const { state, poller } = pollerOver()
  state.waiting = 1
  poller.schedule()
  await turns(100)
  const { rings } = state
  state.waiting = 2
  poller.schedule()
  while (state.rings === rings) await turn()
  expect(state.rings).toBeGreaterThan(rings)
})
