import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Outbox, POST_BYTES, type Poster } from './outbox.ts'

class Owner implements Poster {
  given = ''
  sent = ''
  writes = 0

  sendPosted(bytes: Uint8Array, offset: number, length: number): void {
    this.sent += Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1')
    this.writes++
  }
}

/** Gives `length` bytes that tell where they stand, as a connection would: an owner that is not the newest flushes. */
function post(outbox: Outbox, owner: Owner, length: number): void {
  const text = `${owner.given.length}.`.repeat(length).slice(0, length)
  if (owner.sent.length < owner.given.length && !outbox.isNewest(owner)) outbox.flush()
  owner.given += text
  outbox.post(owner, Buffer.from(`??${text}`, 'latin1'), 2, length)
}

test('every owner gets its own bytes, in order, whatever is posted and flushed when', () => {
  const step = fc.record({
    owner: fc.nat(19),
    length: fc.oneof(fc.nat(100), fc.nat(POST_BYTES)),
    flushes: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outbox = new Outbox()
      const owners = Array.from({ length: 20 }, () => new Owner())
      for (const { owner, length, flushes } of steps) {
        post(outbox, owners[owner], length)
        if (flushes) outbox.flush()
      }
      outbox.flush()
      for (const owner of owners) expect(owner.sent).toBe(owner.given)
    }),
  )
})

test('replies of a few owners leave together, and of each in one piece', () => {
  const outbox = new Outbox()
  const owners = Array.from({ length: 8 }, () => new Owner())
  for (const owner of owners) for (let i = 0; i < 3; i++) post(outbox, owner, 10)
  expect(owners.map((owner) => owner.writes)).toEqual(Array(8).fill(0))
  const further = new Owner()
  post(outbox, further, 10)
  expect(owners.map((owner) => owner.writes)).toEqual(Array(8).fill(1))
  expect(further.writes).toBe(0)
})

test('the end of the turn flushes, once for all that was posted in it', async () => {
  const outbox = new Outbox()
  const owner = new Owner()
  for (let turn = 1; turn <= 3; turn++) {
    post(outbox, owner, 5)
    post(outbox, owner, 5)
    await new Promise((resolve) => setImmediate(resolve))
    expect(owner.writes).toBe(turn)
    expect(owner.sent).toBe(owner.given)
  }
})
