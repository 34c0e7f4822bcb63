/* Files written here and by hand, loaded whole, in pieces, cut short and broken. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { Crc64 } from '../../base/crc64.ts'
import { FaultyDisk } from '../../base/faulty-disk-testing.ts'
import { systemDisk } from '../../base/ports.ts'
import {
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRETIME,
  OPCODE_FUNCTION_PRE_GA,
  OPCODE_FUNCTION2,
  OPCODE_IDLE,
  OPCODE_MODULE_AUX,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  OPCODE_SLOT_INFO,
  RDB_HASH,
  RDB_HASH_ZIPMAP,
  RDB_LIST_ZIPLIST,
  RDB_MODULE_2,
  RDB_STRING,
} from '../../shard-worker/rdb/format.ts'
import { ziplistOf, zipmapOf } from '../../shard-worker/rdb/testing.ts'
import { RdbWriter } from '../../shard-worker/rdb/writer.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { type LoadOptions, RdbFileError } from './file-loader.ts'
import { writeChecksum, writeFileEnd } from './file-writer.ts'
import { FileLoad } from './load-file.ts'
import { type FileFormat, fileOf, fill, load, loadingInto } from './testing.ts'

const FORMAT: FileFormat = { version: 11, compression: true, checksum: true, saved: 'none' }

function filled(shards: number): TestEngine {
  const engine = new TestEngine({ shards, arenaBytes: 32 * 1024 * 1024 })
  fill(engine, new Random(3))
  return engine
}

const empty = (shards = 1) => new TestEngine({ shards, arenaBytes: 32 * 1024 * 1024 })

/** A file of this version with what `write` writes, and a checksum from version 5 on. */
function handmade(version: number, write: (writer: RdbWriter) => void): Uint8Array {
  const writer = new RdbWriter()
  const magic = Buffer.from(`REDIS${String(version).padStart(4, '0')}`)
  writer.raw(magic, 0, magic.length)
  write(writer)
  writeFileEnd(writer)
  if (version >= 5) {
    const crc = new Crc64()
    crc.update(writer.bytes, 0, writer.length)
    writeChecksum(writer, crc)
  }
  return writer.bytes.slice(0, writer.length)
}

function addString(writer: RdbWriter, key: string, value: string): void {
  writer.byte(RDB_STRING)
  writer.text(key)
  writer.text(value)
}

/** The lines that say why a file can't be loaded. */
function refusal(file: Uint8Array, options: Partial<LoadOptions> = {}, engine = empty()): readonly string[] {
  try {
    load(engine, file, options)
  } catch (error) {
    engine.check()
    if (error instanceof RdbFileError) return error.lines
    throw error
  }
  throw new Error('the file was loaded')
}

