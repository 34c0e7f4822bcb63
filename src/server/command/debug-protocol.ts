/* DEBUG PROTOCOL: one value of each type of RESP, for clients' tests of their decoders. Any thread. */
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'

const WRITERS: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => reply.bulkText('Hello World'),
  integer: (reply) => reply.integer(12345),
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: what Redis answers, not pi.
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
  null: (reply) => reply.nil(),
  array: (reply) => {
    reply.array(3)
    for (let i = 0; i < 3; i++) reply.integer(i)
  },
  set: (reply) => {
    reply.set(3)
    for (let i = 0; i < 3; i++) reply.integer(i)
  },
  map: (reply) => {
    reply.map(3)
    for (let i = 0; i < 3; i++) {
      reply.integer(i)
      reply.boolean(i === 1)
    }
  },
  attrib: (reply) => {
    if (reply.resp3) {
      reply.attribute(1)
      reply.bulkText('key-popularity')
      reply.array(2)
      reply.bulkText('key:123')
      reply.integer(90)
    }
    reply.bulkText('Some real reply following the attribute')
  },
  push: (reply) => {
    if (!reply.resp3) return reply.error(errors.RESP3_ONLY)
    reply.push(2)
    reply.bulkText('server-cpu-usage')
    reply.integer(42)
    reply.bulkText('Some real reply following the push reply')
  },
  verbatim: (reply) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
}

/** `type` is in lower case. */
export function protocolReply(type: string, reply: Reply): void {
  if (!Object.hasOwn(WRITERS, type)) return reply.error(errors.DEBUG_PROTOCOL_TYPE)
  WRITERS[type](reply)
}
