/* Every write command counts as many changes as redis-server counts, and looks keys up as often. Generated scripts
 * compare the same at their ends; here each command stands alone, so that a difference names it. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { added, COUNTING_COMMAND, type Counters, countersIn } from './counters.ts'
import type { Match } from './match.ts'
import { startMatch } from './start-match.ts'

const FAR = '99999999999'

/** One command a line. */
const COMMANDS = `
  SET s 1
  SET s 2 XX GET
  SET s 3 NX
  SETNX s 4
  GETSET s 5
  GETEX s EX 1000
  GETEX s PERSIST
  GETEX s PERSIST
  GETEX s PXAT 1
  MSET a 1 b 2 a 3
  MSETNX a 1 z 2
  MSETNX x 1 y 2 x 3
  MGET a b nothing
  INCR a
  INCRBYFLOAT a 1.5
  APPEND a tail
  SETRANGE a 5 xy
  SETRANGE a 0 ${'""'}
  GETRANGE a 0 -1
  SETBIT bits 7 1
  SETBIT bits 7 1
  BITFIELD bits SET u8 0 1 INCRBY u8 0 1 GET u8 0 SET u8 8 0
  BITOP AND both a bits
  BITOP OR none nothing
  BITOP OR both nothing
  EXPIRE b 1000
  EXPIRE b 2000 NX
  PEXPIREAT b ${FAR}000
  PERSIST b
  PERSIST b
  EXPIRE b -1
  RPUSH list a b c a b c a
  LPUSH list x y
  LPUSHX nolist a
  RPUSHX list b
  LPOP list
  RPOP list 2
  LPOP list 0
  LPOP nolist
  LSET list 0 z
  LINSERT list BEFORE a before
  LINSERT list BEFORE nothing before
  LREM list 0 a
  LREM list 0 nothing
  LTRIM list 0 -1
  LTRIM list 1 -1
  RPUSH more 3 1 2 5 4
  LMOVE more list LEFT RIGHT
  LMOVE nolist list LEFT RIGHT
  RPOPLPUSH list list
  LMPOP 2 nolist list LEFT COUNT 3
  BLPOP more 0
  BLMPOP 0 1 more RIGHT COUNT 2
  BRPOPLPUSH more list 0
  RPUSH sorted 3 1 2 5 4
  SORT sorted STORE list
  SORT sorted LIMIT 1 2 STORE list
  SORT nolist STORE list
  SORT nolist STORE list
  LTRIM sorted 5 1
  HSET hash a 1 b 2 c 3
  HSET hash a 1 d 2
  HMSET hash a 1 d 2 e 5
  HSETNX hash a 1
  HSETNX hash f 1
  HINCRBY hash a 5
  HINCRBYFLOAT hash a 1.5
  HDEL hash a b nothing
  HDEL hash nothing
  HGETALL hash
  HMGET hash a nothing
  HDEL hash c d e f
  RENAME a renamed
  RENAME renamed renamed
  RENAMENX renamed x
  RENAMENX renamed a
  COPY a copy
  COPY a copy
  COPY a copy REPLACE
  MOVE copy 1
  MOVE nothing 1
  DEL a nothing a x
  UNLINK y y
  TOUCH bits nothing
  EXISTS bits bits
  SWAPDB 0 1
  SWAPDB 1 1
  FLUSHDB
  SWAPDB 0 1
  SET more 1
  FLUSHALL
  FLUSHALL`
  .trim()
  .split('\n')
  .map((line) =>
    line
      .trim()
      .split(' ')
      .map((word) => (word === '""' ? '' : word)),
  )

let match: Match

beforeAll(async () => {
  match = await startMatch()
})

afterAll(async () => {
  await match.stop()
})

test('each command adds to the counters what it adds to those of redis-server', async () => {
  const { oracle, spinel } = match
  const both = [oracle, spinel]
  const counted = (): Promise<Counters[]> =>
    Promise.all(both.map(async (each) => countersIn(await each.ask(COUNTING_COMMAND))))
  let before = await counted()
  for (const words of COMMANDS) {
    const [theirs, ours] = await Promise.all(both.map((each) => each.ask(words)))
    expect(ours, words.join(' ')).toEqual(theirs)
    const after = await counted()
    const [expected, actual] = after.map((counters, i) => added(before[i], counters, before[0]))
    expect(actual, words.join(' ')).toBe(expected)
    before = after
  }
})
