/* One thread of the load generator: builds its batches, opens its connections, then sends and counts through the
 * phases of protocol.ts. Started by generator.ts.
 *
 * Closed loop: a connection has one batch in flight and sends the next when it is answered. Open loop: batches go out
 * when the schedule says, round robin over the connections, however many are in flight. The thread then spins through
 * setImmediate when the next batch is near, because a timer's millisecond is coarser than the latencies measured. */

import { parentPort, workerData } from 'node:worker_threads'
import { SeededRandom } from '../../src/base/ports.ts'
import type { ConnectionEvents } from './connection.ts'
import { LoadConnection } from './connection.ts'
import { encodeBatches } from './encoder.ts'
import { createLatencyHistogram, encodeHistogram, recordMs } from './latency.ts'
import { OpenLoopSchedule } from './open-loop-schedule.ts'
import type { FromWorker, ToWorker, WorkerStart } from './protocol.ts'
import { DRAIN, FIRST_COUNTER, MEASURE, PHASE } from './protocol.ts'

const DRAIN_LIMIT_MS = 5000
const SPIN_BELOW_MS = 3
const NEVER_MEASURED = Number.POSITIVE_INFINITY

if (parentPort === null) throw new Error('the load thread is started by the generator')
const port = parentPort
const { endpoint, settings, thread, connections: connectionCount, control }: WorkerStart = workerData

const random = new SeededRandom(settings.seed + thread)
const batches = encodeBatches(settings, random)
const latency = createLatencyHistogram()
const sendLag = createLatencyHistogram()
const connections: LoadConnection[] = []
let nextBatch = thread % batches.length
let nextConnection = 0
let measuredFromMs = NEVER_MEASURED
let finished = false

const post = (message: FromWorker): void => port.postMessage(message)

function fail(reason: string): void {
  if (finished) return
  finished = true
  for (const connection of connections) connection.close()
  post({ kind: 'failed', reason })
  port.close()
}

function takeBatch(): Buffer {
  const batch = batches[nextBatch]
  nextBatch = (nextBatch + 1) % batches.length
  return batch
}

/** The phase; notes when this thread first sees the measured one. */
function phaseAt(nowMs: number): number {
  const phase = Atomics.load(control, PHASE)
  if (phase === MEASURE && measuredFromMs === NEVER_MEASURED) measuredFromMs = nowMs
  return phase
}

const events: ConnectionEvents = {
  answered(commands) {
    Atomics.add(control, FIRST_COUNTER + thread, commands)
  },
  batchAnswered(connection, sentMs) {
    const nowMs = performance.now()
    const phase = phaseAt(nowMs)
    if (settings.ratePerSecond !== null) {
      if (sentMs >= measuredFromMs) recordMs(latency, nowMs - sentMs)
      return
    }
    if (phase === MEASURE && sentMs >= measuredFromMs) recordMs(latency, nowMs - sentMs)
    if (phase < DRAIN) connection.send(takeBatch(), nowMs)
  },
  failed: fail,
}

function openConnections(): void {
  let connected = 0
  for (let i = 0; i < connectionCount; i++) {
    const connection = new LoadConnection(endpoint, settings.pipeline, events, () => {
      if (++connected === connectionCount) post({ kind: 'ready' })
    })
    connections.push(connection)
  }
}

function runClosedLoop(): void {
  for (const connection of connections) connection.send(takeBatch(), performance.now())
}

function runOpenLoop(ratePerSecond: number): void {
  const startMs = performance.now()
  const schedule = new OpenLoopSchedule(startMs, ratePerSecond, settings.pipeline, thread, settings.threads)
  const tick = (): void => {
    const nowMs = performance.now()
    if (finished || phaseAt(nowMs) >= DRAIN) return
    for (let dueMs = schedule.take(nowMs); dueMs >= 0; dueMs = schedule.take(nowMs)) {
      connections[nextConnection].send(takeBatch(), dueMs)
      nextConnection = (nextConnection + 1) % connections.length
      if (dueMs >= measuredFromMs) recordMs(sendLag, nowMs - dueMs)
    }
    const restMs = schedule.dueMs - nowMs
    if (restMs < SPIN_BELOW_MS) setImmediate(tick)
    else setTimeout(tick, restMs - SPIN_BELOW_MS + 1)
  }
  tick()
}

/** Waits until nothing is in flight (or the limit is over), then sends the result home. */
function drain(): void {
  const deadlineMs = performance.now() + DRAIN_LIMIT_MS
  const look = (): void => {
    if (finished) return
    const isIdle = connections.every((connection) => connection.pending.size === 0)
    if (isIdle || performance.now() > deadlineMs) finish()
    else setTimeout(look, 2)
  }
  look()
}

function finish(): void {
  finished = true
  const nowMs = performance.now()
  let unanswered = 0
  let errors = 0
  let firstError: string | null = null
  for (const { pending, scanner } of connections) {
    while (pending.size > 0) {
      const sentMs = pending.shift()
      if (sentMs >= measuredFromMs) recordMs(latency, nowMs - sentMs)
      unanswered++
    }
    errors += scanner.errors
    firstError ??= scanner.firstError
  }
  for (const connection of connections) connection.close()
  post({
    kind: 'result',
    errors,
    firstError,
    unanswered,
    latency: encodeHistogram(latency),
    sendLag: encodeHistogram(sendLag),
  })
  port.close()
}

port.on('message', (message: ToWorker) => {
  if (message === 'drain') drain()
  else if (settings.ratePerSecond === null) runClosedLoop()
  else runOpenLoop(settings.ratePerSecond)
})
openConnections()
