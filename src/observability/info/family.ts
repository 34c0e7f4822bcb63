/* INFO (https://redis.io/commands/info/). I/O thread.
 *
 * Sections that tell of the workers wait until the workers have told what they know, so that a client sees the effect of
 * everything it sent before; inside EXEC, which must answer at once, they show what was known last. The figures of this
 * thread are taken when the command runs: INFO itself is not yet among them. */
import type { Args } from '../../base/args.ts'
import { ACL_DANGEROUS, type Family, family, LOADING, STALE } from '../../base/command-spec.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import { MAX_COMMANDS } from '../../shard-worker/engine.ts'
import { Statistics } from '../../shard-worker/statistics.ts'
import type { WorkerStatistics } from '../worker-statistics.ts'
import { commandStatsSection, errorStatsSection, foldOpaque, latencyStatsSection, statsSection } from './command-sections.ts'
import type { InfoContext, Section } from './context.ts'
import { keyspaceSection, memorySection, persistenceSection, spinelSection } from './data-sections.ts'
import { InfoText } from './info-text.ts'
import {
  clientsSection,
  clusterSection,
  cpuSection,
  modulesSection,
  replicationSection,
  serverSection,
} from './process-sections.ts'

/** In the order in which they are shown. */
const SECTIONS: readonly Section[] = [
  serverSection,
  clientsSection,
  memorySection,
  persistenceSection,
  statsSection,
  replicationSection,
  cpuSection,
  modulesSection,
  commandStatsSection,
  errorStatsSection,
  latencyStatsSection,
  clusterSection,
  spinelSection,
  keyspaceSection,
]

/** Another name of the modules section. */
const MODULE_LIST = 'module_list'

/** The sections that INFO's arguments ask for. */
export function wantedSections(words: readonly string[]): Section[] {
  const names = new Set(words.map((word) => word.toLowerCase()))
  if (names.has('all') || names.has('everything')) return [...SECTIONS]
  const takesDefault = words.length === 0 || names.has('default')
  if (names.has(MODULE_LIST)) names.add(modulesSection.name)
  return SECTIONS.filter(({ name, isDefault }) => names.has(name) || (takesDefault && isDefault))
}

/** The text of the given sections. `statistics` are those of all threads. */
export function infoText(sections: readonly Section[], context: InfoContext, statistics: Statistics): string {
  const text = new InfoText()
  const folded = foldOpaque(statistics, context.commands)
  for (const section of sections) {
    text.heading(section.title)
    section.write(text, context, folded)
  }
  return text.toString()
}

export interface InfoFamilyContext {
  readonly info: InfoContext
  readonly workerStatistics: WorkerStatistics
  /** What this thread has counted so far. */
  ownStatistics(): Statistics
}

export function infoFamily(context: () => InfoFamilyContext): Family<Session> {
  const handler = (session: Session, args: Args, reply: Reply): void => {
    const words: string[] = []
    for (let i = 1; i < args.count; i++) words.push(args.text(i))
    const sections = wantedSections(words)
    const { info, workerStatistics, ownStatistics } = context()
    const own = copyOf(ownStatistics.call(context()))
    const write = (target: Reply): void => {
      workerStatistics.addTo(own)
      target.verbatim('txt', infoText(sections, info, own))
    }
    const mustWait = !session.transaction.isRunning && sections.some(({ readsWorkers }) => readsWorkers)
    if (!mustWait || workerStatistics.isFresh) return write(reply)
    const resolve = session.defer()
    workerStatistics.refresh(() => resolve(write))
  }
  return family<Session>('server', [
    {
      name: 'INFO', arity: -1, runs: 'io', flags: LOADING | STALE, acl: ACL_DANGEROUS, keys: [], since: '1.0.0',
      complexity: 'O(1)', summary: 'Figures of the server, by section.', syntax: '[section...]',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
      history: [['7.0.0', 'Takes several sections.']], handler,
    },
  ])
}

/** Statistics that stay as they are. */
export function copyOf(statistics: Statistics): Statistics {
  const copy = new Statistics(MAX_COMMANDS)
  copy.merge(statistics.export(0))
  return copy
}
