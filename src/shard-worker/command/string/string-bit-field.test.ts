import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIRTY } from '../../keyspace/shard-layout.ts'
import { TestEngine } from '../../testing.ts'

test('fields of any width are set, read and added to as in an array of bits', () => {
  const operation = fc.record({
    set: fc.boolean(),
    signed: fc.boolean(),
    bits: fc.integer({ min: 1, max: 63 }),
    offset: fc.nat(100),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const engine = new TestEngine({ arenaBytes: 512 * 1024 })
      const model: number[] = new Array(200).fill(0)
      for (const { set, signed, bits, offset, value } of operations) {
        const encoding = `${signed ? 'i' : 'u'}${bits}`
        const wrapped = (number: bigint) => (signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number))
        const old = wrapped(BigInt(`0b${model.slice(offset, offset + bits).join('')}`))
        const fresh = wrapped(set ? value : old + value)
        const [reply] = engine.must(
          'BITFIELD',
          'k',
          set ? 'SET' : 'INCRBY',
          encoding,
          String(offset),
          String(value),
        ) as (number | bigint)[]
        expect(BigInt(reply)).toBe(set ? old : fresh)
        const digits = BigInt.asUintN(bits, fresh).toString(2).padStart(bits, '0')
        for (let i = 0; i < bits; i++) model[offset + i] = Number(digits[i])
        expect(BigInt((engine.must('BITFIELD_RO', 'k', 'GET', encoding, String(offset)) as number[])[0])).toBe(fresh)
      }
      engine.check()
    }),
  )
})

test('a field that overflows wraps, stays at its bound, or is left alone', () => {
  const engine = new TestEngine()
  const field = (...words: string[]) => engine.must('BITFIELD', 'k', ...words)
  expect(field('SET', 'u8', '0', '255', 'INCRBY', 'u8', '0', '1')).toEqual([0, 0])
  expect(field('OVERFLOW', 'SAT', 'SET', 'u8', '0', '250', 'INCRBY', 'u8', '0', '10')).toEqual([0, 255])
  expect(field('OVERFLOW', 'FAIL', 'INCRBY', 'u8', '0', '1', 'GET', 'u8', '0')).toEqual([null, 255])
  expect(field('OVERFLOW', 'SAT', 'INCRBY', 'i8', '8', '-200', 'INCRBY', 'i8', '8', '300')).toEqual([-128, 127])
  expect(field('SET', 'i64', '#3', '9223372036854775807', 'INCRBY', 'i64', '#3', '1')).toEqual([0, -(2n ** 63n)])
  // As in Redis: the negative value counts as a large one, and how far below it lies is asked in 64 bits.
  expect(field('OVERFLOW', 'SAT', 'SET', 'u8', '0', '-1', 'GET', 'u8', '0')).toEqual([255, 255])
  expect(field('OVERFLOW', 'SAT', 'SET', 'i8', '8', '-9223372036854775808', 'GET', 'i8', '8')).toEqual([127, 127])
})

test('the string grows as far as any write reaches, even one that fails', () => {
  const engine = new TestEngine()
  expect(engine.must('BITFIELD', 'k', 'OVERFLOW', 'FAIL', 'SET', 'u4', '#5', '99', 'GET', 'u8', '1000')).toEqual([
    null,
    0,
  ])
  expect(engine.run('GET', 'k')).toBe('\0\0\0')
  expect(engine.engine.shards[0].counters[DIRTY]).toBe(0)
  expect(engine.must('BITFIELD', 'none')).toEqual([])
  expect(engine.must('BITFIELD_RO', 'none', 'GET', 'i8', '3')).toEqual([0])
  expect(engine.run('EXISTS', 'none')).toBe(0)
})

test('every operation is read before any runs', () => {
  const engine = new TestEngine()
  const type = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'
  const refused: [string[], string][] = [
    [['SET', 'u8', '0', '1', 'GET', 'u64', '0'], type],
    [['GET', 'i65', '0'], type],
    [['GET', 'u8', '-1'], 'ERR bit offset is not an integer or out of range'],
    [['GET', 'u8', '#9223372036854775807'], 'ERR bit offset is not an integer or out of range'],
    [['SET', 'u8', '0', 'x'], 'ERR value is not an integer or out of range'],
    [['OVERFLOW', 'NONE'], 'ERR Invalid OVERFLOW type specified'],
    [['SET', 'u8', '0'], 'ERR syntax error'],
    [['OVERFLOW'], 'ERR syntax error'],
  ]
  for (const [words, error] of refused) expect(engine.error('BITFIELD', 'k', ...words), words.join(' ')).toBe(error)
  expect(engine.error('BITFIELD_RO', 'k', 'SET', 'u8', '0', '1')).toBe(
    'ERR BITFIELD_RO only supports the GET subcommand',
  )
  expect(engine.run('EXISTS', 'k')).toBe(0)
})
