import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, textOf } from '../../../base/bytes.ts'
import { orderByNumber, orderByText, Texts } from './sort-order.ts'

function textsOf(all: readonly (string | null)[]): Texts {
  const texts = new Texts()
  for (const text of all) {
    if (text === null) texts.addMissing()
    else texts.add(bytesOf(text), 0, text.length)
  }
  return texts
}

const binary = fc
  .array(fc.constantFrom(0, 1, 97, 98, 255), { maxLength: 12 })
  .map((codes) => textOf(Uint8Array.from(codes)))
const shared = fc.constantFrom('', 'element:', '\0')

test('texts are ordered as Buffers are, missing ones first, whatever they have in common', () => {
  fc.assert(
    fc.property(shared, fc.array(fc.option(binary), { maxLength: 80 }), (prefix, parts) => {
      const all = parts.map((part) => (part === null ? null : prefix + part))
      const texts = textsOf(all)
      const inOrder = Array.from(orderByText(texts), (i) => all[i])
      const there = all.filter((text) => text !== null)
      there.sort((a, b) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')))
      expect(inOrder).toEqual([...all.filter((text) => text === null), ...there])
    }),
  )
})

test('numbers are ordered, by the bytes of their texts where they are equal', () => {
  const number = fc.constantFrom(
    0,
    -0,
    1,
    -1,
    1.5,
    2 ** 60,
    -(2 ** 60),
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(number, binary), { maxLength: 80 }), (rows) => {
      const texts = textsOf(rows.map(([, text]) => text))
      const order = orderByNumber(
        Float64Array.from(rows, ([each]) => each),
        texts,
      )
      expect(new Set(order).size).toBe(rows.length)
      for (let i = 1; i < order.length; i++) {
        const [before, earlier] = rows[order[i - 1]]
        const [after, later] = rows[order[i]]
        expect(before <= after).toBe(true)
        if (before === after) expect(earlier <= later).toBe(true)
      }
    }),
  )
})

test('texts are cut at their first zero byte', () => {
  const texts = textsOf(['a\0b', '', '\0', null, 'xyz'])
  texts.cutAtZeros()
  expect([0, 1, 2, 3, 4].map((i) => textOf(texts.text(i)))).toEqual(['a', '', '', '', 'xyz'])
  expect(texts.isMissing(3)).toBe(true)
})
