/* Bytes that are no commands, and clients that die in the midst of theirs. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { encodeCommand } from '../support/resp.ts'
import { INLINE_EXECUTION_MODES, type Server } from '../support/server.ts'
import { admit, discharge, expectSound, type Patient, SCALE } from './soundness.ts'

const STREAMS = 60 * SCALE
const VICTIM = fileURLToPath(new URL('./victim.ts', import.meta.url))

describe.each(INLINE_EXECUTION_MODES)('with inline-execution %s', (mode) => {
  let patient: Patient

  beforeAll(async () => {
    patient = await admit({ spinelDirectives: { 'inline-execution': mode } })
  })

  afterAll(() => discharge(patient))

  test('random bytes, plain, broken and almost right, end connections at most', async () => {
    for (let seed = 1; seed <= STREAMS; seed++) {
      const random = new Random(seed)
      const client = await patient.server.connect()
      for (let left = random.between(1, 20); left > 0 && !client.ended; left--) client.send(noise(random))
      // Half of them leave without a word, the others hear out what the server has to say.
      if (random.chance(0.5)) {
        client.halfClose()
        await client.readToEnd()
      }
      client.close()
    }
    await expectSound(patient)
  })

  test('clients that are killed in mid-command leave nothing behind', async () => {
    await patient.control.call('SET', 'large', 'v'.repeat(4 * 1024 * 1024))
    for (const way of ['half-bulk', 'multi', 'watch', 'huge-reply', 'pipeline', 'barriers', 'half-header']) {
      for (let round = 0; round < SCALE; round++) await killInMidCommand(patient.server, way)
    }
    await expectSound(patient)
  })
})

/** Bytes of one kind or another; commands among them are such that the server stays what it is. */
function noise(random: Random): Buffer {
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => random.below(256)))
  const key = `key:${random.below(50)}`
  const whole = encodeCommand(
    random.pick([
      ['SET', key, bytes(random.below(300))],
      ['GET', key],
      ['MSET', key, 'a', `key:${random.below(50)}`, 'b'],
      ['APPEND', key, bytes(random.below(70_000))],
      ['EXPIRE', key, random.below(3)],
      ['MULTI'],
      ['EXEC'],
      ['WATCH', key],
      ['HELLO', random.below(5)],
    ]),
  )
  switch (random.below(6)) {
    case 0:
      return bytes(random.below(2000))
    case 1:
      return Buffer.concat([bytes(random.below(100)), Buffer.from('\r\n')])
    case 2:
      return Buffer.from(`*${random.below(2 ** 32) - 5}\r\n$${random.below(2 ** 31) - 5}\r\n`)
    case 3: {
      // One byte of a command flipped.
      const broken = Buffer.from(whole)
      broken[random.below(broken.length)] ^= 1 << random.below(8)
      return broken
    }
    case 4:
      return whole.subarray(0, random.below(whole.length))
    default:
      return whole
  }
}

/** Starts a client process, waits until it is in the midst of things, and kills it. */
function killInMidCommand(server: Server, way: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [VICTIM, String(server.port), way], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.once('data', () => child.kill('SIGKILL'))
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve()
      else reject(new Error(`the victim ended by itself, with ${code}`))
    })
  })
}

test('bytes that no server should have to read are answered as the protocol says', async () => {
  const patient = await admit()
  const client = await patient.server.connect()
  client.send('*1\r\n$536870913\r\n')
  expect((await client.readToEnd()).toString('latin1')).toBe('-ERR Protocol error: invalid bulk length\r\n')
  client.close()
  await expectSound(patient)
  await discharge(patient)
})
