/* A round of the snapshot scenario on one server: BGSAVE under writes at a fixed rate. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CpuAccount, type CpuUse, residentWithChildren } from './accounting.ts'
import type { SnapshotCase } from './cases.ts'
import { parseInfo, withControl } from './control-connection.ts'
import { runLoad } from './load/generator.ts'
import { valueMs } from './load/latency.ts'
import type { RunningServer } from './process.ts'
import type { Round } from './result.ts'
import { PERCENTILES } from './result.ts'
import { type Live, roundOf } from './rounds.ts'

/** Long enough for the save of a million keys on a machine that is shared. */
const SECONDS = 12
const WARM_UP_SECONDS = 1
const CALIBRATION_SECONDS = 2
const SAMPLE_MS = 50

/** Commands a second that a server answers when the load sends as fast as it can. */
export async function highestRate({ load }: SnapshotCase, server: RunningServer): Promise<number> {
  const result = await runLoad(server.endpoint, load, { warmUpSeconds: WARM_UP_SECONDS, seconds: CALIBRATION_SECONDS })
  return result.commands / result.seconds
}

/** The window begins with BGSAVE and goes on after its end; it must have ended by then. */
export async function snapshotRound(
  { load }: SnapshotCase,
  server: RunningServer,
  ratePerSecond: number,
  live: Live,
): Promise<Round> {
  const { pid } = server
  if (pid === null) throw new Error('memory can only be read of a server on this machine')
  let account = new CpuAccount(pid)
  let use: CpuUse | null = null
  let saving: Promise<Save> | null = null
  const result = await runLoad(
    server.endpoint,
    { ...load, ratePerSecond },
    {
      warmUpSeconds: WARM_UP_SECONDS,
      seconds: SECONDS,
      atStart: () => {
        account = new CpuAccount(pid)
        saving = save(server, pid)
      },
      atEnd: () => {
        use = account.end()
      },
      sample: (opsPerSecond) => live(0.5, `${Math.round(opsPerSecond / 1000)} k ops/s`),
    },
  )
  const { seconds, extraBytes } = await (saving as unknown as Promise<Save>)
  if (seconds > SECONDS) throw new Error(`the save took ${seconds.toFixed(1)} s, longer than the round`)
  const { latency, commands } = result
  const metrics = {
    opsPerSecond: commands / result.seconds,
    p50Ms: valueMs(latency, 50),
    p99Ms: valueMs(latency, 99),
    p999Ms: valueMs(latency, 99.9),
    maxMs: valueMs(latency, 100),
    extraBytes,
    saveSeconds: seconds,
  }
  return {
    ...roundOf(server, use ?? account.end(), commands, result.seconds, metrics),
    errors: result.errors,
    firstError: result.firstError,
    percentiles: PERCENTILES.map((percentile) => valueMs(latency, percentile)),
    sendLagP99Ms: valueMs(result.sendLag, 99),
    unanswered: result.unanswered,
  }
}

interface Save {
  seconds: number
  /** Memory at its peak, children included, beyond what it was when the save began. */
  extraBytes: number
}

function save(server: RunningServer, pid: number): Promise<Save> {
  return withControl(server.endpoint, async (control) => {
    const before = residentWithChildren(pid)
    const startMs = performance.now()
    await control.command('BGSAVE')
    let most = before
    for (;;) {
      most = Math.max(most, residentWithChildren(pid))
      const info = parseInfo(await control.command('INFO', 'persistence'))
      if (info.get('rdb_bgsave_in_progress') === '0') break
      await sleep(SAMPLE_MS)
    }
    return { seconds: (performance.now() - startMs) / 1000, extraBytes: most - before }
  })
}
