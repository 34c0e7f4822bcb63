/* Directives of listeners, connections and their buffers. */
import { DEBUG, IMMUTABLE, integer, memory, octal, text, yesNo } from '../directive.ts'
import { INT_MAX, LONG_MAX, UINT_MAX } from '../integers.ts'
import { bindAddresses, outputBufferLimits } from '../special-types.ts'

const MB = 1024 * 1024
const THREADS = 'shard-workers sets the number of threads'

export const networkDirectives = {
  /** Loopback unless told otherwise; Redis listens everywhere and leans on protected-mode. */
  bind: bindAddresses(['127.0.0.1', '-::1']),
  'bind-source-addr': text({ optional: true }),
  port: integer({ min: 0, max: 65535, default: 6379 }),
  'tcp-backlog': integer({ min: 0, max: INT_MAX, default: 511, flags: IMMUTABLE }),
  'tcp-keepalive': integer({ min: 0, max: INT_MAX, default: 300 }),
  timeout: integer({ min: 0, max: INT_MAX, default: 0 }),
  'protected-mode': yesNo(true),
  maxclients: integer({ min: 1, max: UINT_MAX, default: 10000 }),
  unixsocket: text({ optional: true, flags: IMMUTABLE }),
  unixsocketperm: octal({ min: 0, max: 0o777, default: 0, flags: IMMUTABLE }),
  'socket-mark-id': integer({
    min: 0,
    max: UINT_MAX,
    default: 0,
    flags: IMMUTABLE,
    ignored: 'sockets can not be marked',
  }),
  'io-threads': integer({ min: 1, max: 128, default: 1, flags: DEBUG | IMMUTABLE, ignored: THREADS }),
  'io-threads-do-reads': yesNo(false, { flags: DEBUG | IMMUTABLE, ignored: THREADS }),
  'client-output-buffer-limit': outputBufferLimits({
    normal: { hard: 0, soft: 0, softSeconds: 0 },
    replica: { hard: 256 * MB, soft: 64 * MB, softSeconds: 60 },
    pubsub: { hard: 32 * MB, soft: 8 * MB, softSeconds: 60 },
  }),
  'client-query-buffer-limit': memory({ min: MB, max: LONG_MAX, default: 1024 * MB, flags: DEBUG }),
  'proto-max-bulk-len': memory({ min: MB, max: LONG_MAX, default: 512 * MB, flags: DEBUG }),
}
