/* Who used how much CPU: the server's process (all its threads), the load, and the rest of the machine. Linux, /proc.
 *
 * The kernel counts in ticks of 10 ms but scales them to the scheduler's exact run time, so over a round of a second
 * the error is below one percent. CPU of threads that have ended stays in their process's sum, which a walk over
 * /proc/PID/task would lose. */

import { readFileSync } from 'node:fs'

/** USER_HZ, what /proc shows ticks in: 100 on every Linux. */
const TICK_MICROS = 10_000

const PAGE_UNIT_BYTES = 1024

/** Ticks in /proc/PID/stat: of the process itself, and of its children that have ended and been waited for. */
export interface ProcessTicks {
  own: number
  children: number
}

/** Reads utime + stime and cutime + cstime (fields 14 to 17). The name in brackets may itself contain brackets. */
export function parseProcessStat(stat: string): ProcessTicks {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  return { own: field(14) + field(15), children: field(16) + field(17) }
}

/** CPU time of all processes (and what the hypervisor took) in ticks: the first line of /proc/stat. Interrupt time is
 * left out: on loopback it is the network's work for the very load that is measured, and belongs to no process. */
export function parseBusyTicks(stat: string): number {
  const [user, nice, system, , , , , steal] = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1).map(Number)
  return user + nice + system + (steal ?? 0)
}

/** VmRSS of a /proc/PID/status, in bytes. */
export function parseResidentBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * PAGE_UNIT_BYTES
}

export function residentBytes(pid: number): number {
  return parseResidentBytes(readFileSync(`/proc/${pid}/status`, 'latin1'))
}

/**
 * Memory of a process with its children: what a fork shares with its parent counts once (Pss), which the kernel has to
 * look up page by page, so without children it is VmRSS.
 */
export function residentWithChildren(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  if (children === '') return residentBytes(pid)
  let bytes = 0
  for (const each of [String(pid), ...children.split(' ')]) {
    try {
      const rollup = readFileSync(`/proc/${each}/smaps_rollup`, 'latin1')
      bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * PAGE_UNIT_BYTES
    } catch {
      // A child that has ended meanwhile.
    }
  }
  return bytes
}

/** CPU time of a process since its start, all threads, in microseconds. */
export function processCpuMicros(pid: number): number {
  return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).own * TICK_MICROS
}

/** What a stretch of time cost. Server figures are null when its process is out of reach (another machine). */
export interface CpuUse {
  seconds: number
  serverMicros: number | null
  serverCores: number | null
  clientCores: number
  otherCores: number
}

interface Reading {
  atMs: number
  server: number | null
  client: number
  machine: number
}

/** Accounts a stretch of time from its construction to end(). */
export class CpuAccount {
  private readonly pid: number | null
  private readonly start: Reading

  constructor(pid: number | null) {
    this.pid = pid
    this.start = this.read()
  }

  end(): CpuUse {
    const end = this.read()
    const seconds = (end.atMs - this.start.atMs) / 1000
    const cores = (micros: number): number => micros / 1e6 / seconds
    const serverMicros = end.server === null || this.start.server === null ? null : end.server - this.start.server
    const client = cores(end.client - this.start.client)
    const serverCores = serverMicros === null ? null : cores(serverMicros)
    const machine = cores(end.machine - this.start.machine)
    return {
      seconds,
      serverMicros,
      serverCores,
      clientCores: client,
      otherCores: Math.max(0, machine - client - (serverCores ?? 0)),
    }
  }

  private read(): Reading {
    const self = parseProcessStat(readFileSync('/proc/self/stat', 'latin1'))
    return {
      atMs: performance.now(),
      server: this.pid === null ? null : processCpuMicros(this.pid),
      client: (self.own + self.children) * TICK_MICROS,
      machine: parseBusyTicks(readFileSync('/proc/stat', 'latin1')) * TICK_MICROS,
    }
  }
}
