/* Loading the data set from the snapshot file: at the start, while clients are told to wait, and for DEBUG RELOAD. Main
 * thread. A file that is not whole and sound ends the process: nothing half loaded is ever served. */
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { LoadFigures } from '../observability/info/context.ts'
import { type LoadHost, RdbFileError } from '../persistence/rdb/file-loader.ts'
import { FileLoad } from '../persistence/rdb/load-file.ts'
import type { ServerParts } from './parts.ts'

/** Bytes of a slice when nobody is to have a turn between two. */
const SLICE_BYTES = 1024 * 1024

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** The parts that loading needs. */
export type LoadingServer = Pick<ServerParts, 'configuration' | 'clock' | 'disk' | 'log' | 'engine'>

export class Loading {
  private readonly server: LoadingServer
  private load: FileLoad | null = null
  private startMs = 0
  private usedMemory = 0
  private owedMs = 0
  private keysLoaded = 0
  private keysExpired = 0

  constructor(server: LoadingServer) {
    this.server = server
  }

  get isLoading(): boolean {
    return this.load !== null
  }

  figures(): LoadFigures {
    const { load, startMs, usedMemory } = this
    const loader = load?.loader
    return {
      isLoading: load !== null,
      startMs,
      totalBytes: load?.totalBytes ?? 0,
      loadedBytes: loader?.loadedBytes ?? 0,
      usedMemory,
      keysLoaded: loader?.keysLoaded ?? this.keysLoaded,
      keysExpired: loader?.keysExpired ?? this.keysExpired,
    }
  }

  /** Loads the file, if there is one, with a turn for others now and then; false: it is not fit to be served. */
  async atStart(): Promise<boolean> {
    const { log, clock, configuration } = this.server
    const startUs = clock.monotonicUs()
    if (!this.begin(false)) return false
    const { load } = this
    if (load === null) return true
    while (this.load !== null) {
      if (!this.step(configuration.values['loading-process-events-interval-bytes'])) return false
      await setImmediate()
    }
    log.notice(`DB loaded from disk: ${((clock.monotonicUs() - startUs) / 1e6).toFixed(3)} seconds`)
    return true
  }

  /** Loads the file in one go; `replaces`: in place of keys that are there. Broken: what was loaded is not sound. */
  now(replaces: boolean): 'loaded' | 'missing' | 'broken' {
    if (!this.begin(replaces)) return 'broken'
    if (this.load === null) return 'missing'
    while (this.load !== null) if (!this.step(SLICE_BYTES)) return 'broken'
    return 'loaded'
  }

  /** Opens the file, if there is one; false when that can't be done. */
  private begin(replaces: boolean): boolean {
    const { configuration, clock, disk, engine } = this.server
    const { values } = configuration
    this.startMs = clock.nowMs()
    this.usedMemory = 0
    engine.begin(this.startMs)
    try {
      this.load = FileLoad.open(disk, resolve(values.dir, values.dbfilename), this.host(), {
        checksum: values.rdbchecksum && !engine.settings.skipChecksumValidation,
        keepsExpired: false,
        duplicates: replaces ? 'replace' : 'refuse',
      })
      return true
    } catch (error) {
      return this.refuse(error, 'Fatal error loading the DB, check server logs. Exiting.')
    }
  }

  private host(): LoadHost {
    const { engine, log } = this.server
    return {
      databases: engine.databases,
      settings: engine.settings,
      access: engine.access,
      keyspaceOf: (db, bytes, offset, length) => engine.shards[engine.shardOf(bytes, offset, length)].keyspaces[db],
      expect: (db, keys, volatile) => engine.expectKeys(db, keys, volatile),
      onAux: (name, value) => this.tellAux(name, value),
      onNotice: (line) => log.notice(line),
    }
  }

  private tellAux(name: string, value: string): void {
    const { log } = this.server
    if (name.startsWith('%')) log.notice(`RDB '${name}': ${value}`)
    else if (name === 'redis-ver') log.notice(`Loading RDB produced by version ${value}`)
    else if (name === 'ctime') {
      const age = Math.trunc(this.startMs / 1000) - (Number.parseInt(value, 10) || 0)
      log.notice(`RDB age ${Math.max(0, age)} seconds`)
    } else if (name === 'used-mem') {
      this.usedMemory = Number.parseInt(value, 10) || 0
      log.notice(`RDB memory usage when created ${(this.usedMemory / (1024 * 1024)).toFixed(2)} Mb`)
    }
  }

  /** Loads a slice; false when the file is not sound. */
  private step(bytes: number): boolean {
    const { load } = this
    if (load === null) return true
    const { loader } = load
    const { keysLoaded } = loader
    try {
      if (load.step(bytes)) this.end(load)
    } catch (error) {
      return this.refuse(error, 'Terminating server after rdb file reading failure.')
    }
    this.delay(loader.keysLoaded - keysLoaded)
    return true
  }

  private end(load: FileLoad): void {
    const { keysLoaded, keysExpired, emptyKeysSkipped } = load.loader
    load.close()
    this.load = null
    this.keysLoaded = keysLoaded
    this.keysExpired = keysExpired
    const skipped = emptyKeysSkipped > 0 ? `, empty keys skipped: ${emptyKeysSkipped}` : ''
    this.server.log.notice(`Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${skipped}.`)
  }

  private refuse(error: unknown, consequence: string): false {
    if (!(error instanceof RdbFileError)) throw error
    for (const line of error.lines) this.server.log.warning(line)
    this.server.log.warning(consequence)
    return false
  }

  /** key-load-delay: microseconds for each key; a negative one is that share of one, as in Redis. */
  private delay(keys: number): void {
    const delay = this.server.configuration.values['key-load-delay']
    if (delay === 0) return
    this.owedMs += (keys * (delay > 0 ? delay : -1 / delay)) / 1000
    if (this.owedMs < 1) return
    Atomics.wait(sleeper, 0, 0, this.owedMs)
    this.owedMs = 0
  }
}
