import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatBytes, formatCount, significant } from './figures.ts'
import { element, linearScale, linearTicks, logScale, logTicks, markupText } from './svg.ts'

test('text and attributes are escaped, numbers cut to two decimals', () => {
  expect(markupText('a<b>&"c"')).toBe('a&lt;b&gt;&amp;&quot;c&quot;')
  expect(element('rect', { class: '"x"', width: 1.23456 })).toBe('<rect class="&quot;x&quot;" width="1.23"></rect>')
})

test('linear ticks begin at 0, reach the highest value, and are few and even', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (highest) => {
      const ticks = linearTicks(highest, 5)
      expect(ticks[0]).toBe(0)
      expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(highest * (1 - 1e-9))
      expect(ticks.length).toBeLessThanOrEqual(7)
    }),
  )
})

test('logarithmic ticks enclose the values', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-4, max: 1e6, noNaN: true }),
      fc.double({ min: 1, max: 1e4, noNaN: true }),
      (low, factor) => {
        const high = low * factor
        const ticks = logTicks(low, high)
        expect(ticks[0]).toBeLessThanOrEqual(low)
        expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(high)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
      },
    ),
  )
})

test('scales meet their ends and middle', () => {
  expect([0, 5, 10].map(linearScale(0, 10, 100, 200))).toEqual([100, 150, 200])
  expect([1, 10, 100].map(logScale(1, 100, 0, 50)).map(Math.round)).toEqual([0, 25, 50])
})

test('figures keep three digits and no exponent', () => {
  expect([5_210_000, 152_300, 999.6, 12].map(formatCount)).toEqual(['5.21 M', '152 k', '1000', '12.0'])
  expect([0, 0.0001234, 0.0456, 1.5, 27182].map((value) => significant(value, 3))).toEqual([
    '0',
    '0.000123',
    '0.0456',
    '1.50',
    '27182',
  ])
  expect([10 << 20, 24 * 2 ** 30].map(formatBytes)).toEqual(['10.0 MiB', '24.0 GiB'])
})