describe('a file that was written here', () => {
  const source = filled(3)
  const digest = source.must('DEBUG', 'DIGEST')

  test.each([10, 11, 12])('is loaded as it was, with version %i, in pieces of any size', (version) => {
    for (const [shards, compression, pieces] of [
      [1, true, [100_000]],
      [2, false, [1, 7, 3000]],
      [5, true, [64, 1024 * 1024]],
    ] as const) {
      const target = empty(shards)
      const { loader } = load(target, fileOf(source, { ...FORMAT, version, compression }), {}, pieces)
      expect(target.must('DEBUG', 'DIGEST')).toBe(digest)
      expect(loader.keysLoaded).toBe(600)
      target.check()
    }
  })

  test('tells who wrote it and how far it has come', () => {
    const file = fileOf(source, FORMAT)
    const { loader, aux } = load(empty(), file)
    expect(loader.loadedBytes).toBe(file.length)
    expect(aux.map(([name]) => name)).toEqual(['redis-ver', 'redis-bits', 'ctime', 'used-mem', 'aof-base'])
  })

  test('leaves out what has expired, unless it is to be kept', () => {
    for (const keepsExpired of [false, true]) {
      const late = empty()
      late.nowMs = source.nowMs + 2e9
      const { loader } = load(late, fileOf(source, FORMAT), { keepsExpired })
      expect(loader.keysExpired > 0).toBe(!keepsExpired)
      expect(loader.keysLoaded + loader.keysExpired).toBe(600)
      late.check()
    }
  })

  test.each([
    ['idle', 'allkeys-lru', 'IDLETIME', 77],
    ['frequency', 'allkeys-lfu', 'FREQ', 5],
  ] as const)('brings back the %s of keys', (saved, policy, subcommand, expected) => {
    const old = empty()
    old.engine.configure('maxmemory-policy', policy)
    old.must('SET', 'key', 'value')
    old.nowMs += 77_000
    const file = fileOf(old, { ...FORMAT, saved })
    const target = empty()
    target.engine.configure('maxmemory-policy', policy)
    target.nowMs = old.nowMs
    load(target, file)
    // A minute or more has passed for the counter of an LFU policy.
    expect(target.run('OBJECT', subcommand, 'key')).toBe(subcommand === 'FREQ' ? expected - 1 : expected)
  })

  test('is loaded from a disk that reads in small pieces, and refused by one that fails', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'spinel-load-'))
    try {
      const file = path.join(directory, 'dump.rdb')
      writeFileSync(file, fileOf(source, { ...FORMAT, compression: false }))
      const target = empty(2)
      const { host, options } = loadingInto(target, 0)
      const disk = new FaultyDisk()
      disk.part = (bytes) => Math.min(bytes, 1000)
      const loading = FileLoad.open(disk, file, host, options)!
      while (!loading.step(50_000));
      loading.close()
      expect(target.must('DEBUG', 'DIGEST')).toBe(digest)
      for (let failing = 0; failing < 3; failing++) {
        const bad = new FaultyDisk()
        bad.fault = (_call, number) => (number === failing ? 'EIO' : undefined)
        const { host, options } = loadingInto(empty(2), 0)
        expect(() => {
          const load = FileLoad.open(bad, file, host, options)
          while (!load?.step(50_000));
        }).toThrow(/Input\/output error/)
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('is loaded from the disk in slices', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'spinel-load-'))
    try {
      const file = path.join(directory, 'dump.rdb')
      writeFileSync(file, fileOf(source, { ...FORMAT, compression: false }))
      const target = empty(2)
      const { host, options } = loadingInto(target, 0)
      expect(FileLoad.open(systemDisk, path.join(directory, 'none.rdb'), host, options)).toBeNull()
      expect(() => FileLoad.open(systemDisk, directory, host, options)?.step(1)).toThrow(RdbFileError)
      const loading = FileLoad.open(systemDisk, file, host, options)!
      let slices = 0
      while (!loading.step(50_000)) slices++
      loading.close()
      expect(slices).toBeGreaterThan(5)
      expect(loading.loader.loadedBytes).toBe(loading.totalBytes)
      expect(target.must('DEBUG', 'DIGEST')).toBe(digest)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('is refused when it is cut short, wherever', () => {
    const small = empty()
    small.must('SET', 'a', 'x'.repeat(50), 'PXAT', String(small.nowMs + 5000))
    small.must('HSET', 'h', 'field', 'value')
    small.must('RPUSH', 'l', ...Array.from({ length: 1000 }, (_, i) => String(i)))
    small.must('HSET', 'big', ...Array.from({ length: 1200 }, (_, i) => String(i)))
    const file = fileOf(small, FORMAT)
    for (let length = 0; length < file.length; length += length < 200 ? 1 : 97) {
      const target = empty()
      const lines = refusal(file.slice(0, length), {}, target)
      expect(lines[0]).toBe('Short read or OOM loading DB. Unrecoverable error, aborting now.')
      expect(lines[1]).toContain('Unexpected EOF reading RDB file')
    }
  })

  test('is refused when its checksum is wrong, if that is asked for', () => {
    const file = fileOf(source, FORMAT)
    file[file.length - 3] ^= 1
    expect(refusal(file, {}, empty(2))[0]).toMatch(/^Wrong RDB checksum expected: \([0-9a-f]+\) but got \([0-9a-f]+\)/)
    load(empty(), file, { checksum: false })
    const { notices } = load(empty(), fileOf(source, { ...FORMAT, checksum: false }))
    expect(notices).toEqual(['RDB file was saved with checksum disabled: no check performed.'])
  })

  test('with broken bytes is refused or loaded, and the shards are sound', () => {
    const small = empty()
    fill(small, new Random(8), 12)
    const whole = fileOf(small, { ...FORMAT, checksum: false })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const file = whole.slice()
        for (const [at, value] of changes) file[at % file.length] = value
        const target = empty(2)
        try {
          load(target, file, {}, [5000])
        } catch (error) {
          if (!(error instanceof RdbFileError)) throw error
        }
        target.check()
      }),
      { numRuns: 300 },
    )
  })
})

