/* Control frames: FlatBuffers messages by which threads tell each other of settings, statistics, slow commands, latency
 * events and log lines. The schema, and who sends what to whom, is control.fbs; this is its codec, to plain objects.
 *
 * Any thread. Not hot: a frame allocates what it needs. The compiler's TypeScript uses `enum`, which Node cannot strip,
 * so the codec is written by hand over the library's Builder and ByteBuffer; field numbers below are the schema's
 * order. Bytes come from our own threads only: a frame that cannot be read is an assertion. */

import { Builder, ByteBuffer, type Offset } from 'flatbuffers'
import { assert } from '../../base/assert.ts'
import type { HistogramBucket } from '../stats/histogram.ts'
import { rootTable, type TableReader } from './table-reader.ts'

const FILE_IDENTIFIER = 'SPCF'
/** Members of the union ControlMessage; 0 is none. */
const SETTING_CHANGE = 1
const STATISTICS_REQUEST = 2
const STATISTICS = 3
const SLOW_COMMAND = 4
const LATENCY_SAMPLE = 5
const LOG_LINE = 6
const STATISTICS_RESET = 7
/** Struct HistogramBucket: index u16, padding, count f64. */
const BUCKET_BYTES = 16
const BUCKET_COUNT = 8

/** A setting that the engine uses has changed; name and value as CONFIG GET shows them. */
export type SettingChangeFrame = { readonly name: string; readonly value: string }

/** Asks a worker for its statistics; the answer carries the same id. */
export type StatisticsRequestFrame = { readonly id: number }

/** What one command has done on one thread; `command` is its index in the command table. */
export type CommandStatistics = {
  readonly command: number
  readonly calls: number
  readonly microseconds: number
  readonly failed: number
  readonly histogram: readonly HistogramBucket[]
  /** Refused before they ran; only the I/O thread refuses. */
  readonly rejected: number
}

/** What one thread has counted since the start or CONFIG RESETSTAT. */
export type StatisticsFrame = {
  readonly id: number
  readonly commands: readonly CommandStatistics[]
  /** Error replies by code (`ERR`, `WRONGTYPE`, ...). */
  readonly errors: readonly { readonly code: string; readonly count: number }[]
  /** Anything else that is counted, by its name in INFO. */
  readonly counters: readonly { readonly name: string; readonly value: number }[]
}

/** An entry for the slow log. `arguments` are already trimmed as SLOWLOG shows them; `argumentCount` is their number
 *  before that. */
export type SlowCommandFrame = {
  readonly timeMs: number
  readonly durationUs: number
  readonly clientId: number
  readonly arguments: readonly Uint8Array[]
  readonly argumentCount: number
  /** Its index in the command table. */
  readonly command: number
}

/** An event for LATENCY HISTORY and its like. */
export type LatencySampleFrame = { readonly event: string; readonly timeMs: number; readonly durationMs: number }

/** A line for the log; `level` 0 debug, 1 verbose, 2 notice, 3 warning. */
export type LogLineFrame = { readonly level: number; readonly text: string }

export type ControlFrame =
  | ({ readonly type: 'SettingChange' } & SettingChangeFrame)
  | ({ readonly type: 'StatisticsRequest' } & StatisticsRequestFrame)
  | ({ readonly type: 'Statistics' } & StatisticsFrame)
  | ({ readonly type: 'SlowCommand' } & SlowCommandFrame)
  | ({ readonly type: 'LatencySample' } & LatencySampleFrame)
  | ({ readonly type: 'LogLine' } & LogLineFrame)
  | { readonly type: 'StatisticsReset' }

export function encodeSettingChange(change: SettingChangeFrame): Uint8Array {
  const builder = new Builder()
  const name = builder.createString(change.name)
  const value = builder.createString(change.value)
  builder.startObject(2)
  builder.addFieldOffset(0, name, 0)
  builder.addFieldOffset(1, value, 0)
  return finish(builder, SETTING_CHANGE, builder.endObject())
}

export function encodeStatisticsRequest(request: StatisticsRequestFrame): Uint8Array {
  const builder = new Builder()
  builder.startObject(1)
  addUint(builder, 0, request.id)
  return finish(builder, STATISTICS_REQUEST, builder.endObject())
}

export function encodeStatistics(statistics: StatisticsFrame): Uint8Array {
  const builder = new Builder(4096)
  const commands = createOffsetVector(
    builder,
    statistics.commands.map((command) => createCommand(builder, command)),
  )
  const errors = createOffsetVector(
    builder,
    statistics.errors.map(({ code, count }) => createNamed(builder, code, count)),
  )
  const counters = statistics.counters.map(({ name, value }) => createNamed(builder, name, value))
  const counterVector = createOffsetVector(builder, counters)
  builder.startObject(4)
  addUint(builder, 0, statistics.id)
  builder.addFieldOffset(1, commands, 0)
  builder.addFieldOffset(2, errors, 0)
  builder.addFieldOffset(3, counterVector, 0)
  return finish(builder, STATISTICS, builder.endObject())
}

export function encodeSlowCommand(command: SlowCommandFrame): Uint8Array {
  const builder = new Builder()
  const args = createOffsetVector(
    builder,
    command.arguments.map((bytes) => {
      const vector = builder.createByteVector(bytes)
      builder.startObject(1)
      builder.addFieldOffset(0, vector, 0)
      return builder.endObject()
    }),
  )
  builder.startObject(6)
  builder.addFieldFloat64(0, command.timeMs, 0)
  builder.addFieldFloat64(1, command.durationUs, 0)
  builder.addFieldFloat64(2, command.clientId, 0)
  builder.addFieldOffset(3, args, 0)
  addUint(builder, 4, command.argumentCount)
  builder.addFieldInt16(5, command.command, 0)
  return finish(builder, SLOW_COMMAND, builder.endObject())
}

