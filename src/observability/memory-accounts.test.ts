import { describe, expect, test } from 'vitest'
import type { Session } from '../io/session/session.ts'
import { TestEngine } from '../shard-worker/testing.ts'
import { MemoryAccounts } from './memory-accounts.ts'

/** Accounts over two shards and clients that are plain numbers of bytes. */
function setUp() {
  const test = new TestEngine({ shards: 2 })
  const sessions = new Map<number, Session>()
  const bytes = new Map<Session, number>()
  const held = (session: Session) => bytes.get(session) ?? 0
  const accounts = new MemoryAccounts(test.engine.shards, sessions, { total: held, input: held, output: () => 0 })
  const connect = (id: number, held: number) => {
    const session = { id } as Session
    sessions.set(id, session)
    bytes.set(session, held)
  }
  return { test, accounts, connect, sessions }
}

describe('memory accounts', () => {
  test('count what is stored, and give it back', () => {
    const { test, accounts } = setUp()
    const { startupBytes } = accounts
    test.must('SET', 'k', 'x'.repeat(100_000))
    const grown = accounts.used
    expect(grown - startupBytes).toBeGreaterThan(100_000)
    expect(accounts.allocatedBytes).toBeLessThanOrEqual(accounts.touchedBytes)
    accounts.tick(1000)
    test.must('DEL', 'k')
    expect(accounts.used).toBeLessThan(grown - 100_000)
    expect(accounts.peakBytes).toBe(grown)
    expect(accounts.residentBytes).toBeGreaterThan(1024 * 1024)
    expect(accounts.systemBytes).toBeGreaterThan(accounts.residentBytes)
  })

  test('visit a tenth of the clients at each tick, and all for a report', () => {
    const { accounts, connect } = setUp()
    const { startupBytes } = accounts
    for (let id = 1; id <= 100; id++) connect(id, 10)
    for (let tick = 1; tick <= 5; tick++) accounts.tick(tick * 100)
    expect(accounts.clientBytes).toBe(0)
    for (let tick = 6; tick <= 10; tick++) accounts.tick(tick * 100)
    expect(accounts.clientBytes).toBe(1000)
    connect(101, 1_000_000)
    const report = accounts.report()
    expect(report.clients).toBe(1_001_000)
    expect(report.used - startupBytes).toBe(1_001_000)
    expect(accounts.peakBytes).toBe(report.used)
  })

  test('remember the largest buffer for eight seconds', () => {
    const { accounts, connect, sessions } = setUp()
    connect(1, 5000)
    for (let ms = 1000; ms < 2000; ms += 100) accounts.tick(ms)
    expect(accounts.recentMaxInput).toBe(5000)
    sessions.delete(1)
    for (let ms = 2000; ms < 9000; ms += 100) accounts.tick(ms)
    expect(accounts.recentMaxInput).toBe(5000)
    accounts.tick(9000)
    expect(accounts.recentMaxInput).toBe(0)
    expect(accounts.recentMaxOutput).toBe(0)
  })

  test('tell databases with keys apart, and their tables', () => {
    const { test, accounts } = setUp()
    test.must('SET', 'a', '1')
    test.must('SET', 'b', '1', 'EX', '100')
    test.select(3)
    for (let i = 0; i < 100; i++) test.must('SET', `k${i}`, 'v')
    const report = accounts.report()
    expect(report.databases.map(({ index, keys }) => [index, keys])).toEqual([
      [0, 2],
      [3, 100],
    ])
    expect(report.databases[0].expiresBytes).toBeGreaterThan(0)
    expect(report.databases[1].mainBytes).toBeGreaterThan(report.databases[0].mainBytes)
    expect(report.databases[1].expiresBytes).toBe(0)
    expect(report.keys).toBe(102)
    expect(report.dataset + report.overhead).toBe(report.used)
    expect(report.bytesPerKey).toBe(Math.trunc((report.used - report.startup) / 102))
    expect(report.fragmentation).toBeGreaterThanOrEqual(1)
    expect(report.totalFragmentation).toBe(report.resident / report.used)
  })

  test('an empty server has no figure that is no number', () => {
    const report = setUp().accounts.report()
    const figures = [report.datasetPercent, report.peakPercent, report.bytesPerKey, report.residentOverhead]
    expect(figures.every(Number.isFinite)).toBe(true)
    expect(report.dataset).toBe(0)
  })
})
