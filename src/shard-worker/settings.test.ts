import { expect, test } from 'vitest'
import { Configuration } from '../server/configuration/configuration.ts'
import { EngineSettings } from './settings.ts'

/** What DEBUG sets, which is no directive. */
const NOT_DIRECTIVES = ['active-expire', 'quicklist-packed-threshold', 'skip-checksum-validation']

/** The directives that an engine reads, with the values that the configuration shows for them. */
function governed(configuration: Configuration): [string, string][] {
  return configuration
    .get(['*', 'rdb-key-save-delay'])
    .filter(([name, value]) => new EngineSettings().apply(name, value))
}

test('before anything is set, the settings are those of an empty redis.conf', () => {
  const settings = new EngineSettings()
  const directives = governed(new Configuration())
  for (const [name, value] of directives) settings.apply(name, value)
  expect(settings).toEqual(new EngineSettings())
  // Each of them governs a field, and each field but DEBUG's has its directive.
  expect(directives.length + NOT_DIRECTIVES.length).toBe(Object.keys(settings).length)
})

test('every directive that governs a field reaches it, and no other field', () => {
  const others: [string, string][] = [
    ['proto-max-bulk-len', '2097152'],
    ['maxmemory', '1000000'],
    ['maxmemory-policy', 'allkeys-lfu'],
    ['maxmemory-samples', '6'],
    ['maxmemory-eviction-tenacity', '50'],
    ['hash-max-listpack-entries', '9'],
    ['hash-max-listpack-value', '11'],
    ['list-max-listpack-size', '-5'],
    ['list-compress-depth', '3'],
    ['quicklist-packed-threshold', '100'],
    ['rdb-key-save-delay', '9'],
    ['lfu-log-factor', '7'],
    ['lfu-decay-time', '3'],
    ['active-expire-effort', '9'],
    ['active-expire', 'no'],
    ['activerehashing', 'no'],
    ['hz', '100'],
    ['slowlog-log-slower-than', '-1'],
    ['latency-monitor-threshold', '20'],
    ['latency-tracking', 'no'],
    ['lazyfree-lazy-eviction', 'yes'],
    ['lazyfree-lazy-expire', 'yes'],
    ['lazyfree-lazy-server-del', 'yes'],
    ['lazyfree-lazy-user-del', 'yes'],
    ['lazyfree-lazy-user-flush', 'yes'],
    ['rdb-version', '12'],
    ['rdbcompression', 'no'],
    ['skip-checksum-validation', 'yes'],
  ]
  const reached = new Set<string>()
  for (const [name, value] of others) {
    const settings = new EngineSettings()
    expect(settings.apply(name, value), name).toBe(true)
    const changed = Object.entries(settings).filter(([field, now]) => {
      return now !== new EngineSettings()[field as keyof EngineSettings]
    })
    expect(changed.length, name).toBe(1)
    const [[field, now]] = changed
    expect(typeof now === 'boolean' ? (now ? 'yes' : 'no') : String(now), name).toBe(value)
    reached.add(field)
  }
  expect(reached.size).toBe(Object.keys(new EngineSettings()).length)
  expect(
    others
      .map(([name]) => name)
      .filter((name) => !NOT_DIRECTIVES.includes(name))
      .sort(),
  ).toEqual(
    governed(new Configuration())
      .map(([name]) => name)
      .sort(),
  )
})

test('a directive that no engine reads changes nothing', () => {
  const settings = new EngineSettings()
  for (const name of ['port', 'maxclients', '', 'HZ']) expect(settings.apply(name, '1')).toBe(false)
  expect(settings).toEqual(new EngineSettings())
})
