import { describe, expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { Args } from '../base/args.ts'
import * as record from './record.ts'

interface Command {
  id: number
  shard: number
  hash: number
  words: string[]
}

const view = (builder: record.RecordBuilder) => {
  const copy = new SharedArrayBuffer((builder.length + 7) & ~7)
  new Uint8Array(copy).set(builder.bytes.subarray(0, builder.length))
  return new record.RecordView(copy, 0, copy.byteLength)
}

/** Reads commands from a record as the drawing at the head of record.ts says they lie. */
function commandsIn({ u8, u32 }: record.RecordView, count: number): { commands: Command[]; end: number } {
  const commands: Command[] = []
  let at = record.RECORD_HEADER_BYTES
  for (let i = 0; i < count; i++) {
    const word = at >> 2
    const argc = u32[word + 2]
    const lengths = [...u32.subarray(word + 3, word + 3 + argc)]
    let byte = at + record.COMMAND_HEADER_BYTES + argc * 4
    const words = lengths.map((length) => {
      byte += length
      return Buffer.from(u8.slice(byte - length, byte)).toString('latin1')
    })
    commands.push({ id: u32[word] & 0xffff, shard: u32[word] >>> 16, hash: u32[word + 1], words })
    at = (byte + 3) & ~3
  }
  return { commands, end: at }
}

function randomCommand(random: Random): Command {
  const word = () => String.fromCharCode(...Array.from({ length: random.below(20) }, () => random.below(256)))
  return {
    id: random.below(512),
    shard: random.chance(0.2) ? record.NO_SHARD : random.below(1000),
    hash: random.next(),
    words: Array.from({ length: random.between(1, 8) }, word),
  }
}

/** Arguments that lie in the midst of other bytes, as they do in a query buffer. */
function argsOf(words: readonly string[]): Args {
  const args = Args.of('before', ...words, 'after')
  const middle = new Args(args.bytes)
  for (let i = 1; i <= words.length; i++) middle.push(args.offset[i], args.length[i])
  return middle
}

describe('a builder', () => {
  test('lays out any commands as drawn, one record after the other', () => {
    const random = new Random(21)
    const builder = new record.RecordBuilder()
    for (let round = 0; round < 60; round++) {
      const commands = Array.from({ length: random.between(1, 40) }, () => randomCommand(random))
      const nowMs = 1.7e12 + random.next()
      builder.begin(record.RECORD_RUN, 0, random.below(16), record.RUN_RESP3, nowMs, 2 ** 40 + round)
      expect(builder.count).toBe(0)
      let bytes = record.RECORD_HEADER_BYTES
      for (const { id, shard, hash, words } of commands) {
        const args = argsOf(words)
        bytes += record.commandBytes(args)
        builder.append(id, shard, hash, args)
        expect(builder.length).toBe(bytes)
      }
      const { u32, f64 } = view(builder)
      expect(u32[record.RECORD_KIND >> 2]).toBe(record.RECORD_RUN)
      expect(u32[record.RECORD_COUNT >> 2]).toBe(commands.length)
      expect(u32[record.RECORD_FLAGS >> 2]).toBe(record.RUN_RESP3)
      expect(f64[record.RECORD_NOW >> 3]).toBe(nowMs)
      expect(f64[record.RECORD_CLIENT >> 3]).toBe(2 ** 40 + round)
      expect(commandsIn(view(builder), commands.length)).toEqual({ commands, end: builder.length })
      builder.reset()
      expect(builder.isEmpty).toBe(true)
    }
  })

  test('counts the commands of a run, and leaves the count of other kinds to whoever began them', () => {
    const builder = new record.RecordBuilder()
    builder.begin(record.RECORD_BARRIER, 42, 3, 0, 0, 0)
    builder.append(1, record.NO_SHARD, 0, Args.of('MSET', 'a', 'b'))
    expect(view(builder).u32[record.RECORD_CELL >> 2]).toBe(42)
    expect(view(builder).u32[record.RECORD_DB >> 2]).toBe(3)
    expect(builder.count).toBe(1)
  })

  test('pads raw bytes, so that whatever follows is aligned', () => {
    const builder = new record.RecordBuilder()
    for (const length of [0, 1, 2, 3, 4, 5]) {
      builder.begin(record.RECORD_CONTROL, length, 0, 0, 0, 0)
      builder.appendBytes(new Uint8Array(length).fill(7))
      expect(builder.length).toBe(record.RECORD_HEADER_BYTES + ((length + 3) & ~3))
      const { u8 } = view(builder)
      const raw = u8.slice(record.RECORD_HEADER_BYTES, record.RECORD_HEADER_BYTES + length)
      expect([...raw]).toEqual(Array(length).fill(7))
    }
  })

  test('grows for large commands, keeps what it has, and drops the outsized buffer when it is emptied', () => {
    const builder = new record.RecordBuilder()
    const words = ['SET', 'key', 'x'.repeat(300_000)]
    builder.begin(record.RECORD_RUN, 0, 1, 0, 5, 6)
    builder.append(1, 2, 3, Args.of('GET', 'key'))
    expect(builder.isOutsized).toBe(false)
    builder.append(4, 5, 6, Args.of(...words))
    expect(builder.isOutsized).toBe(true)
    expect(commandsIn(view(builder), 2).commands).toEqual([
      { id: 1, shard: 2, hash: 3, words: ['GET', 'key'] },
      { id: 4, shard: 5, hash: 6, words },
    ])
    const taken = builder.bytes
    builder.reset()
    expect(builder.isOutsized).toBe(false)
    builder.begin(record.RECORD_RUN, 0, 9, 0, 0, 0)
    builder.append(7, 8, 9, Args.of('TYPE', 'other'))
    // Whoever took the large buffer has it to itself.
    expect(commandsIn(new record.RecordView(taken.buffer, 0, taken.length & ~7), 2).commands[1].words).toEqual(words)
    expect(commandsIn(view(builder), 1).commands).toEqual([{ id: 7, shard: 8, hash: 9, words: ['TYPE', 'other'] }])
  })
})
