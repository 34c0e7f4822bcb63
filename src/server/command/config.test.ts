import { describe, expect, test } from 'vitest'
import { fakeSession, TestFamily } from '../../observability/testing.ts'
import { WorkerStatistics } from '../../observability/worker-statistics.ts'
import { Configuration } from '../configuration/configuration.ts'
import { configFamily } from './config.ts'

function setUp(isLocal = true) {
  const configuration = new Configuration()
  let resets = 0
  const fleet = { workers: 0, handedOver: 0, broadcast: () => {}, ask: () => {} }
  const workerStatistics = new WorkerStatistics(fleet)
  const context = { configuration, isLoading: false, workerStatistics, resetStatistics: () => resets++ }
  const commands = new TestFamily([configFamily(() => context)], fakeSession({ isLocal }))
  const config = (...words: string[]) => commands.run('CONFIG', ...words)
  return { configuration, config, commands, resets: () => resets }
}

describe('CONFIG', () => {
  test('GET answers names and values, by name or pattern', () => {
    const { config, commands } = setUp()
    expect(config('GET', 'hz', 'maxmemory-s*')).toEqual(['hz', '10', 'maxmemory-samples', '5'])
    expect(config('GET', 'nothing')).toEqual([])
    commands.reply.resp3 = true
    expect(config('GET', 'HZ')).toEqual(new Map([['HZ', '10']]))
  })

  test('SET changes all or none', () => {
    const { config, configuration } = setUp()
    expect(config('SET', 'hz', '20', 'maxmemory', '1mb')).toBe('OK')
    expect(config('SET', 'hz', '30', 'maxmemory', 'x')).toEqual({
      text: "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
    })
    expect([configuration.values.hz, configuration.values.maxmemory]).toEqual([20, 1024 * 1024])
    expect(config('SET', 'hz', '1', 'maxmemory')).toEqual({ text: 'ERR syntax error' })
  })

  test('SET of protected directives asks where the client is', () => {
    const refused = { text: expect.stringContaining("can't set protected config") }
    for (const isLocal of [true, false]) {
      const { config, configuration } = setUp(isLocal)
      expect(config('SET', 'dir', '.')).toEqual(refused)
      configuration.take('enable-protected-configs', ['local'])
      if (isLocal) expect(config('SET', 'dir', '.')).toBe('OK')
      else expect(config('SET', 'dir', '.')).toEqual(refused)
    }
  })

  test('RESETSTAT resets, REWRITE needs a file, HELP helps', () => {
    const { config, resets } = setUp()
    expect(config('RESETSTAT')).toBe('OK')
    expect(resets()).toBe(1)
    expect(config('REWRITE')).toEqual({ text: 'ERR The server is running without a config file' })
    expect((config('HELP') as string[]).length).toBe(11)
  })
})
