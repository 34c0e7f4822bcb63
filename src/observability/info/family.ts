/* INFO (https://redis.io/commands/info/). I/O thread. */
import type { Args } from '../../base/args.ts'
import { ACL_DANGEROUS, type Family, family, LOADING, STALE } from '../../base/command-spec.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import type { Statistics } from '../../shard-worker/statistics.ts'
import { answerWithStatistics, type StatisticsContext } from '../all-statistics.ts'
import {
  commandStatsSection,
  debugSection,
  errorStatsSection,
  foldOpaque,
  latencyStatsSection,
  statsSection,
} from './command-sections.ts'
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
  debugSection,
]

/** Another name of the modules section. */
const MODULE_LIST = 'module_list'

/** The sections that INFO's arguments ask for. */
export function wantedSections(words: readonly string[]): Section[] {
  const names = new Set(words.map((word) => word.toLowerCase()))
  const takesAll = names.has('all') || names.has('everything')
  const takesDefault = words.length === 0 || names.has('default')
  if (names.has(MODULE_LIST)) names.add(modulesSection.name)
  return SECTIONS.filter(
    ({ name, isDefault, isHidden }) => names.has(name) || (takesAll && !isHidden) || (takesDefault && isDefault),
  )
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

export interface InfoFamilyContext extends StatisticsContext {
  readonly info: InfoContext
}

export function infoFamily(context: () => InfoFamilyContext): Family<Session> {
  const handler = (session: Session, args: Args, reply: Reply): void => {
    const words: string[] = []
    for (let i = 1; i < args.count; i++) words.push(args.text(i))
    const sections = wantedSections(words)
    const readsWorkers = sections.some((section) => section.readsWorkers)
    answerWithStatistics(session, reply, context(), readsWorkers, (statistics, target) =>
      target.verbatim('txt', infoText(sections, context().info, statistics)),
    )
  }
  return family<Session>('server', [
    {
      name: 'INFO',
      arity: -1,
      runs: 'io',
      flags: LOADING | STALE,
      acl: ACL_DANGEROUS,
      keys: [],
      since: '1.0.0',
      complexity: 'O(1)',
      summary: 'Figures of the server, by section.',
      syntax: '[section...]',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
      history: [['7.0.0', 'Takes several sections.']],
      handler,
    },
  ])
}
