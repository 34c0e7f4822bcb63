import { expect, test } from 'vitest'
import { bytesOf } from '../base/bytes.ts'
import { DeferringWriter } from './deferring-writer.ts'
import { lengthBytes, RdbWriter } from './rdb/writer.ts'

/** Writes strings both ways; what was sent, put together with its marked strings compressed, and what it should be. */
function both(lengths: readonly number[], isCompressed: boolean) {
  const plain = new RdbWriter()
  plain.compresses = isCompressed
  const together = new RdbWriter()
  together.compresses = isCompressed
  let sent = 0
  let most = 0
  const take = () => {
    let from = 0
    for (let i = 0; i < writer.markCount; i++) {
      const at = writer.marks[2 * i]
      const length = writer.marks[2 * i + 1]
      together.raw(writer.bytes, from, at - from)
      together.string(writer.bytes, at + lengthBytes(length), length)
      from = at + lengthBytes(length) + length
    }
    together.raw(writer.bytes, from, writer.length - from)
    if (writer.markCount > 0) most = Math.max(most, writer.length)
    writer.clear()
    sent++
  }
  const writer = new DeferringWriter(() => isCompressed, take, take)
  for (const length of lengths) {
    const text = bytesOf('abcab'.repeat(length).slice(0, length))
    for (const each of [plain, writer]) each.string(text, 0, length)
    for (const each of [plain, writer]) each.integer(length)
  }
  take()
  return {
    deferred: Buffer.from(together.bytes.slice(0, together.length)),
    expected: Buffer.from(plain.bytes.slice(0, plain.length)),
    sent,
    most,
  }
}

const LENGTHS = [0, 5, 20, 21, 63, 64, 300, 16383, 16384, 60_000, 65_536, 65_537, 500_000, 21, ...Array(3000).fill(50)]

test.each([true, false])('comes to what a writer writes that defers nothing; compressed: %s', (isCompressed) => {
  const { deferred, expected, sent, most } = both(LENGTHS, isCompressed)
  expect(deferred.equals(expected)).toBe(true)
  expect(sent).toBeGreaterThan(3)
  expect(most).toBeLessThan(128 * 1024)
})
