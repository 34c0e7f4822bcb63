/* ROLE, REPLICAOF, SLAVEOF and WAIT as a server without replicas answers them
 * (https://redis.io/docs/management/replication/). I/O thread. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import {
  ACL_ADMIN,
  ACL_CONNECTION,
  ACL_DANGEROUS,
  ADMIN,
  FAST,
  type Family,
  family,
  LOADING,
  NO_ASYNC_LOADING,
  NOSCRIPT,
  STALE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { fitsInt64, NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import { Wait } from '../../io/session/wait.ts'

const NO = bytesOf('NO')
const ONE = bytesOf('ONE')
const MAX_PORT = 65535

export interface ReplicationContext {
  /** Bytes of the stream of writes. */
  readonly offset: number
}

export function replicationFamily(context: () => ReplicationContext): Family<Session>[] {
  const role = (_session: Session, _args: Args, reply: Reply): void => {
    reply.array(3)
    reply.bulkText('master')
    reply.integer(context().offset)
    reply.array(0)
  }
  const replicaOf = {
    arity: 3,
    runs: 'io',
    flags: NO_ASYNC_LOADING | ADMIN | NOSCRIPT | STALE,
    acl: 0,
    keys: [],
    complexity: 'O(1)',
    syntax: '(host port|NO ONE)',
    handler: replicaof,
  } as const
  return [
    family<Session>('server', [
      {
        name: 'ROLE',
        arity: 1,
        runs: 'io',
        flags: NOSCRIPT | LOADING | STALE | FAST,
        acl: ACL_ADMIN | ACL_DANGEROUS,
        keys: [],
        since: '2.8.12',
        complexity: 'O(1)',
        summary: 'The part the server plays in replication.',
        syntax: '',
        handler: role,
      },
      {
        ...replicaOf,
        name: 'REPLICAOF',
        since: '5.0.0',
        summary: 'Makes the server a replica of another, or a primary again.',
      },
      {
        ...replicaOf,
        name: 'SLAVEOF',
        since: '1.0.0',
        deprecated: { since: '5.0.0', replacedBy: '`REPLICAOF`' },
        summary: 'Makes the server a replica of another, or a primary again.',
      },
    ]),
    family<Session>('generic', [
      {
        name: 'WAIT',
        arity: 3,
        runs: 'io',
        flags: 0,
        acl: ACL_CONNECTION,
        keys: [],
        since: '3.0.0',
        complexity: 'O(1)',
        summary: 'Waits until replicas have what the connection has written.',
        syntax: 'numreplicas timeout',
        tips: ['request_policy:all_shards', 'response_policy:agg_min'],
        handler: wait,
      },
    ]),
  ]
}

function replicaof(_session: Session, args: Args, reply: Reply): void {
  if (args.is(1, NO) && args.is(2, ONE)) return reply.ok()
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind !== SAFE_INTEGER || parsed() < 0 || parsed() > MAX_PORT) return reply.error(errors.INVALID_MASTER_PORT)
  reply.error(errors.NO_REPLICATION)
}

/** No replica ever acknowledges anything: the answer is 0, at once or when the time is up. */
function wait(session: Session, args: Args, reply: Reply): void {
  if (parseInteger(args.bytes, args.offset[1], args.length[1]) === NOT_INTEGER)
    return reply.error(errors.NOT_AN_INTEGER)
  const replicas = parsedBig(args.bytes, args.offset[1], args.length[1])
  if (parseInteger(args.bytes, args.offset[2], args.length[2]) === NOT_INTEGER) {
    return reply.error(errors.TIMEOUT_NOT_AN_INTEGER)
  }
  const timeout = parsedBig(args.bytes, args.offset[2], args.length[2])
  if (timeout < 0n) return reply.error(errors.NEGATIVE_TIMEOUT)
  if (!fitsInt64(timeout + BigInt(session.host.nowMs()))) return reply.error(errors.TIMEOUT_OUT_OF_RANGE)
  if (replicas <= 0n || session.transaction.isRunning) return reply.integer(0)
  Wait.begin(session, Number(timeout), { timedOut: (target) => target.integer(0) })
}
