/* Payloads of every form that a value can be written in, whole and broken, restored in an engine. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ErrorReply, TestEngine } from '../testing.ts'
import {
  CONTAINER_PACKED,
  CONTAINER_PLAIN,
  ENCODED,
  ENCODED_LZF,
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_HASH_LISTPACK_EX,
  RDB_HASH_LISTPACK_EX_PRE_GA,
  RDB_HASH_METADATA,
  RDB_HASH_METADATA_PRE_GA,
  RDB_HASH_ZIPLIST,
  RDB_HASH_ZIPMAP,
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
  RDB_LIST_ZIPLIST,
  RDB_STRING,
} from './format.ts'
import { latin1, listpackOf, payloadOf, withChecksum, ziplistOf, zipmapOf } from './testing.ts'
import type { RdbWriter } from './writer.ts'

const PAIRS = ['name', 'value', '1', '-2', '70000', '8589934592', 'x', '', 'long', 'y'.repeat(300), '', 'z']

const blob = (rdbType: number, bytes: Uint8Array) =>
  payloadOf(rdbType, (writer) => writer.string(bytes, 0, bytes.length))

const fieldByField = (texts: readonly string[]) =>
  payloadOf(RDB_HASH, (writer) => {
    writer.integer(texts.length / 2)
    for (const text of texts) writer.text(text)
  })

const HASHES: Record<string, (texts: readonly string[]) => Uint8Array> = {
  'field by field': fieldByField,
  listpack: (texts) => blob(RDB_HASH_LISTPACK, listpackOf(texts)),
  ziplist: (texts) => blob(RDB_HASH_ZIPLIST, ziplistOf(texts)),
  zipmap: (texts) => blob(RDB_HASH_ZIPMAP, zipmapOf(texts)),
}

/** Nodes of three elements, the longest ones plain. */
const nodes = (
  texts: readonly string[],
  write: (writer: RdbWriter, node: readonly string[]) => void,
  rdbType: number,
) =>
  payloadOf(rdbType, (writer) => {
    const count = Math.ceil(texts.length / 3)
    writer.integer(count)
    for (let i = 0; i < count; i++) write(writer, texts.slice(3 * i, 3 * i + 3))
  })

function writePacked(writer: RdbWriter, node: readonly string[]): void {
  const bytes = listpackOf(node)
  writer.integer(CONTAINER_PACKED)
  writer.string(bytes, 0, bytes.length)
}

function writeZiplist(writer: RdbWriter, node: readonly string[]): void {
  const bytes = ziplistOf(node)
  writer.string(bytes, 0, bytes.length)
}

const LISTS: Record<string, (texts: readonly string[]) => Uint8Array> = {
  'element by element': (texts) =>
    payloadOf(RDB_LIST, (writer) => {
      writer.integer(texts.length)
      for (const text of texts) writer.text(text)
    }),
  'as a ziplist': (texts) => blob(RDB_LIST_ZIPLIST, ziplistOf(texts)),
  'as ziplists': (texts) => nodes(texts, writeZiplist, RDB_LIST_QUICKLIST),
  'as listpacks': (texts) => nodes(texts, writePacked, RDB_LIST_QUICKLIST_2),
  'with plain nodes': (texts) =>
    payloadOf(RDB_LIST_QUICKLIST_2, (writer) => {
      writer.integer(texts.length)
      for (const text of texts) {
        if (text.length % 2 === 0) writePacked(writer, [text])
        else {
          writer.integer(CONTAINER_PLAIN)
          writer.text(text)
        }
      }
    }),
}

const STRINGS = ['', 'text', '7', '-300', '123456', '12345678901', 'a'.repeat(100), `${'ab'.repeat(3000)}c`]

const engine = new TestEngine()

function restore(payload: Uint8Array, ...options: string[]) {
  return engine.run('RESTORE', 'key', '0', latin1(payload), ...options)
}

test.each(Object.entries(HASHES))('a hash written %s is restored', (_, payloadOf) => {
  expect(restore(payloadOf(PAIRS), 'REPLACE')).toBe('OK')
  const all = engine.must('HGETALL', 'key') as string[]
  const pairs = (texts: string[]) =>
    Array.from({ length: texts.length / 2 }, (_, i) => `${texts[2 * i]}=${texts[2 * i + 1]}`)
  expect(pairs(all).sort()).toEqual(pairs(PAIRS).sort())
  engine.check()
})

