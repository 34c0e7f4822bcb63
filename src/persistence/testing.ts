/* Loads files from the disk into engines without a server. Tests only. */
import { systemDisk } from '../base/ports.ts'
import type { TestEngine } from '../shard-worker/testing.ts'
import { FileLoad } from './rdb/load-file.ts'

/** Loads a file; throws when it is not there, or not whole. */
export function loadInto(target: TestEngine, file: string): void {
  const { engine } = target
  engine.begin(target.nowMs)
  const load = FileLoad.open(
    systemDisk,
    file,
    {
      databases: engine.databases,
      settings: engine.settings,
      access: engine.access,
      keyspaceOf: (db, bytes, offset, length) => engine.shards[engine.shardOf(bytes, offset, length)].keyspaces[db],
      expect: (db, keys, volatile) => engine.expectKeys(db, keys, volatile),
      onAux: () => {},
      onNotice: () => {},
    },
    { checksum: true, keepsExpired: false, duplicates: 'refuse' },
  )
  if (load === null) throw new Error(`there is no ${file}`)
  while (!load.step(10_000));
  load.close()
  target.check()
}
