import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import type { ReplySlot } from '../reply/slot.ts'
import type { Connection } from '../socket/connection.ts'
import { ReplyQueue } from './reply-queue.ts'

/** Takes what is sent, as a connection does. */
class Taken {
  text = ''
  readonly connection = {
    sendOwned: (bytes: Uint8Array, length: number) => {
      this.text += textOf(bytes, 0, length)
    },
  } as Connection
}

test.each([false, true])(
  'replies leave in the order of their slots, in whatever order they come; whole: %s',
  (whole) => {
    const random = new Random(1)
    for (let round = 0; round < 200; round++) {
      const queue = new ReplyQueue(1000)
      const taken = new Taken()
      const slots = Array.from({ length: 1 + random.below(6) }, () => ({ slot: queue.open(false), text: '' }))
      const left = new Set(slots)
      let isEmpty = false
      while (left.size > 0) {
        const each = random.pick([...left])
        const chunk = String(random.below(100))
        each.text += chunk
        queue.hold(each.slot, bytesOf(chunk))
        if (random.chance(0.5)) {
          queue.finish(each.slot)
          left.delete(each)
        }
        isEmpty = queue.send(taken.connection, whole)
        const unfinished = slots.findIndex((of) => left.has(of))
        const gone = unfinished < 0 ? slots : slots.slice(0, whole ? unfinished : unfinished + 1)
        expect(taken.text).toBe(gone.map(({ text }) => text).join(''))
        expect(queue.heldBytes).toBe(slots.reduce((sum, { text }) => sum + text.length, 0) - taken.text.length)
      }
      expect([isEmpty, queue.isEmpty, queue.last, queue.pieces]).toEqual([true, true, null, 0])
    }
  },
)

test('as many commands may be ahead as their replies leave room for', () => {
  const queue = new ReplyQueue(10_000)
  const run = (commands: number, replyBytes: number): ReplySlot => {
    const slot = queue.open(false)
    for (let i = 0; i < commands; i++) queue.goAhead(slot)
    slot.bytes = commands * replyBytes
    return slot
  }
  const first = run(64, 5)
  expect([queue.isFarAhead, queue.isNear]).toEqual([true, false])
  queue.finish(first)
  expect([queue.isFarAhead, queue.isNear]).toEqual([false, true])
  queue.finish(run(64, 1000))
  run(8, 1000)
  expect(queue.isFarAhead).toBe(false)
  run(1, 1000)
  expect(queue.isFarAhead).toBe(true)
})