test.each(Object.entries(HASHES))('a hash written %s becomes a hashtable when it has many fields', (_, payloadOf) => {
  const many = Array.from({ length: 513 }, (_, i) => [`f${i}`, String(i)]).flat()
  expect(restore(payloadOf(many), 'REPLACE')).toBe('OK')
  expect(engine.run('OBJECT', 'ENCODING', 'key')).toBe('hashtable')
  expect(engine.run('HLEN', 'key')).toBe(513)
  engine.check()
  expect(restore(payloadOf(many.slice(2)), 'REPLACE')).toBe('OK')
  expect(engine.run('OBJECT', 'ENCODING', 'key')).toBe('listpack')
  engine.check()
})

test.each(Object.entries(HASHES))(
  'a hash written %s with a field twice, or without any, is refused',
  (_, payloadOf) => {
    for (const texts of [[], ['a', '1', 'a', '2'], ['1', 'x', '2', 'y', '1', 'x'], ['', '', '', '']]) {
      engine.must('SET', 'key', 'kept')
      expect(restore(payloadOf(texts), 'REPLACE')).toEqual(new ErrorReply('ERR Bad data format'))
      expect(engine.run('GET', 'key')).toBe('kept')
      engine.check()
    }
  },
)

test.each(Object.entries(LISTS))('a list written %s is restored', (_, payloadOf) => {
  for (const texts of [PAIRS, ['one'], [''], Array.from({ length: 3000 }, (_, i) => `element ${i}`)]) {
    expect(restore(payloadOf(texts), 'REPLACE')).toBe('OK')
    expect(engine.run('LRANGE', 'key', '0', '-1')).toEqual(texts)
    engine.check()
  }
  engine.must('SET', 'key', 'kept')
  expect(restore(payloadOf([]), 'REPLACE')).toEqual(new ErrorReply('ERR Bad data format'))
  engine.check()
})

test('a list that is one short node is a listpack again, but for an old ziplist, as in Redis 7.2', () => {
  for (const [how, payloadOf] of Object.entries(LISTS)) {
    expect(restore(payloadOf(['a', 'b']), 'REPLACE')).toBe('OK')
    const isQuicklist = how === 'as a ziplist' || how === 'with plain nodes'
    expect(engine.run('OBJECT', 'ENCODING', 'key'), how).toBe(isQuicklist ? 'quicklist' : 'listpack')
  }
})

test('nodes without elements, or of an unknown kind, are no list', () => {
  const nothing = listpackOf([])
  const written = (container: number, bytes: Uint8Array) =>
    payloadOf(RDB_LIST_QUICKLIST_2, (writer) => {
      writer.integer(1)
      writer.integer(container)
      writer.string(bytes, 0, bytes.length)
    })
  for (const container of [0, 3]) {
    expect(restore(written(container, listpackOf(['a'])), 'REPLACE')).toEqual(new ErrorReply('ERR Bad data format'))
  }
  expect(restore(written(CONTAINER_PACKED, nothing), 'REPLACE')).toEqual(new ErrorReply('ERR Bad data format'))
  expect(restore(written(CONTAINER_PLAIN, new Uint8Array(0)), 'REPLACE')).toEqual(new ErrorReply('ERR Bad data format'))
  engine.check()
})

test('strings are restored with the encoding that SET would give', () => {
  for (const text of STRINGS) {
    expect(
      restore(
        payloadOf(RDB_STRING, (writer) => writer.text(text)),
        'REPLACE',
      ),
    ).toBe('OK')
    expect(engine.run('GET', 'key')).toBe(text)
    engine.must('SET', 'other', text)
    expect(engine.run('OBJECT', 'ENCODING', 'key')).toBe(engine.run('OBJECT', 'ENCODING', 'other'))
  }
})

test('a version that is not known yet, or a wrong checksum, is refused', () => {
  const sound = (version: number) => payloadOf(RDB_STRING, (writer) => writer.text('text'), version)
  for (const version of [1, 10, 11, 12]) expect(restore(sound(version), 'REPLACE')).toBe('OK')
  const error = new ErrorReply('ERR DUMP payload version or checksum are wrong')
  for (const version of [13, 80, 256]) expect(restore(sound(version), 'REPLACE')).toEqual(error)
  for (let i = 0; i < 8; i++) {
    const wrong = sound(10)
    wrong[wrong.length - 1 - i] ^= 1
    expect(restore(wrong, 'REPLACE')).toEqual(error)
    engine.engine.configure('skip-checksum-validation', 'yes')
    expect(restore(wrong, 'REPLACE')).toBe('OK')
    engine.engine.configure('skip-checksum-validation', 'no')
  }
})