export function encodeLatencySample(sample: LatencySampleFrame): Uint8Array {
  const builder = new Builder()
  const event = builder.createString(sample.event)
  builder.startObject(3)
  builder.addFieldOffset(0, event, 0)
  builder.addFieldFloat64(1, sample.timeMs, 0)
  builder.addFieldFloat64(2, sample.durationMs, 0)
  return finish(builder, LATENCY_SAMPLE, builder.endObject())
}

export function encodeLogLine(line: LogLineFrame): Uint8Array {
  const builder = new Builder()
  const text = builder.createString(line.text)
  builder.startObject(2)
  builder.addFieldInt8(0, line.level, 0)
  builder.addFieldOffset(1, text, 0)
  return finish(builder, LOG_LINE, builder.endObject())
}

export function encodeStatisticsReset(): Uint8Array {
  const builder = new Builder()
  builder.startObject(0)
  return finish(builder, STATISTICS_RESET, builder.endObject())
}

/** Reads a frame, which may lie in shared memory; what is returned does not refer to `bytes`. */
export function decodeControlFrame(bytes: Uint8Array): ControlFrame {
  // The constructor copies; `slice` would not if this were a Buffer.
  const frame = rootTable(new ByteBuffer(new Uint8Array(bytes)), FILE_IDENTIFIER)
  const type = frame.ubyte(0)
  const message = frame.table(1)
  if (type === SETTING_CHANGE) return { type: 'SettingChange', name: message.string(0), value: message.string(1) }
  if (type === STATISTICS_REQUEST) return { type: 'StatisticsRequest', id: message.uint(0) }
  if (type === STATISTICS) return readStatistics(message)
  if (type === SLOW_COMMAND) return readSlowCommand(message)
  if (type === LATENCY_SAMPLE) {
    return {
      type: 'LatencySample',
      event: message.string(0),
      timeMs: message.double(1),
      durationMs: message.double(2),
    }
  }
  if (type === STATISTICS_RESET) return { type: 'StatisticsReset' }
  assert(type === LOG_LINE, 'a control frame is of a known type')
  return { type: 'LogLine', level: message.ubyte(0), text: message.string(1) }
}

function readStatistics(table: TableReader): ControlFrame {
  return {
    type: 'Statistics',
    id: table.uint(0),
    commands: table.tables(1, (command) => ({
      command: command.ushort(0),
      calls: command.double(1),
      microseconds: command.double(2),
      failed: command.double(3),
      histogram: command.structs(4, BUCKET_BYTES, (buffer, at) => ({
        index: buffer.readUint16(at),
        count: buffer.readFloat64(at + BUCKET_COUNT),
      })),
      rejected: command.double(5),
    })),
    errors: table.tables(2, (error) => ({ code: error.string(0), count: error.double(1) })),
    counters: table.tables(3, (counter) => ({ name: counter.string(0), value: counter.double(1) })),
  }
}

function readSlowCommand(table: TableReader): ControlFrame {
  return {
    type: 'SlowCommand',
    timeMs: table.double(0),
    durationUs: table.double(1),
    clientId: table.double(2),
    arguments: table.tables(3, (argument) => argument.bytes(0)),
    argumentCount: table.uint(4),
    command: table.ushort(5),
  }
}

function createCommand(builder: Builder, command: CommandStatistics): Offset {
  builder.startVector(BUCKET_BYTES, command.histogram.length, 8)
  for (const { index, count } of command.histogram.toReversed()) {
    builder.prep(8, BUCKET_BYTES)
    builder.writeFloat64(count)
    builder.pad(BUCKET_COUNT - 2)
    builder.writeInt16(index)
  }
  const histogram = builder.endVector()
  builder.startObject(6)
  builder.addFieldInt16(0, command.command, 0)
  builder.addFieldFloat64(1, command.calls, 0)
  builder.addFieldFloat64(2, command.microseconds, 0)
  builder.addFieldFloat64(3, command.failed, 0)
  builder.addFieldOffset(4, histogram, 0)
  builder.addFieldFloat64(5, command.rejected, 0)
  return builder.endObject()
}

/** ErrorCount and Counter: a name and a figure. */
function createNamed(builder: Builder, name: string, figure: number): Offset {
  const nameOffset = builder.createString(name)
  builder.startObject(2)
  builder.addFieldOffset(0, nameOffset, 0)
  builder.addFieldFloat64(1, figure, 0)
  return builder.endObject()
}

/** A u32 field: the library's writer stores the same 32 bits for a signed number. */
function addUint(builder: Builder, field: number, value: number): void {
  assert(value >= 0 && value <= 0xffff_ffff, 'a uint has 32 bits')
  builder.addFieldInt32(field, value, 0)
}

function createOffsetVector(builder: Builder, offsets: readonly Offset[]): Offset {
  builder.startVector(4, offsets.length, 4)
  for (const offset of offsets.toReversed()) builder.addOffset(offset)
  return builder.endVector()
}

function finish(builder: Builder, type: number, message: Offset): Uint8Array {
  builder.startObject(2)
  builder.addFieldInt8(0, type, 0)
  builder.addFieldOffset(1, message, 0)
  builder.finish(builder.endObject(), FILE_IDENTIFIER)
  return builder.asUint8Array()
}
