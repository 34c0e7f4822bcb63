/* Directives of a cluster node. */
import { type Check, choice, HIDDEN, IMMUTABLE, integer, memory, text, yesNo } from '../directive.ts'
import { INT_MAX, LONG_MAX, ULONG_MAX } from '../integers.ts'

const HOST_NAME_BYTES = 256

const hostName: Check<string> = (name) => {
  if (name.length >= HOST_NAME_BYTES) return `Hostnames must be less than ${HOST_NAME_BYTES} characters`
  if (!/^[A-Za-z0-9.-]*$/.test(name)) return 'Hostnames may only contain alphanumeric characters, hyphens or dots'
  return null
}

/* Characters that have a meaning in nodes.conf and on the bus. */
const nodeName: Check<string> = (name) =>
  /[!#$%&()*+:;<>?@[\]^{|}~]/.test(name) ? 'Announced human node name contained invalid character' : null

const port = () => integer({ min: 0, max: 65535, default: 0 })

export const clusterDirectives = {
  'cluster-enabled': yesNo(false, { flags: IMMUTABLE }),
  'cluster-config-file': text({ default: 'nodes.conf', flags: IMMUTABLE }),
  'cluster-port': integer({ min: 0, max: 65535, default: 0, flags: IMMUTABLE }),
  'cluster-node-timeout': integer({ min: 0, max: LONG_MAX, default: 15000 }),
  'cluster-ping-interval': integer({ min: 0, max: LONG_MAX, default: 0, flags: HIDDEN }),
  'cluster-replica-validity-factor': integer({
    min: 0,
    max: INT_MAX,
    default: 10,
    alias: 'cluster-slave-validity-factor',
  }),
  'cluster-replica-no-failover': yesNo(false, { alias: 'cluster-slave-no-failover' }),
  'cluster-migration-barrier': integer({ min: 0, max: INT_MAX, default: 1 }),
  'cluster-allow-replica-migration': yesNo(true),
  'cluster-require-full-coverage': yesNo(true),
  'cluster-allow-reads-when-down': yesNo(false),
  'cluster-allow-pubsubshard-when-down': yesNo(true),
  'cluster-link-sendbuf-limit': memory({ min: 0, max: ULONG_MAX, default: 0 }),
  'cluster-announce-ip': text({ optional: true }),
  'cluster-announce-hostname': text({ optional: true, check: hostName }),
  'cluster-announce-human-nodename': text({ optional: true, check: nodeName }),
  'cluster-announce-port': port(),
  'cluster-announce-tls-port': port(),
  'cluster-announce-bus-port': port(),
  'cluster-preferred-endpoint-type': choice(['ip', 'hostname', 'unknown-endpoint'], { default: 'ip' }),
}
