import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, textOf } from '../../base/bytes.ts'
import * as listpack from './listpack.ts'
import { look, looked, removeEqual } from './listpack-search.ts'

const AT = 8
const CAPACITY = 1 << 16
const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  '1',
  '127',
  '-5',
  '300',
  '4096',
  '9223372036854775807',
  'x'.repeat(70),
  'y'.repeat(200),
]

const elements = fc.array(fc.constantFrom(...TEXTS), { maxLength: 60 })
const wanted = fc.constantFrom(...TEXTS, 'none')
const most = fc.constantFrom(1, 2, 3, 10, Number.POSITIVE_INFINITY)

function filled(texts: readonly string[]): Uint8Array {
  const u8 = new Uint8Array(CAPACITY)
  listpack.initializeListpack(u8, AT)
  for (const text of texts) listpack.insert(u8, AT, listpack.end(u8, AT), bytesOf(text), 0, text.length)
  return u8
}

function textsIn(u8: Uint8Array): string[] {
  const texts: string[] = []
  for (let p = listpack.first(AT); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
    listpack.read(u8, p)
    const { bytes, offset, length } = listpack.element
    texts.push(textOf(bytes, offset, length))
  }
  return texts
}

test('takes out what an array would take out, from either end', () => {
  fc.assert(
    fc.property(elements, wanted, fc.boolean(), most, (texts, text, fromHead, count) => {
      const u8 = filled(texts)
      const places = texts.flatMap((each, i) => (each === text ? [i] : []))
      const gone = new Set(fromHead ? places.slice(0, count) : places.slice(Math.max(0, places.length - count)))
      expect(removeEqual(u8, AT, fromHead, count, bytesOf(text), 0, text.length)).toBe(gone.size)
      listpack.checkListpack(u8, AT, CAPACITY - AT)
      expect(textsIn(u8)).toEqual(texts.filter((_each, i) => !gone.has(i)))
    }),
  )
})

test('looks in either direction, and no further than it may', () => {
  fc.assert(
    fc.property(elements, wanted, fc.boolean(), most, (texts, text, forward, count) => {
      if (texts.length === 0) return
      const u8 = filled(texts)
      const from = listpack.seek(u8, AT, forward ? 0 : -1)
      look(u8, AT, from, forward, bytesOf(text), 0, text.length, count)
      const inOrder = (forward ? texts : texts.toReversed()).slice(0, count)
      const index = inOrder.indexOf(text)
      expect(looked.passed).toBe(index < 0 ? inOrder.length : index)
      expect(looked.p).toBe(index < 0 ? 0 : listpack.seek(u8, AT, forward ? index : -1 - index))
    }),
  )
})
