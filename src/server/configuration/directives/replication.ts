/* Directives of primaries and replicas. The names with `slave` are their old ones. */
import { choice, DEBUG, DENY_LOADING, IMMUTABLE, integer, memory, secret, text, yesNo } from '../directive.ts'
import { INT_MAX, LONG_MAX } from '../integers.ts'
import { primaryAddress } from '../special-types.ts'

export const replicationDirectives = {
  replicaof: primaryAddress({ alias: 'slaveof', flags: IMMUTABLE, ignored: 'this server is always a primary' }),
  masteruser: secret(),
  masterauth: secret(),
  'replica-serve-stale-data': yesNo(true, { alias: 'slave-serve-stale-data' }),
  'replica-read-only': yesNo(true, { alias: 'slave-read-only', flags: DEBUG }),
  'replica-lazy-flush': yesNo(false, { alias: 'slave-lazy-flush' }),
  'replica-ignore-maxmemory': yesNo(true, { alias: 'slave-ignore-maxmemory' }),
  'replica-ignore-disk-write-errors': yesNo(false),
  'replica-priority': integer({ min: 0, max: INT_MAX, default: 100, alias: 'slave-priority' }),
  'replica-announced': yesNo(true),
  'replica-announce-ip': text({ optional: true, alias: 'slave-announce-ip' }),
  'replica-announce-port': integer({ min: 0, max: 65535, default: 0, alias: 'slave-announce-port' }),
  'min-replicas-to-write': integer({ min: 0, max: INT_MAX, default: 0, alias: 'min-slaves-to-write' }),
  'min-replicas-max-lag': integer({ min: 0, max: INT_MAX, default: 10, alias: 'min-slaves-max-lag' }),
  'repl-timeout': integer({ min: 1, max: INT_MAX, default: 60 }),
  'repl-ping-replica-period': integer({ min: 1, max: INT_MAX, default: 10, alias: 'repl-ping-slave-period' }),
  'repl-backlog-size': memory({ min: 1, max: LONG_MAX, default: 1024 * 1024, clamp: [16384n, LONG_MAX] }),
  'repl-backlog-ttl': integer({ min: 0, max: LONG_MAX, default: 3600 }),
  'repl-disable-tcp-nodelay': yesNo(false),
  'repl-diskless-sync': yesNo(true, { flags: DEBUG }),
  'repl-diskless-sync-delay': integer({ min: 0, max: INT_MAX, default: 5 }),
  'repl-diskless-sync-max-replicas': integer({ min: 0, max: INT_MAX, default: 0 }),
  'repl-diskless-load': choice(['disabled', 'on-empty-db', 'swapdb'], {
    default: 'disabled',
    flags: DEBUG | DENY_LOADING,
  }),
  'propagation-error-behavior': choice(['ignore', 'panic', 'panic-on-replicas'], { default: 'ignore' }),
}