const payloads: Uint8Array[] = [
  ...STRINGS.map((text) => payloadOf(RDB_STRING, (writer) => writer.text(text))),
  ...[...Object.values(HASHES), ...Object.values(LISTS)].flatMap((payloadOf) => [
    payloadOf(PAIRS),
    payloadOf(PAIRS.slice(0, 6)),
  ]),
]

test('a broken payload is an error or some sound value, and never anything else', () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }))
  fc.assert(
    fc.property(
      fc.constantFrom(...payloads),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (whole, changes, mends) => {
        const payload = whole.slice()
        for (const [at, bits] of changes) payload[at % (payload.length - (mends ? 10 : 0))] ^= bits
        engine.must('SET', 'key', 'kept')
        const reply = restore(mends ? withChecksum(payload) : payload, 'REPLACE')
        if (reply !== 'OK') expect(engine.run('GET', 'key')).toBe('kept')
        engine.check()
        const copy = engine.must('DUMP', 'key') as string
        expect(engine.run('RESTORE', 'copy', '0', copy, 'REPLACE')).toBe('OK')
        expect(engine.run('DEBUG', 'DIGEST-VALUE', 'copy')).toEqual(engine.run('DEBUG', 'DIGEST-VALUE', 'key'))
      },
    ),
    { numRuns: 1500 },
  )
})

test('a payload cut short is refused, wherever it is cut', () => {
  for (const payload of payloads) {
    engine.must('SET', 'key', 'kept')
    for (let length = 0; length < Math.min(payload.length, 200); length++) {
      const cut = payload.slice(0, length)
      if (length > 11) {
        cut[length - 10] = 10
        cut[length - 9] = 0
        withChecksum(cut)
      }
      const reply = restore(cut, 'REPLACE')
      if (reply === 'OK') engine.must('SET', 'key', 'kept')
      expect(engine.run('GET', 'key')).toBe('kept')
    }
    engine.check()
  }
})

test('a value that does not fit leaves the old one and no garbage', () => {
  const small = new TestEngine({ arenaBytes: 512 * 1024 })
  small.must('SET', 'key', 'kept')
  small.check()
  const big = payloadOf(RDB_STRING, (writer) => writer.text('abc'.repeat(400_000)))
  const many = fieldByField(Array.from({ length: 40_000 }, (_, i) => String(i)))
  const wide = blob(RDB_HASH_LISTPACK, listpackOf(Array.from({ length: 20_000 }, (_, i) => `field ${i}`)))
  const list = LISTS['as listpacks'](Array.from({ length: 20_000 }, (_, i) => `element ${i}`))
  for (const payload of [big, many, wide, list]) {
    expect(small.run('RESTORE', 'key', '0', latin1(payload), 'REPLACE')).toBeInstanceOf(ErrorReply)
    expect(small.run('GET', 'key')).toBe('kept')
    small.check()
  }
})

test('a string that says it decompresses to more than a shard holds is not decompressed', () => {
  const small = new TestEngine({ arenaBytes: 512 * 1024 })
  small.must('SET', 'key', 'kept')
  for (const rdbType of [RDB_STRING, RDB_LIST]) {
    const payload = payloadOf(rdbType, (writer) => {
      if (rdbType === RDB_LIST) writer.integer(1)
      writer.byte(ENCODED | ENCODED_LZF)
      writer.integer(10_000)
      writer.integer(800_000)
      // No compressed string: who looks at it finds that out.
      for (let i = 0; i < 10_000; i++) writer.byte(255)
    })
    expect(small.error('RESTORE', 'key', '0', latin1(payload), 'REPLACE')).toMatch(/^OOM/)
    expect(engine.error('RESTORE', 'key', '0', latin1(payload), 'REPLACE')).toBe('ERR Bad data format')
  }
  expect(small.run('GET', 'key')).toBe('kept')
  small.check()
})

/** Fields with value and expiry in Unix milliseconds, 0 for none, as each form of Redis 7.4 has them. */
type Volatile = readonly (readonly [string, string, number])[]

const soonestOf = (fields: Volatile) => Math.min(...fields.map(([, , expiry]) => expiry).filter((expiry) => expiry > 0))

const writeTime = (writer: RdbWriter, ms: number) => writer.time(ms >>> 0, Math.floor(ms / 2 ** 32))

