/* Values as large as Redis allows, 512 MB, and what is one byte too many; with the ordinary run a part of that. */

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decodeReply, encodeCommand, plain } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES } from '../support/server.ts'
import { admit, discharge, expectSound, SCALE } from './soundness.ts'

const MEGA = 1024 * 1024
/** proto-max-bulk-len: Redis's own when this is run at large. */
const LARGEST = SCALE > 1 ? 512 * MEGA : 48 * MEGA
const PATIENCE_MS = 300_000

/** Bytes that differ from place to place. */
function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  const block = createHash('shake256', { outputLength: 65_537 }).update('pattern').digest()
  for (let at = 0; at < length; at += block.length) block.copy(bytes, at)
  return bytes
}

const checksum = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  test(
    'a value of the greatest length is kept, read and changed; one byte more is refused',
    async () => {
      const patient = await admit({
        directives: { 'proto-max-bulk-len': LARGEST },
        spinelDirectives: { 'inline-execution': mode },
      })
      const { server } = patient
      const client = await server.connect({ replyTimeoutMs: PATIENCE_MS })
      const value = pattern(LARGEST)
      // In two writes, so that no third copy of it is made here.
      client.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${LARGEST}\r\n`)
      client.send(value)
      client.send('\r\n')
      expect((await client.read()).toString()).toBe('+OK\r\n')
      expect(await client.call('STRLEN', 'large')).toBe(LARGEST)
      const header = `$${LARGEST}\r\n`
      client.send(encodeCommand(['GET', 'large']))
      const reply = await client.read()
      expect(reply.subarray(0, header.length).toString()).toBe(header)
      expect(checksum(reply.subarray(header.length, -2))).toBe(checksum(value))
      const half = LARGEST / 2
      client.send(encodeCommand(['GETRANGE', 'large', half - 5, -1]))
      const range = (await client.read()).subarray(`$${half + 5}\r\n`.length, -2)
      expect(checksum(range)).toBe(checksum(value.subarray(half - 5)))
      expect(await client.call('GETRANGE', 'large', -3, -1)).toBe(value.subarray(-3).toString('latin1'))

      const tooLong = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'
      expect(await client.call('APPEND', 'large', 'x')).toEqual(new Error(tooLong))
      expect(await client.call('SETRANGE', 'large', LARGEST, 'x')).toEqual(new Error(tooLong))
      expect(await client.call('SETRANGE', 'large', LARGEST - 3, 'end')).toBe(LARGEST)
      expect(await client.call('GETRANGE', 'large', -4, -1)).toBe(`${value.subarray(-4, -3).toString('latin1')}end`)
      client.send(`*3\r\n$6\r\nAPPEND\r\n$3\r\nnew\r\n$${half}\r\n`)
      client.send(value.subarray(0, half))
      client.send('\r\n')
      expect(plain(decodeReply(await client.read()))).toBe(half)
      expect(await client.call('DEL', 'large', 'new')).toBe(2)
      client.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${LARGEST + 1}\r\n`)
      expect((await client.readToEnd()).toString()).toBe('-ERR Protocol error: invalid bulk length\r\n')
      client.close()
      await expectSound(patient)
      await discharge(patient)
    },
    PATIENCE_MS,
  )
})

test(
  'large values over the shards of two workers',
  async () => {
    const patient = await admit({ spinelDirectives: { 'inline-execution': 'never' } })
    const client = await patient.server.connect({ replyTimeoutMs: PATIENCE_MS })
    const value = pattern(6 * MEGA)
    const keys = Array.from({ length: 6 }, (_, i) => `key:${i}`)
    expect(await client.call('MSET', ...keys.flatMap((key) => [key, value]))).toBe('OK')
    const values = (await client.call('MGET', ...keys)) as string[]
    for (const each of values) expect(checksum(Buffer.from(each, 'latin1'))).toBe(checksum(value))
    expect(await client.call('DEL', ...keys)).toBe(keys.length)
    client.close()
    await expectSound(patient)
    await discharge(patient)
  },
  PATIENCE_MS,
)
