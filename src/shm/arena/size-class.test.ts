import { describe, expect, test } from 'vitest'
import { CLASS_COUNT, PAGE_BYTES } from './layout.ts'
import { CLASS_BYTES, CLASS_OF_UNITS, CLASS_SPAN_BLOCKS, CLASS_SPAN_PAGES, MAX_SMALL_BYTES } from './size-class.ts'

const classOf = (bytes: number): number => CLASS_OF_UNITS[(bytes + 7) >>> 3]

describe('size classes', () => {
  test('every request gets the smallest class that holds it', () => {
    for (let bytes = 0; bytes <= MAX_SMALL_BYTES; bytes++) {
      const sizeClass = classOf(bytes)
      const holds = CLASS_BYTES[sizeClass] >= bytes && (sizeClass === 1 || CLASS_BYTES[sizeClass - 1] < bytes)
      if (!holds) expect.fail(`${bytes} bytes got class ${sizeClass}`)
    }
    expect(classOf(1)).toBe(1)
    expect(classOf(MAX_SMALL_BYTES)).toBe(CLASS_COUNT)
  })

  test('up to 128 bytes a block is the request in units of 8', () => {
    for (let bytes = 1; bytes <= 128; bytes++) expect(CLASS_BYTES[classOf(bytes)]).toBe(Math.ceil(bytes / 8) * 8)
  })

  test('blocks are multiples of 8, and a request for cache lines gets whole ones', () => {
    for (let sizeClass = 1; sizeClass <= CLASS_COUNT; sizeClass++) expect(CLASS_BYTES[sizeClass] % 8).toBe(0)
    for (const bytes of [64, 128, 256, 512, 1024, 4096]) expect(CLASS_BYTES[classOf(bytes)]).toBe(bytes)
  })

  test('a span full of the least fitting requests of a class wastes less than an eighth', () => {
    for (let sizeClass = 17; sizeClass <= CLASS_COUNT; sizeClass++) {
      const leastFitting = CLASS_BYTES[sizeClass - 1] + 1
      const useful = CLASS_SPAN_BLOCKS[sizeClass] * leastFitting
      expect(1 - useful / (CLASS_SPAN_PAGES[sizeClass] * PAGE_BYTES)).toBeLessThan(1 / 8)
    }
  })

  test('spans of blocks up to 768 bytes take one page, and none more than 15', () => {
    for (let sizeClass = 1; CLASS_BYTES[sizeClass] <= 768; sizeClass++) expect(CLASS_SPAN_PAGES[sizeClass]).toBe(1)
    expect(Math.max(...CLASS_SPAN_PAGES)).toBe(15)
  })

  test('32-byte blocks fill their page', () => {
    expect(CLASS_SPAN_BLOCKS[classOf(32)] * 32).toBe(PAGE_BYTES)
  })
})
