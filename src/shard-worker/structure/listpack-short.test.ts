import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { bytesOf } from '../../base/bytes.ts'
import * as listpack from './listpack.ts'
import { appendShort, isShortText, prependShort, SHORT_OVERHEAD_BYTES } from './listpack-short.ts'

const MIDDLE = 5000

function empty(): { u8: Uint8Array; view: DataView } {
  const u8 = new Uint8Array(2 * MIDDLE)
  listpack.initializeListpack(u8, MIDDLE)
  return { u8, view: new DataView(u8.buffer) }
}

test('what may be an integer, or is longer than 63 bytes, is no short text', () => {
  const short = ['', 'a', 'x'.repeat(63), '+1', ' 1', '/', ':', '\0', '\xff', 'a1']
  const others = ['0', '9', '-', '-1', '-x', '1x', 'x'.repeat(64)]
  for (const text of short) expect(isShortText(bytesOf(text), 0, text.length), text).toBe(true)
  for (const text of others) expect(isShortText(bytesOf(text), 0, text.length), text).toBe(false)
})

test('the bytes are those that insert() writes, at either end', () => {
  const random = new Random(7)
  const { u8, view } = empty()
  const plain = empty().u8
  let at = MIDDLE
  for (let step = 0; step < 100; step++) {
    const text = `${random.pick(['a', '~', ' '])}${'b'.repeat(random.pick([0, 1, 2, 3, 7, 30, 62]))}`
    const bytes = bytesOf(`..${text}`)
    const total = listpack.listpackBytes(u8, at)
    const atHead = random.chance(0.5)
    const p = atHead ? listpack.first(MIDDLE) : listpack.end(plain, MIDDLE)
    listpack.insert(plain, MIDDLE, p, bytes, 2, text.length)
    if (atHead) at = prependShort(u8, view, at, total, bytes, 2, text.length)
    else appendShort(u8, view, at, total, bytes, 2, text.length)
    expect(listpack.listpackBytes(u8, at) - total).toBe(text.length + SHORT_OVERHEAD_BYTES)
    listpack.checkListpack(u8, at, u8.length - at)
    const bytesNow = listpack.listpackBytes(u8, at)
    expect(Buffer.compare(u8.subarray(at, at + bytesNow), plain.subarray(MIDDLE, MIDDLE + bytesNow))).toBe(0)
  }
})

test('a count that is unknown stays it', () => {
  const { u8, view } = empty()
  u8.fill(0xff, MIDDLE + 4, MIDDLE + 6)
  appendShort(u8, view, MIDDLE, listpack.listpackBytes(u8, MIDDLE), bytesOf('a'), 0, 1)
  expect(view.getUint16(MIDDLE + 4)).toBe(0xffff)
  const at = prependShort(u8, view, MIDDLE, listpack.listpackBytes(u8, MIDDLE), bytesOf('b'), 0, 1)
  expect(view.getUint16(at + 4)).toBe(0xffff)
  expect(listpack.listpackCount(u8, at)).toBe(2)
})