test('a file of the first version has expiries in seconds and no checksum', () => {
  const engine = empty()
  const seconds = Math.floor(engine.nowMs / 1000) + 500
  const file = handmade(1, (writer) => {
    writer.byte(OPCODE_SELECTDB)
    writer.integer(2)
    writer.byte(OPCODE_EXPIRETIME)
    for (let i = 0; i < 4; i++) writer.byte((seconds >>> (8 * i)) & 255)
    addString(writer, 'key', 'value')
    for (const [type, key, bytes] of [
      [RDB_LIST_ZIPLIST, 'list', ziplistOf(['1', 'two'])],
      [RDB_HASH_ZIPMAP, 'hash', zipmapOf(['1', 'two'])],
    ] as const) {
      writer.byte(type)
      writer.text(key)
      writer.string(bytes, 0, bytes.length)
    }
  })
  load(engine, file)
  engine.select(2)
  expect(engine.run('EXPIRETIME', 'key')).toBe(seconds)
  expect(engine.run('LRANGE', 'list', '0', '-1')).toEqual(['1', 'two'])
  expect(engine.run('HGETALL', 'hash')).toEqual(['1', 'two'])
  engine.check()
})

test('keys without a value are left out', () => {
  const engine = empty()
  const { loader, notices } = load(
    engine,
    handmade(10, (writer) => {
      for (let i = 0; i < 12; i++) {
        writer.byte(RDB_HASH)
        writer.text(`empty ${i}`)
        writer.integer(0)
      }
      addString(writer, 'key', 'value')
    }),
  )
  expect(engine.run('KEYS', '*')).toEqual(['key'])
  expect([loader.keysLoaded, loader.emptyKeysSkipped, notices.length]).toEqual([1, 12, 10])
  expect(notices[0]).toBe('rdbLoadObject skipping empty key: empty 0')
})

test('what a file may hold beside keys is read or let pass', () => {
  const { aux, loader } = load(
    empty(),
    handmade(12, (writer) => {
      writer.byte(OPCODE_AUX)
      writer.text('repl-id')
      writer.text('1234')
      writer.byte(OPCODE_SLOT_INFO)
      for (let i = 0; i < 3; i++) writer.integer(i)
      writer.byte(OPCODE_IDLE)
      writer.integer(5)
      addString(writer, 'key', 'value')
    }),
  )
  expect(aux).toEqual([['repl-id', '1234']])
  expect(loader.keysLoaded).toBe(1)
})

/** The id of the module type `MyModType`, as a file has it. */
function writeModuleId(writer: RdbWriter): void {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let id = 0n
  for (const letter of 'MyModType') id = (id << 6n) | BigInt(alphabet.indexOf(letter))
  id = (id << 10n) | 3n
  writer.byte(0x81)
  for (let shift = 56n; shift >= 0n; shift -= 8n) writer.byte(Number((id >> shift) & 255n))
}

test.each<[string, Uint8Array]>([
  ['Wrong signature trying to load DB from file', Buffer.from('NOTREDIS and more')],
  ["Can't handle RDB format version 13", handmade(13, () => {})],
  ["Can't handle RDB format version 0", handmade(0, () => {})],
  [
    'FATAL: Data file was created with a Redis server configured to handle more than 16 databases. Exiting',
    handmade(10, (writer) => {
      writer.byte(OPCODE_SELECTDB)
      writer.integer(16)
    }),
  ],
  [
    "RDB has duplicated key 'key' in DB 0",
    handmade(10, (writer) => {
      addString(writer, 'key', '1')
      addString(writer, 'key', '2')
    }),
  ],
  [
    'Values of type set-intset cannot be read',
    handmade(10, (writer) => {
      writer.byte(11)
      writer.text('key')
    }),
  ],
  [
    'Values of type unknown type 99 cannot be read',
    handmade(10, (writer) => {
      writer.byte(99)
      writer.text('key')
    }),
  ],
  [
    'Failed loading library, functions are not supported',
    handmade(10, (writer) => {
      writer.byte(OPCODE_FUNCTION2)
      writer.text('#!lua name=mylib')
    }),
  ],
  ['Pre-release function format not supported.', handmade(10, (writer) => writer.byte(OPCODE_FUNCTION_PRE_GA))],
  [
    "The RDB file contains AUX module data I can't load: no matching module 'MyModType'",
    handmade(10, (writer) => {
      writer.byte(OPCODE_MODULE_AUX)
      writeModuleId(writer)
    }),
  ],
  [
    "The RDB file contains module data I can't load: no matching module type 'MyModType'",
    handmade(10, (writer) => {
      writer.byte(RDB_MODULE_2)
      writer.text('key')
      writeModuleId(writer)
    }),
  ],
])('%s', (line, file) => {
  expect(refusal(file)[0]).toContain(line)
})

