/* What a snapshot file holds, as an engine without a server. */
import { loadInto } from '../../src/persistence/testing.ts'
import { TestEngine } from '../../src/shard-worker/testing.ts'

/** An engine with the keys of a file; throws when that is not whole. */
export function loaded(file: string): TestEngine {
  const engine = new TestEngine({ shards: 2, arenaBytes: 128 * 1024 * 1024, nowMs: Date.now() })
  loadInto(engine, file)
  return engine
}

/** The value of a field of INFO. */
export function infoField(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)\\r$`, 'm').exec(info)?.[1] ?? ''
}
