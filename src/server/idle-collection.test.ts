import { expect, test } from 'vitest'
import { Traffic } from '../io/session/traffic.ts'
import { IdleCollection, WORTH_BYTES } from './idle-collection.ts'

test('garbage is collected when there may be enough of it and the clients are quiet', () => {
  const traffic = new Traffic()
  let held = 1000
  const collection = new IdleCollection(
    traffic,
    () => held,
    () => (held = 2000),
  )
  collection.tick()
  held += WORTH_BYTES - 1
  collection.tick()
  expect(collection.count).toBe(0)
  held += 1
  traffic.reads += 1000
  collection.tick()
  expect(collection.count).toBe(0)
  traffic.reads += 100
  collection.tick()
  expect(collection.count).toBe(1)
  expect(held).toBe(2000)
})

test('what is alive is not collected over and over', () => {
  let held = 0
  const collection = new IdleCollection(
    new Traffic(),
    () => held,
    () => {},
  )
  held = 2 * WORTH_BYTES
  collection.tick()
  collection.tick()
  expect(collection.count).toBe(1)
  held = 0
  collection.tick()
  held = WORTH_BYTES
  collection.tick()
  expect(collection.count).toBe(2)
})

test('large buffers that nobody holds are given back', async () => {
  const collection = new IdleCollection(new Traffic())
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 4; i++) new Uint8Array(WORTH_BYTES / 2).fill(1)
  // V8 frees the memory of collected buffers on a thread of its own, so it may take a moment to show.
  const held = () => {
    collection.tick()
    return process.memoryUsage().arrayBuffers - before
  }
  await expect.poll(held, { timeout: 10_000 }).toBeLessThan(WORTH_BYTES)
})
