/* MEMORY DOCTOR: what the memory accounts say, and what to do about it. Pure; any thread. */
import type { MemoryReport } from '../memory-accounts.ts'

const MB = 1024 * 1024
const EMPTY_BYTES = 5 * MB
const WORTH_TELLING_BYTES = 10 * MB
const PEAK_RATIO = 1.5
const ARENA_RATIO = 1.4
const LARGE_CLIENT_BYTES = 200 * 1024

export function memoryAdvice(report: MemoryReport, clients: number, baseResident: number): string {
  if (report.used < EMPTY_BYTES) {
    return 'The server holds next to nothing: there is nothing to judge yet. Ask again when it has data.\n'
  }
  const findings = [...judge(report, clients, baseResident)]
  if (findings.length === 0) return 'The memory of this server shows nothing unusual.\n'
  return `The memory of this server shows:\n\n${findings.map((each) => `* ${each}\n`).join('\n')}`
}

function* judge(report: MemoryReport, clients: number, baseResident: number): Generator<string> {
  if (report.peak / report.used > PEAK_RATIO) {
    yield 'Peak: more than 150% of what is used now was once in use. Arenas keep that memory and fill it again ' +
      'before they take more; a restart gives it back.'
  }
  if (report.fragmentation > ARENA_RATIO && report.touched - report.allocated > WORTH_TELLING_BYTES) {
    yield `Fragmentation: arenas have ${report.fragmentation.toFixed(2)} times the memory in use that their blocks ` +
      'need. After a peak that is harmless; otherwise values of many different sizes come and go.'
  }
  const beyond = report.resident - report.touched - baseResident
  if (beyond > report.touched && beyond > WORTH_TELLING_BYTES) {
    yield 'Resident set: the process holds more memory beside the arenas than in them: look at the JavaScript heap ' +
      '(js_heap_total in INFO spinel) and at the buffers of clients.'
  }
  if (clients > 0 && report.clients / clients > LARGE_CLIENT_BYTES) {
    yield 'Clients: their buffers take more than 200 KB each. CLIENT LIST shows which clients do not read their ' +
      'replies or send very long pipelines.'
  }
}
