import { expect, test } from 'vitest'
import { blockOf } from '../../keyspace/entry.ts'
import { TestEngine } from '../../testing.ts'
import { describeQuicklist, quicklistFields } from './debug-list.ts'

test('DEBUG OBJECT tells of the nodes of a quicklist', () => {
  const engine = new TestEngine()
  engine.engine.configure('list-max-listpack-size', '2')
  engine.engine.configure('list-compress-depth', '1')
  engine.must('RPUSH', 'l', 'a', 'b', 'c'.repeat(100), '4', '5')
  const { keyspace, entry } = engine.find('l')
  const fields = quicklistFields(keyspace.arena, blockOf(keyspace.arena, entry))
  expect(fields).toBe(' ql_nodes:3 ql_avg_node:1.67 ql_listpack_max:2 ql_compressed:1 ql_uncompressed_size:134')
  expect(engine.must('DEBUG', 'OBJECT', 'l')).toMatch(new RegExp(`lru_seconds_idle:\\d+${fields}$`))
  engine.must('RPUSH', 'short', 'a')
  expect(engine.must('DEBUG', 'OBJECT', 'short')).toMatch(/ encoding:listpack .*lru_seconds_idle:\d+$/)
})

test('DEBUG QUICKLIST describes nodes, and what is in them', () => {
  const engine = new TestEngine()
  engine.engine.configure('list-max-listpack-size', '2')
  engine.engine.configure('list-compress-depth', '1')
  engine.engine.configure('quicklist-packed-threshold', '200')
  engine.must('RPUSH', 'l', 'a', 'b', 'c'.repeat(100), '4', '5', 'd'.repeat(200))
  const { keyspace, entry } = engine.find('l')
  const text = describeQuicklist(keyspace.arena, blockOf(keyspace.arena, entry), true)
  expect(text).toContain('{count : 6}\n{len : 4}\n{fill : 2}\n{compress : 1}\n')
  expect(text).toContain('{container : PACKED, encoding: RAW, size: 13, count: 2}')
  expect(text).toContain('{container : PACKED, encoding: LZF, size: 112, count: 2}')
  expect(text).toContain(
    `{index 0, offset 6, bytes 103} ${'c'.repeat(40)}...\n{index 1, offset 109, bytes 2} 4\n{end}\n`,
  )
  expect(text).toContain(`{container : PLAIN, encoding: RAW, size: 200, count: 1}\n{ entry : ${'d'.repeat(200)} }`)
})

test('DEBUG LISTPACK and QUICKLIST refuse other encodings', () => {
  const engine = new TestEngine()
  engine.must('SET', 's', 'x')
  engine.must('RPUSH', 'l', 'x')
  expect(engine.error('DEBUG', 'LISTPACK', 's')).toBe('ERR Not a listpack encoded object.')
  expect(engine.error('DEBUG', 'QUICKLIST', 'l')).toBe('ERR Not a quicklist encoded object.')
  for (const name of ['LISTPACK', 'QUICKLIST']) expect(engine.error('DEBUG', name, 'none')).toBe('ERR no such key')
})

test('DEBUG LISTPACK knows hashes whose fields expire', () => {
  const engine = new TestEngine()
  engine.must('HSET', 'h', 'a', '1')
  engine.must('HEXPIRE', 'h', '100', 'FIELDS', '1', 'a')
  expect(engine.must('DEBUG', 'LISTPACK', 'h')).toBe('Listpack structure printed on stdout')
})
