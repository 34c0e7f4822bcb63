/* Directives of the log, the slow log, latency, notifications and crash reports. */
import { choice, HIDDEN, IMMUTABLE, integer, text, yesNo } from '../directive.ts'
import { INT_MAX, LONG_MAX } from '../integers.ts'
import { keyspaceEvents, percentiles } from '../special-types.ts'

const FACILITIES = ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const

export const observabilityDirectives = {
  loglevel: choice(['debug', 'verbose', 'notice', 'warning', 'nothing'], { default: 'notice' }),
  logfile: text({ flags: IMMUTABLE }),
  'syslog-enabled': yesNo(false, { flags: IMMUTABLE, ignored: 'the log goes to logfile or to standard output' }),
  'syslog-ident': text({ default: 'redis', flags: IMMUTABLE }),
  'syslog-facility': choice(FACILITIES, { default: 'local0', flags: IMMUTABLE }),
  'always-show-logo': yesNo(false, { flags: IMMUTABLE }),
  'slowlog-log-slower-than': integer({ min: -1, max: LONG_MAX, default: 10000 }),
  'slowlog-max-len': integer({ min: 0, max: LONG_MAX, default: 128 }),
  'latency-monitor-threshold': integer({ min: 0, max: LONG_MAX, default: 0 }),
  'latency-tracking': yesNo(true),
  'latency-tracking-info-percentiles': percentiles([50, 99, 99.9]),
  'notify-keyspace-events': keyspaceEvents(),
  'crash-log-enabled': yesNo(true),
  'crash-memcheck-enabled': yesNo(true),
  'watchdog-period': integer({ min: 0, max: INT_MAX, default: 0, flags: HIDDEN }),
}
