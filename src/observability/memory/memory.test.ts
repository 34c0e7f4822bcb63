import { describe, expect, test } from 'vitest'
import type { Decoded } from '../../shard-worker/testing.ts'
import { TestEngine } from '../../shard-worker/testing.ts'
import { MemoryAccounts, type MemoryReport } from '../memory-accounts.ts'
import { TestFamily } from '../testing.ts'
import { memoryAdvice } from './doctor.ts'
import { memoryFamily } from './family.ts'

function setUp() {
  const { engine } = new TestEngine({ shards: 3 })
  const none = () => 0
  const memory = new MemoryAccounts(engine.shards, new Map(), { total: none, input: none, output: none })
  return {
    engine,
    memory,
    commands: new TestFamily([memoryFamily(() => ({ memory, engine, clients: () => ({ connected: 1 }) }))]),
  }
}

describe('MEMORY', () => {
  test('STATS has a field for everything, and a map for each database in use', () => {
    const { commands } = setUp()
    const stats = commands.run('MEMORY', 'STATS') as Decoded[]
    expect(stats.length).toBe(2 * 27)
    expect(stats.slice(0, 2)).toEqual(['peak.allocated', stats[1]])
    expect(stats).toContain('fragmentation.bytes')
  })

  test('MALLOC-STATS tells of each arena, PURGE has nothing to do', () => {
    const { commands } = setUp()
    expect(String(commands.run('MEMORY', 'MALLOC-STATS')).match(/^shard \d: \d+ blocks/gm)?.length).toBe(3)
    expect(commands.run('MEMORY', 'PURGE')).toBe('OK')
    expect((commands.run('MEMORY', 'HELP') as string[])[0]).toContain('MEMORY')
  })

  test('DOCTOR does not judge an empty server', () => {
    expect(setUp().commands.run('MEMORY', 'DOCTOR')).toContain('next to nothing')
  })
})

describe('the advice', () => {
  const MB = 1024 * 1024
  const sound = {
    used: 100 * MB,
    peak: 110 * MB,
    fragmentation: 1.1,
    touched: 110 * MB,
    allocated: 100 * MB,
    resident: 200 * MB,
    clients: 0,
  }
  const advice = (more: Partial<typeof sound>) => memoryAdvice({ ...sound, ...more } as MemoryReport, 10, 80 * MB)

  test('is none where nothing is unusual', () => {
    expect(advice({})).toBe('The memory of this server shows nothing unusual.\n')
  })

  test.each<[string, Partial<typeof sound>]>([
    ['Peak', { peak: 200 * MB }],
    ['Fragmentation', { fragmentation: 1.5, touched: 150 * MB }],
    ['Resident set', { resident: 500 * MB }],
    ['Clients', { clients: 10 * MB }],
  ])('names %s', (about, figures) => {
    const text = advice(figures)
    expect(text.split('\n* ').length).toBe(2)
    expect(text).toContain(`* ${about}:`)
  })
})