test('what is wrong with a value is told with its key and type', () => {
  const file = handmade(10, (writer) => {
    addString(writer, 'first', 'value')
    writer.byte(RDB_LIST_ZIPLIST)
    writer.text('broken')
    writer.text('no ziplist')
  })
  const reason = /^Internal error in RDB reading offset \d+ -> List ziplist integrity check failed\.$/
  const lines = refusal(file)
  expect(lines[0]).toMatch(reason)
  expect(lines[1]).toBe('--- RDB ERROR DETECTED ---')
  expect(lines[2]).toBe(`[offset ${/\d+/.exec(lines[0])?.[0]}] ${lines[0]}`)
  expect(lines.slice(3)).toEqual([
    "[additional info] Reading key 'broken'",
    '[additional info] Reading type 10 (list-ziplist)',
  ])
})

test('a key that comes twice leaves no garbage, whatever its value', () => {
  const source = empty()
  source.must('SET', 'string', 'x'.repeat(2000))
  source.must('RPUSH', 'short list', 'a')
  source.must('RPUSH', 'list', ...Array.from({ length: 2000 }, (_, i) => String(i)))
  source.must('HSET', 'short hash', 'a', '1')
  source.must('HSET', 'hash', ...Array.from({ length: 2000 }, (_, i) => String(i)))
  source.must('HSET', 'volatile hash', 'a', '1', 'b', '2')
  source.must('HPEXPIREAT', 'volatile hash', String(source.nowMs + 9000), 'FIELDS', '1', 'a')
  for (const key of source.must('KEYS', '*') as string[]) {
    const one = empty()
    one.must('RESTORE', key, '0', source.must('DUMP', key) as string)
    const engine = empty()
    engine.must('SET', key, 'old')
    // It looks at the shards for blocks that nobody owns.
    expect(refusal(fileOf(one, FORMAT), {}, engine)[0]).toContain(`RDB has duplicated key '${key}' in DB 0`)
    expect(engine.must('GET', key)).toBe('old')
  }
})

test('a key that is there already can be replaced', () => {
  const engine = empty()
  engine.must('HSET', 'key', 'field', 'value')
  load(
    engine,
    handmade(10, (writer) => addString(writer, 'key', 'new')),
    { duplicates: 'replace' },
  )
  expect(engine.run('GET', 'key')).toBe('new')
  engine.check()
})

test('a file that says more keys come than its bytes can hold is not believed', () => {
  const engine = empty()
  const before = engine.engine.shards[0].arena.usedBytes
  load(
    engine,
    handmade(10, (writer) => {
      writer.byte(OPCODE_RESIZEDB)
      writer.integer(2 ** 40)
      writer.integer(2 ** 40)
      addString(writer, 'key', 'value')
    }),
  )
  expect(engine.run('GET', 'key')).toBe('value')
  expect(engine.engine.shards[0].arena.usedBytes - before).toBeLessThan(4096)
  engine.check()
})

test('a file that does not fit leaves sound shards', () => {
  const small = new TestEngine({ arenaBytes: 1024 * 1024 })
  const lines = refusal(fileOf(filled(1), FORMAT), {}, small)
  expect(lines[0]).toMatch(/^OOM loading DB: the shard that owns key '.+' in DB \d+ has no room left$/)
})

test('what comes after the end of a file is left where it is', () => {
  const engine = empty()
  const file = handmade(10, (writer) => addString(writer, 'key', 'value'))
  const { loader } = load(engine, Uint8Array.from([...file, OPCODE_EOF, 1, 2, 3]))
  expect(loader.loadedBytes).toBe(file.length)
})
