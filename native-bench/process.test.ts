import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { processCpuMicros, residentBytes } from './accounting.ts'
import { withControl } from './control-connection.ts'
import { attachServer, startServer } from './process.ts'

const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('spinel-bench-valkey-'))

test('a server is started, named, measured, attached to, and stopped without a trace', async () => {
  const server = await startServer('valkey', ['redis-server'], ['--maxmemory', '10mb'])
  try {
    expect(server.facts.label).toMatch(/^Redis \d+\.\d+\.\d+ as valkey$/)
    expect(server.facts.command).toBe('redis-server --maxmemory 10mb')
    expect(residentBytes(server.pid ?? 0)).toBeGreaterThan(1 << 20)
    expect(processCpuMicros(server.pid ?? 0)).toBeGreaterThanOrEqual(0)
    const attached = await attachServer('spinel', server.endpoint)
    expect(attached.pid).toBe(server.pid)
    await attached.stop()
    await withControl(server.endpoint, async (control) => {
      expect(await control.command('PING')).toBe('PONG')
      expect(await control.command('GET', 'nothing')).toBe('')
      await expect(control.command('NONSENSE')).rejects.toThrow(/unknown command/)
    })
  } finally {
    await server.stop()
  }
  expect(existsSync(`/proc/${server.pid}`)).toBe(false)
  expect(leftovers()).toEqual([])
})

test('a server behind a wrapper that stays is refused: its CPU would not be seen', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spinel-wrapper-'))
  const wrapper = join(directory, 'wrapper')
  writeFileSync(wrapper, '#!/bin/sh\nredis-server "$@" &\ntrap "kill $!" TERM\nwait\n', { mode: 0o755 })
  await expect(startServer('valkey', [wrapper])).rejects.toThrow(/serves from another process/)
  rmSync(directory, { recursive: true })
})

test('a server that does not start is reported with its own words', async () => {
  await expect(startServer('valkey', ['redis-server'], ['--no-such-directive', 'x'])).rejects.toThrow(
    /does not serve: it ended with code 1[\s\S]*no-such-directive/,
  )
  await expect(startServer('valkey', ['no-such-program'])).rejects.toThrow(/ENOENT/)
  expect(leftovers()).toEqual([])
})
