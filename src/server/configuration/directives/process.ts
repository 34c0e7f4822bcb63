/* Directives of the process and its main loop: title, signals, operating system, databases, timers. */
import { type Check, choice, choices, HIDDEN, IMMUTABLE, integer, text, yesNo } from '../directive.ts'
import { INT_MAX, LONG_MAX } from '../integers.ts'
import { expandTitle, titleVariables } from '../process-title.ts'
import { oomScores } from '../special-types.ts'

const PLACEMENT = 'threads are placed by the operating system'

const titleTemplate: Check<string> = (template, context) => {
  const title = expandTitle(template, titleVariables(context.shown, '', null))
  return title === null || title === '' ? 'template format is invalid or contains unknown variables' : null
}

const cpuList = () => text({ optional: true, flags: IMMUTABLE, ignored: PLACEMENT })

const onSignal = () =>
  choices('default', ['save', 'nosave', 'now', 'force'], {
    check: (words) =>
      words.includes('save') && words.includes('nosave')
        ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
        : null,
  })

export const processDirectives = {
  databases: integer({ min: 1, max: INT_MAX, default: 16, flags: IMMUTABLE }),
  daemonize: yesNo(false, { flags: IMMUTABLE }),
  supervised: choice(['upstart', 'systemd', 'auto', 'no'], {
    default: 'no',
    flags: IMMUTABLE,
    ignored: 'no supervisor is told when the server is ready',
  }),
  pidfile: text({ optional: true, flags: IMMUTABLE }),
  'set-proc-title': yesNo(true, { flags: IMMUTABLE }),
  'proc-title-template': text({ default: '{title} {listen-addr} {server-mode}', check: titleTemplate }),
  'shutdown-timeout': integer({ min: 0, max: INT_MAX, default: 10 }),
  'shutdown-on-sigint': onSignal(),
  'shutdown-on-sigterm': onSignal(),
  'busy-reply-threshold': integer({ min: 0, max: LONG_MAX, default: 5000, alias: 'lua-time-limit' }),
  hz: integer({ min: 0, max: INT_MAX, default: 10, clamp: [1n, 500n] }),
  'dynamic-hz': yesNo(true),
  'oom-score-adj': choice(['no', 'yes', 'relative', 'absolute'], { default: 'no', synonyms: { relative: 'yes' } }),
  'oom-score-adj-values': oomScores([0, 200, 800]),
  'disable-thp': yesNo(true, { flags: IMMUTABLE }),
  server_cpulist: cpuList(),
  bio_cpulist: cpuList(),
  aof_rewrite_cpulist: cpuList(),
  bgsave_cpulist: cpuList(),
  'ignore-warnings': text(),
  'locale-collate': text(),
  'use-exit-on-panic': yesNo(false, { flags: HIDDEN }),
}
