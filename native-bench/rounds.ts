/* One round of one case on one server, for each driver, with the CPU accounted over exactly the measured stretch. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { CpuUse } from './accounting.ts'
import { CpuAccount, processCpuMicros, residentBytes } from './accounting.ts'
import type { GeneratorCase, MemoryCase, RedisBenchmarkCase } from './cases.ts'
import { withControl } from './control-connection.ts'
import { fillCollection, storeCollections } from './load/collections.ts'
import { fillKeys } from './load/fill.ts'
import { runLoad } from './load/generator.ts'
import { valueMs } from './load/latency.ts'
import type { RunningServer } from './process.ts'
import { runRedisBenchmark } from './redis-benchmark.ts'
import type { Metric, Round } from './result.ts'
import { PERCENTILES } from './result.ts'

/** Shows how a round comes along: the part of it that is over (0 to 1), and a live figure in words. */
export type Live = (done: number, text: string) => void

const WATCH_MS = 250
const GENERATOR_WARM_UP_SECONDS = 0.5
const SETTLE_LIMIT_MS = 5000
const SETTLE_STEP_MS = 250
const SETTLED_PART = 0.001

export async function redisBenchmarkRound(
  program: string,
  { load, filling }: RedisBenchmarkCase,
  server: RunningServer,
  requests: number,
  seconds: number,
  live: Live,
): Promise<Round> {
  // Pops get as many elements as they will take.
  if (filling !== null) await fillCollection(server.endpoint, filling, filling === 'list' ? requests : load.keyCount)
  const account = new CpuAccount(server.pid)
  const stopWatching = watchCpu(server.pid, seconds, live)
  try {
    const row = await runRedisBenchmark(program, load, server.endpoint, requests)
    const use = account.end()
    const metrics = { opsPerSecond: row.opsPerSecond, p50Ms: row.p50Ms, p99Ms: row.p99Ms }
    return roundOf(server, use, requests, requests / row.opsPerSecond, metrics)
  } finally {
    stopWatching()
  }
}

export async function generatorRound(
  { load }: GeneratorCase,
  server: RunningServer,
  seconds: number,
  live: Live,
): Promise<Round> {
  const startMs = performance.now()
  let account = new CpuAccount(server.pid)
  let use: CpuUse | null = null
  const result = await runLoad(server.endpoint, load, {
    warmUpSeconds: GENERATOR_WARM_UP_SECONDS,
    seconds,
    atStart: () => {
      account = new CpuAccount(server.pid)
    },
    atEnd: () => {
      use = account.end()
    },
    sample: (opsPerSecond) => {
      const done = (performance.now() - startMs) / 1000 / (GENERATOR_WARM_UP_SECONDS + seconds)
      live(done, `${Math.round(opsPerSecond / 1000)} k ops/s`)
    },
  })
  const { latency, commands } = result
  const metrics = {
    opsPerSecond: commands / result.seconds,
    p50Ms: valueMs(latency, 50),
    p99Ms: valueMs(latency, 99),
    p999Ms: valueMs(latency, 99.9),
  }
  return {
    ...roundOf(server, use ?? account.end(), commands, result.seconds, metrics),
    errors: result.errors,
    firstError: result.firstError,
    percentiles: PERCENTILES.map((percentile) => valueMs(latency, percentile)),
    sendLagP99Ms: load.ratePerSecond === null ? null : valueMs(result.sendLag, 99),
    unanswered: result.unanswered,
  }
}

/** How often a server is filled with this part of the keys, and emptied, before its memory is measured. */
const WARM_UPS = 20
const WARM_UP_PART = 200

/**
 * Fills a fresh server: its resident memory after minus before, for each key, or element of its one list. It has been
 * used before, so that what a server takes once, to compile its code for instance, is not laid to the keys; with few
 * keys, for not every server gives back what they took.
 */
export async function memoryRound(benchCase: MemoryCase, server: RunningServer, live: Live): Promise<Round> {
  const { keyCount, values } = benchCase
  const { pid } = server
  if (pid === null) throw new Error('memory can only be read of a server on this machine')
  for (let i = 0; i < WARM_UPS; i++) {
    await store(server, values, Math.ceil(keyCount / WARM_UP_PART), () => {})
    await withControl(server.endpoint, (control) => control.command('FLUSHALL'))
  }
  const before = await settledBytes(pid)
  const account = new CpuAccount(pid)
  await store(server, values, keyCount, (done) => live(done / keyCount, `${Math.round(done / 1000)} k keys`))
  const use = account.end()
  const after = await settledBytes(pid)
  const keys = await withControl(server.endpoint, async (control) => Number(await control.command('DBSIZE')))
  const expected = values === 'list' ? 1 : keyCount
  if (keys !== expected) throw new Error(`the server holds ${keys} keys after ${expected} were set`)
  return roundOf(server, use, keyCount, use.seconds, { bytesPerKey: (after - before) / keyCount })
}

async function store(
  { endpoint }: RunningServer,
  values: MemoryCase['values'],
  count: number,
  progress: (done: number) => void,
): Promise<void> {
  if (typeof values === 'number') await fillKeys(endpoint, count, values, progress)
  else await storeCollections(endpoint, values, count)
}

/** A round's figures, with what is the same for all drivers. */
export function roundOf(
  server: RunningServer,
  use: CpuUse,
  commands: number,
  seconds: number,
  metrics: Partial<Record<Metric, number>>,
): Round {
  const cpu = use.serverMicros === null || commands === 0 ? {} : { cpuMicros: use.serverMicros / commands }
  return {
    metrics: { ...metrics, ...cpu },
    seconds,
    commands,
    errors: 0,
    firstError: null,
    rssBytes: server.pid === null ? null : residentBytes(server.pid),
    serverCores: use.serverCores,
    clientCores: use.clientCores,
    otherCores: use.otherCores,
    percentiles: null,
    sendLagP99Ms: null,
    unanswered: 0,
  }
}

/** redis-benchmark says nothing until it is done: show the time gone by and the cores the server uses. */
function watchCpu(pid: number | null, seconds: number, live: Live): () => void {
  const startMs = performance.now()
  let lastMs = startMs
  let last = pid === null ? 0 : processCpuMicros(pid)
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const now = pid === null ? 0 : processCpuMicros(pid)
    const cores = (now - last) / 1000 / (nowMs - lastMs)
    live((nowMs - startMs) / 1000 / seconds, pid === null ? '' : `${cores.toFixed(2)} cores`)
    last = now
    lastMs = nowMs
  }, WATCH_MS)
  return () => clearInterval(timer)
}

/** Resident memory once it stands still: allocators and collectors go on for a moment after the last command. */
async function settledBytes(pid: number): Promise<number> {
  const deadlineMs = performance.now() + SETTLE_LIMIT_MS
  let last = residentBytes(pid)
  for (;;) {
    await sleep(SETTLE_STEP_MS)
    const now = residentBytes(pid)
    if (Math.abs(now - last) <= SETTLED_PART * last || performance.now() > deadlineMs) return now
    last = now
  }
}
