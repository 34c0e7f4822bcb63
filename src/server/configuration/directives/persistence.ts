/* Directives of snapshots (RDB), the append-only file and loading. */
import {
  type Check,
  choice,
  DEBUG,
  DENY_LOADING,
  HIDDEN,
  IMMUTABLE,
  integer,
  memory,
  PROTECTED,
  text,
  yesNo,
} from '../directive.ts'
import { INT_MAX, INT_MIN, LONG_MAX } from '../integers.ts'
import { savePoints, workingDirectory } from '../special-types.ts'

const isBaseName = (name: string) => !/[/\\]/.test(name)

const databaseFileName: Check<string> = (name) =>
  isBaseName(name) ? null : "dbfilename can't be a path, just a filename"

const appendFileName: Check<string> = (name) => {
  if (name === '') return "appendfilename can't be empty"
  return isBaseName(name) ? null : "appendfilename can't be a path, just a filename"
}

const appendDirectoryName: Check<string> = (name) => {
  if (name === '') return "appenddirname can't be empty"
  return isBaseName(name) ? null : "appenddirname can't be a path, just a dirname"
}

const MEMORY_ALONE = 'data are kept in memory alone'

/* As with activedefrag: a redis.conf that asks for it must not keep the server from starting, but a program that turns
 * it on would rely on it. */
const refuseAppendOnly: Check<boolean> = (wanted, context) =>
  !wanted || context.source === 'file' ? null : 'The append only file is not supported by this version'

export const persistenceDirectives = {
  dir: workingDirectory({ flags: PROTECTED | DENY_LOADING }),
  save: savePoints([
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10000 },
  ]),
  dbfilename: text({ default: 'dump.rdb', flags: PROTECTED, check: databaseFileName }),
  rdbcompression: yesNo(true),
  rdbchecksum: yesNo(true, { flags: IMMUTABLE }),
  'rdb-del-sync-files': yesNo(false),
  'rdb-save-incremental-fsync': yesNo(true),
  'rdb-key-save-delay': integer({ min: INT_MIN, max: INT_MAX, default: 0, flags: HIDDEN }),
  'stop-writes-on-bgsave-error': yesNo(true),
  'sanitize-dump-payload': choice(['no', 'yes', 'clients'], { default: 'no', flags: DEBUG }),
  'key-load-delay': integer({ min: INT_MIN, max: INT_MAX, default: 0, flags: HIDDEN }),
  'loading-process-events-interval-bytes': integer({
    min: 1024,
    max: INT_MAX,
    default: 2 * 1024 * 1024,
    flags: HIDDEN,
  }),
  appendonly: yesNo(false, { flags: DENY_LOADING, check: refuseAppendOnly, ignored: MEMORY_ALONE }),
  appendfilename: text({ default: 'appendonly.aof', flags: IMMUTABLE, check: appendFileName }),
  appenddirname: text({ default: 'appendonlydir', flags: IMMUTABLE, check: appendDirectoryName }),
  appendfsync: choice(['everysec', 'always', 'no'], { default: 'everysec' }),
  'no-appendfsync-on-rewrite': yesNo(false),
  'auto-aof-rewrite-percentage': integer({ min: 0, max: INT_MAX, default: 100 }),
  'auto-aof-rewrite-min-size': memory({ min: 0, max: LONG_MAX, default: 64 * 1024 * 1024 }),
  'aof-rewrite-incremental-fsync': yesNo(true),
  'aof-load-truncated': yesNo(true),
  'aof-use-rdb-preamble': yesNo(true),
  'aof-timestamp-enabled': yesNo(false),
  'aof-disable-auto-gc': yesNo(false, { flags: HIDDEN }),
}
