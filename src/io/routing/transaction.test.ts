import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ERROR_ROOM_BYTES, MAX_REPLY_BYTES } from '../../base/reply.ts'
import { type Pair, Pairs, settle } from '../session/testing.ts'
import type { InlineExecution } from './sequencer.ts'
import { RoutingRig } from './testing.ts'

const MODES: readonly InlineExecution[] = ['auto', 'never', 'always']

let rig: RoutingRig
let pairs: Pairs
let pair: Pair
let other: Pair
let ids = 0

const encode = (words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

/** Sends commands in one write, waits until all is quiet, and returns what came back to them. */
async function ask(each: Pair, ...commands: string[]): Promise<string> {
  const { session, client } = each
  const before = each.received().length
  client.write(commands.map((command) => encode(command.split(' '))).join(''), 'latin1')
  const isOver = () =>
    session.bytesIn === client.bytesWritten && !session.isSuspended && !session.isPostponed && session.replies.isEmpty
  while (!isOver() || each.received().length < session.bytesOut) await settle()
  return each.received().slice(before).replaceAll('\r\n', ' ').trimEnd()
}

beforeAll(() => {
  rig = new RoutingRig({ workers: 2, shards: 4 })
  pairs = new Pairs()
})

beforeEach(async () => {
  pair = await pairs.open(rig, ++ids)
  other = await pairs.open(rig, ++ids)
  await ask(pair, 'FLUSHALL')
})

afterAll(async () => {
  pairs.close()
  await rig.quiet()
  rig.check()
  await rig.close()
})

for (const mode of MODES) {
  describe(`inline-execution ${mode}`, () => {
    beforeAll(() => {
      rig.sequencer.inlineExecution = mode
    })

    test('what is more than a reply can hold is done, and refused as a whole', async () => {
      rig.reply.mostBytes = ERROR_ROOM_BYTES + 3000
      await ask(pair, `SET big ${'x'.repeat(2000)}`)
      // One that does not fit refuses itself alone, and there is room for that.
      expect(await ask(pair, 'MULTI', 'GET big', 'EXISTS none', 'EXEC')).toMatch(
        /^\+OK \+QUEUED \+QUEUED \*2 \$2000 x+ :0$/,
      )
      const commands = ['MULTI', ...Array(3).fill('GET big'), 'INCR n', ...Array(5).fill('EXISTS none'), 'EXEC']
      expect(await ask(pair, ...commands)).toMatch(/ -ERR the reply is larger than 2 GiB$/)
      rig.reply.mostBytes = MAX_REPLY_BYTES
      expect(await ask(pair, 'GET n')).toBe('$1 1')
    })

    test('queued commands run at EXEC, over any shards, and answer together', async () => {
      expect(await ask(pair, 'MULTI', 'SET a 1', 'SET b 2', 'MGET a b c d', 'INCR a')).toBe(
        '+OK +QUEUED +QUEUED +QUEUED +QUEUED',
      )
      expect(await ask(other, 'EXISTS a b')).toBe(':0')
      expect(await ask(pair, 'EXEC')).toBe('*4 +OK +OK *4 $1 1 $1 2 $-1 $-1 :2')
      expect(pair.session.transaction.isOpen).toBe(false)
    })

    test('a change of a watched key by anyone makes EXEC run nothing', async () => {
      for (const writer of [pair, other]) {
        expect(await ask(pair, 'SET a 1', 'WATCH a b')).toBe('+OK +OK')
        await ask(writer, 'APPEND a x')
        expect(await ask(pair, 'MULTI', 'SET c 1', 'EXEC', 'EXISTS c')).toBe('+OK +QUEUED *-1 :0')
      }
    })

    test('EXEC and DISCARD end watching: what changes after them does not count', async () => {
      for (const end of ['EXEC', 'DISCARD']) {
        await ask(pair, 'WATCH a', 'MULTI', end)
        await ask(other, 'INCR a')
        expect(await ask(pair, 'MULTI', 'GET a', 'EXEC')).toMatch(/\+QUEUED \*1/)
      }
      await ask(pair, 'WATCH a', 'UNWATCH')
      await ask(other, 'INCR a')
      expect(await ask(pair, 'MULTI', 'PTTL a', 'EXEC')).toBe('+OK +QUEUED *1 :-1')
    })

    test('watching sees what was sequenced before it and nothing that came earlier', async () => {
      expect(await ask(pair, 'SET a 1', 'LCS a a', 'WATCH a', 'MULTI', 'GET a', 'EXEC')).toMatch(/\+QUEUED \*1 \$1 1$/)
      expect(await ask(pair, 'WATCH a', 'SET a 2', 'MULTI', 'GET a', 'EXEC')).toMatch(/\+QUEUED \*-1$/)
    })

    test('a reply skipped from within is that of the command after EXEC, whether EXEC had to wait or not', async () => {
      for (const first of ['EXISTS a', 'LCS a a']) {
        await ask(pair, 'SET a 1')
        const replies = await ask(pair, first, 'MULTI', 'SKIP', 'GET a', 'EXEC', 'APPEND a 2', 'GET a')
        expect(replies).toMatch(/\+QUEUED \+QUEUED \*2 \$1 1 \$2 12$/)
      }
    })

    test('a watched key that expires has changed; one that had expired has not', async () => {
      await ask(pair, 'SET a 1 PX 100', 'SET b 1 PX 1000', 'WATCH b')
      rig.now += 500
      expect(await ask(pair, 'WATCH a', 'MULTI', 'GET a', 'EXEC')).toBe('+OK +OK +QUEUED *1 $-1')
      await ask(pair, 'WATCH b')
      rig.now += 1000
      expect(await ask(pair, 'MULTI', 'GET b', 'EXEC')).toBe('+OK +QUEUED *-1')
    })

    test('a command refused while queueing refuses the whole; one that fails in it does not', async () => {
      expect(await ask(pair, 'MULTI', 'SET a', 'SET b 1', 'EXEC', 'EXISTS b')).toMatch(
        /^\+OK -ERR wrong number .* \+QUEUED -EXECABORT Transaction discarded because of previous errors\. :0$/,
      )
      expect(await ask(pair, 'SET a x', 'MULTI', 'INCR a', 'SET b 1', 'EXEC')).toMatch(
        /\*2 -ERR value is not an integer or out of range \+OK$/,
      )
    })

    test('words out of their place are refused and change nothing', async () => {
      expect(await ask(pair, 'EXEC', 'DISCARD')).toBe('-ERR EXEC without MULTI -ERR DISCARD without MULTI')
      expect(await ask(pair, 'MULTI', 'MULTI', 'WATCH a', 'SET a 1', 'EXEC')).toBe(
        '+OK -ERR MULTI calls can not be nested -ERR WATCH inside MULTI is not allowed +QUEUED *1 +OK',
      )
    })

    test('commands of the connection in the queue take effect in their place', async () => {
      expect(await ask(pair, 'MULTI', 'SET a 0', 'SELECT 1', 'SET a 1', 'GET a', 'SELECT 0', 'GET a', 'EXEC')).toMatch(
        /\*6 \+OK \+OK \+OK \$1 1 \+OK \$1 0$/,
      )
      expect(pair.session.db).toBe(0)
    })

    test('what follows EXEC in the pipeline comes after it, in order', async () => {
      expect(await ask(pair, 'SET a 1', 'MULTI', 'INCR a', 'EXEC', 'INCR a', 'LCS a a', 'INCR a')).toBe(
        '+OK +OK +QUEUED *1 :2 :3 $1 3 :4',
      )
    })

    test('nobody sees half of a transaction', async () => {
      const transfer = ['MULTI', 'INCR x', 'DECR y', 'EXEC']
      await ask(pair, 'MSET x 0 y 0')
      const [, sums] = await Promise.all([
        ask(pair, ...Array.from({ length: 60 }, () => transfer).flat()),
        ask(other, ...Array.from({ length: 120 }, () => 'MGET x y')),
      ])
      const seen = [...sums.matchAll(/\*2 \$\d+ (-?\d+) \$\d+ (-?\d+)/g)]
      expect(seen.length).toBe(120)
      for (const [text, x, y] of seen) expect(Number(x) + Number(y), text).toBe(0)
      expect(await ask(pair, 'MGET x y')).toBe('*2 $2 60 $3 -60')
    })
  })
}

test('a client that goes takes its watches along', async () => {
  await ask(pair, 'WATCH a b c d e')
  expect(rig.engine.shards.reduce((sum, shard) => sum + shard.watches.count, 0)).toBe(5)
  pair.client.destroy()
  while (!pair.session.isClosed) await settle()
  await rig.quiet()
  expect(rig.engine.shards.map((shard) => shard.watches.count)).toEqual([0, 0, 0, 0])
})

test('a transaction that was asked for is run, though its client goes while it waits', async () => {
  rig.sequencer.inlineExecution = 'never'
  const { session } = pair
  await ask(pair, 'SET {t} 1', 'WATCH {t}')
  const commands = ['SET {t}other 1', 'MULTI', 'INCR {t}', 'EXEC']
  const sent = Buffer.from(commands.map((command) => encode(command.split(' '))).join(''))
  session.received(sent, sent.length)
  expect(session.isSuspended).toBe(true)
  session.destroy()
  await rig.quiet()
  expect(await ask(other, 'GET {t}')).toBe('$1 2')
  expect(rig.engine.shards.map((shard) => shard.watches.count)).toEqual([0, 0, 0, 0])
})
