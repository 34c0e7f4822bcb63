/* What the writer writes is what the reader reads, in whatever pieces it comes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MORE_BYTES, RdbError, RdbReader, RdbText } from './reader.ts'
import { latin1 } from './testing.ts'
import { RdbWriter } from './writer.ts'

const length = fc.oneof(
  fc.nat(100),
  fc.nat(20000),
  fc.nat(2 ** 31 - 1),
  fc.constantFrom(63, 64, 16383, 16384, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
)
const text = fc.oneof(
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 60 }),
  fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String),
  fc.integer({ min: -70000, max: 70000 }).map(String),
  fc.tuple(fc.string({ minLength: 1, maxLength: 5, unit: 'binary-ascii' }), fc.nat(40)).map(([s, n]) => s.repeat(n)),
)
type Item = { kind: 'length'; value: number } | { kind: 'text'; value: string } | { kind: 'time'; value: number }
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ kind: fc.constant('length' as const), value: length }),
  fc.record({ kind: fc.constant('text' as const), value: text }),
  fc.record({ kind: fc.constant('time' as const), value: fc.integer() }),
)

function write(writer: RdbWriter, { kind, value }: Item): void {
  if (kind === 'length') writer.integer(value)
  else if (kind === 'text') writer.text(value)
  else writer.time(value, ~value)
}

function read(reader: RdbReader, { kind, value }: Item, text: RdbText): void {
  if (kind === 'length') return expect(reader.integer()).toBe(value)
  if (kind === 'time') {
    expect(reader.word()).toBe(value)
    return expect(reader.word()).toBe(~value)
  }
  reader.string(text)
  expect(latin1(text.bytes.slice(text.offset, text.offset + text.length))).toBe(value)
}

test('what was written is read, in any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(item),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 50 })),
      (items, compresses, pieces) => {
        const writer = new RdbWriter()
        writer.compresses = compresses
        for (const each of items) write(writer, each)
        const reader = new RdbReader()
        reader.toCome = writer.length
        const text = new RdbText()
        let fed = 0
        let piece = 0
        for (let i = 0; i < items.length; ) {
          try {
            read(reader, items[i], text)
            reader.commit()
            i++
          } catch (error) {
            if (error !== MORE_BYTES) throw error
            reader.rewind()
            const size = Math.min(pieces[piece++ % Math.max(pieces.length, 1)] ?? 7, writer.length - fed)
            reader.feed(writer.bytes, fed, size)
            fed += size
          }
        }
        expect(reader.left).toBe(0)
        expect(fed).toBe(writer.length)
      },
    ),
  )
})

test('integers take one, two or four bytes beside their kind, as in Redis', () => {
  const written = (text: string) => {
    const writer = new RdbWriter()
    writer.text(text)
    return Buffer.from(writer.bytes.subarray(0, writer.length)).toString('hex')
  }
  expect(written('-1')).toBe('c0ff')
  expect(written('128')).toBe('c18000')
  expect(written('-32769')).toBe('c2ff7fffff')
  expect(written('2147483648')).toBe('0a32313437343833363438')
  expect(written('01')).toBe('023031')
  expect(written('a'.repeat(21))).toMatch(/^c3/)
  expect(written('a'.repeat(20))).toMatch(/^14/)
})

test('what claims to be longer than all there is is refused at once', () => {
  for (const claim of [5, 2 ** 31, 2 ** 40]) {
    const writer = new RdbWriter()
    writer.integer(claim)
    writer.raw(new Uint8Array(4), 0, 4)
    const reader = new RdbReader()
    reader.open(writer.bytes, 0, writer.length)
    expect(() => reader.string(new RdbText()), String(claim)).toThrow(RdbError)
  }
})

test('a compressed string that claims more than its bytes can stand for is refused', () => {
  const writer = new RdbWriter()
  writer.lzf(Uint8Array.of(0, 97), 0, 2, 2 ** 31)
  const reader = new RdbReader()
  reader.open(writer.bytes, 0, writer.length)
  expect(() => reader.string(new RdbText())).toThrow('Invalid LZF compressed string')
})

test('a cleared writer has room again, and gives back much of it', () => {
  const writer = new RdbWriter()
  const { bytes } = writer
  writer.raw(new Uint8Array(3 * 1024 * 1024), 0, 3 * 1024 * 1024)
  writer.clear()
  expect(writer.length).toBe(0)
  expect(writer.bytes.length).toBe(bytes.length)
})