const VOLATILE: Record<string, (fields: Volatile) => Uint8Array> = {
  'field by field': (fields) =>
    payloadOf(RDB_HASH_METADATA, (writer) => {
      const soonest = soonestOf(fields)
      writeTime(writer, soonest)
      writer.integer(fields.length)
      for (const [field, value, expiry] of fields) {
        writer.integer(expiry === 0 ? 0 : expiry - soonest + 1)
        writer.text(field)
        writer.text(value)
      }
    }),
  'field by field by a release candidate': (fields) =>
    payloadOf(RDB_HASH_METADATA_PRE_GA, (writer) => {
      writer.integer(fields.length)
      for (const [field, value, expiry] of fields) {
        writer.integer(expiry)
        writer.text(field)
        writer.text(value)
      }
    }),
  'as a listpack': (fields) =>
    payloadOf(RDB_HASH_LISTPACK_EX, (writer) => {
      const bytes = listpackOf(fields.flatMap(([field, value, expiry]) => [field, value, String(expiry)]))
      writeTime(writer, soonestOf(fields))
      writer.string(bytes, 0, bytes.length)
    }),
  'as a listpack by a release candidate': (fields) =>
    blob(
      RDB_HASH_LISTPACK_EX_PRE_GA,
      listpackOf(fields.flatMap(([field, value, expiry]) => [field, value, String(expiry)])),
    ),
}

const IN_2100 = 4_102_444_800_000
const VOLATILE_FIELDS: Volatile = [
  ['a', '1', IN_2100],
  ['b', 'text', IN_2100 + 1],
  ['c', 'y'.repeat(60), 2 ** 46],
  ['d', '', 0],
]

test.each(Object.entries(VOLATILE))('a hash of which fields expire, written %s, is restored', (_, payload) => {
  for (const limit of ['512', '2']) {
    engine.engine.configure('hash-max-listpack-entries', limit)
    expect(restore(payload(VOLATILE_FIELDS), 'REPLACE')).toBe('OK')
    expect(engine.must('HPEXPIRETIME', 'key', 'FIELDS', '4', 'a', 'b', 'c', 'd')).toEqual([
      IN_2100,
      IN_2100 + 1,
      2 ** 46,
      -1,
    ])
    expect(engine.must('HMGET', 'key', 'a', 'b', 'c', 'd')).toEqual(VOLATILE_FIELDS.map(([, value]) => value))
    expect(engine.must('OBJECT', 'ENCODING', 'key')).toBe(limit === '2' ? 'hashtable' : 'listpackex')
    engine.check()
    const dumped = engine.must('DUMP', 'key') as string
    expect(dumped.charCodeAt(dumped.length - 10)).toBe(12)
    expect(engine.must('RESTORE', 'key', '0', dumped, 'REPLACE')).toBe('OK')
    expect(engine.must('DUMP', 'key')).toBe(dumped)
    engine.must('HPERSIST', 'key', 'FIELDS', '3', 'a', 'b', 'c')
    const plain = engine.must('DUMP', 'key') as string
    expect([plain.charCodeAt(0), plain.charCodeAt(plain.length - 10)]).toEqual([RDB_HASH, 11])
    engine.check()
  }
  engine.engine.configure('hash-max-listpack-entries', '512')
})

test.each(Object.entries(VOLATILE))('a broken hash of which fields expire, written %s, is refused', (_, payload) => {
  const refused = (fields: Volatile) => expect(restore(payload(fields), 'REPLACE')).toBeInstanceOf(ErrorReply)
  refused([...VOLATILE_FIELDS.slice(0, 2), ['a', '2', 2 ** 45], ...VOLATILE_FIELDS.slice(2)])
  refused([['a', '1', 2 ** 48]])
  engine.check()
  expect(engine.must('RESTORE', 'key', '0', latin1(payload(VOLATILE_FIELDS)), 'REPLACE')).toBe('OK')
})

test.each([
  ['an expiry that is no integer', ['a', '1', 'x']],
  ['an expiry in the past of an earlier one', ['a', '1', '5', 'b', '1', '4']],
  ['an expiry behind a field without one', ['a', '1', '0', 'b', '1', '4']],
  ['an expiry missing', ['a', '1', '5', 'b', '1']],
])('a listpack with %s is refused', (_, texts) => {
  const bytes = listpackOf(texts)
  expect(restore(blob(RDB_HASH_LISTPACK_EX_PRE_GA, bytes), 'REPLACE')).toBeInstanceOf(ErrorReply)
  engine.check()
})
