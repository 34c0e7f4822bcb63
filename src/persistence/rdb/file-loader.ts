/* Reads a snapshot file into shards (docs/format/rdb.md), of any version up to 12, in slices: bytes are fed as they
 * come from the disk or a link, and step() goes on as far as they reach or its budget allows. Baton holder of every
 * shard; between two steps others may look at the shards, but not change them.
 *
 *   HEAD --magic, version--> ITEM --opcode--> ITEM
 *                            ITEM --type, key--> VALUE --whole--> ITEM
 *                            ITEM --EOF--> CHECKSUM --> DONE      (before version 5: straight to DONE)
 *
 * What is broken is thrown as an RdbFileError, whatever bytes they are; the shards then hold what came before it, and
 * nothing of the key that it is about.
 *
 * Bound: the reader's window: twice the longest string or listpack of the file. */
import { textOf } from '../../base/bytes.ts'
import { CRC64_BYTES, Crc64 } from '../../base/crc64.ts'
import type { Access } from '../../shard-worker/keyspace/access.ts'
import { setAccess } from '../../shard-worker/keyspace/entry.ts'
import { ARENA_FULL, type Keyspace } from '../../shard-worker/keyspace/keyspace.ts'
import { EmptyValue, LoadTarget, type ValueLoader } from '../../shard-worker/rdb/codec.ts'
import { createLoaders } from '../../shard-worker/rdb/codecs.ts'
import {
  FIRST_OPCODE,
  NEWEST_VERSION,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRETIME,
  OPCODE_EXPIRETIME_MS,
  OPCODE_FREQUENCY,
  OPCODE_FUNCTION_PRE_GA,
  OPCODE_FUNCTION2,
  OPCODE_IDLE,
  OPCODE_MODULE_AUX,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  OPCODE_SLOT_INFO,
  RDB_MODULE_2,
  rdbTypeName,
} from '../../shard-worker/rdb/format.ts'
import { MORE_BYTES, RdbError, RdbReader, RdbText, ShortRead } from '../../shard-worker/rdb/reader.ts'
import type { EngineSettings } from '../../shard-worker/settings.ts'

const MAGIC = 'REDIS'
const HEAD_BYTES = 9
const FIRST_VERSION_WITH_CHECKSUM = 5
const TWO_32 = 4294967296
/** No key takes less: its type, itself and a value of a byte each, one of them with a length before it. */
const LEAST_KEY_BYTES = 4

/** Where keys go, and what is to be told. */
export interface LoadHost {
  readonly databases: number
  readonly settings: EngineSettings
  readonly access: Access
  keyspaceOf(db: number, bytes: Uint8Array, offset: number, length: number): Keyspace
  /** About so many keys come for a database, of which so many are volatile. */
  expect(db: number, keys: number, volatile: number): void
  /** An AUX field: name and value are latin1. */
  onAux(name: string, value: string): void
  /** Something was left out: a line for the log. */
  onNotice(line: string): void
}

export interface LoadOptions {
  /** rdbchecksum: whether the file's is verified, if it has one. */
  checksum: boolean
  /** Whether keys whose time has come are loaded all the same: for a replica, and the base of an append-only file. */
  keepsExpired: boolean
  /** What becomes of a key that is there already: DEBUG RELOAD NOFLUSH has it replaced. */
  duplicates: 'refuse' | 'replace'
}

/** A file that can't be loaded; `lines` say why, in the words of Redis's log. */
export class RdbFileError extends Error {
  readonly lines: readonly string[]

  constructor(...lines: string[]) {
    super(lines[0])
    this.lines = lines
  }
}

/** What a step came to: more bytes are to be fed, its budget is used up, or the file is loaded. */
export type LoadStep = 'more' | 'slice' | 'done'
type State = 'head' | 'item' | 'value' | 'checksum' | 'done'

/** How many keys without a value the log hears of. */
const MOST_NOTICES = 10

export class RdbFileLoader {
  private readonly host: LoadHost
  private readonly options: LoadOptions
  private readonly reader = new RdbReader()
  private readonly loaders = createLoaders()
  private readonly target: LoadTarget
  private readonly crc = new Crc64()
  private readonly text = new RdbText()
  private readonly second = new RdbText()
  private state: State = 'head'
  private version = 0
  private db = 0
  /** Bytes before the window; and how far the checksum has come in it. */
  private before = 0
  private summed = 0
  /* Of the key to come. */
  private hasExpire = false
  private expireLow = 0
  private expireHigh = 0
  private idleSeconds = -1
  private frequency = -1
  private rdbType = 0
  private loader: ValueLoader | null = null
  keysLoaded = 0
  keysExpired = 0
  emptyKeysSkipped = 0

  /** `fileBytes`: how long the file is; Infinity when nobody knows. */
  constructor(host: LoadHost, options: LoadOptions, fileBytes: number) {
    this.host = host
    this.options = options
    this.target = new LoadTarget(host.settings)
    this.target.duplicates = options.duplicates
    this.reader.toCome = fileBytes
  }

  /** Bytes of the file that have been read. */
  get loadedBytes(): number {
    return this.before + this.reader.mark
  }

  /** Adds the next bytes of the file. */
  feed(bytes: Uint8Array, offset: number, length: number): void {
    const { reader } = this
    this.keepKey()
    this.sum(reader.mark)
    const at = reader.mark
    reader.feed(bytes, offset, length)
    this.before += at - reader.mark
    this.summed = reader.mark
  }

  /** Says that no more bytes will come, however long the file was said to be. */
  end(): void {
    this.reader.toCome = 0
  }

  /** The checksum goes on up to this place in the window. */
  private sum(to: number): void {
    if (this.options.checksum) this.crc.update(this.reader.bytes, this.summed, to - this.summed)
    this.summed = to
  }

  /** Loads about `budgetBytes` of what was fed. Throws RdbFileError. */
  step(budgetBytes: number): LoadStep {
    const { reader } = this
    const stop = reader.mark + budgetBytes
    try {
      while (this.state !== 'done') {
        this.next()
        reader.commit()
        if (reader.mark >= stop) return this.isDone ? 'done' : 'slice'
      }
      return 'done'
    } catch (error) {
      if (error === MORE_BYTES) {
        reader.rewind()
        return 'more'
      }
      this.target.discard()
      throw this.explained(error)
    }
  }

  get isDone(): boolean {
    return this.state === 'done'
  }

  private explained(error: unknown): unknown {
    if (error instanceof ShortRead) {
      const line = 'Short read or OOM loading DB. Unrecoverable error, aborting now.'
      return new RdbFileError(line, ...this.report('Unexpected EOF reading RDB file'))
    }
    if (error instanceof RdbError) return new RdbFileError(...this.report(error.message))
    if (error !== ARENA_FULL) return error
    return new RdbFileError(`OOM loading DB: the shard that owns key '${this.key}' in DB ${this.db} has no room left`)
  }

  /** Where and in which key something is wrong, as redis-check-rdb would tell. */
  private report(reason: string): string[] {
    const line = `Internal error in RDB reading offset ${this.loadedBytes} -> ${reason}`
    const lines = [line, '--- RDB ERROR DETECTED ---', `[offset ${this.loadedBytes}] ${line}`]
    if (this.state !== 'value') return lines
    return [
      ...lines,
      `[additional info] Reading key '${this.key}'`,
      `[additional info] Reading type ${this.rdbType} (${rdbTypeName(this.rdbType)})`,
    ]
  }

  private next(): void {
    switch (this.state) {
      case 'head':
        return this.readHead()
      case 'item':
        return this.readItem()
      case 'value':
        return this.readValue()
      case 'checksum':
        return this.readChecksum()
    }
  }

  private readHead(): void {
    const { reader } = this
    const at = reader.at
    reader.skip(HEAD_BYTES)
    const head = textOf(reader.bytes, at, HEAD_BYTES)
    if (!head.startsWith(MAGIC)) throw new RdbFileError('Wrong signature trying to load DB from file')
    this.version = Number.parseInt(head.slice(MAGIC.length), 10) || 0
    if (this.version < 1 || this.version > NEWEST_VERSION) {
      throw new RdbFileError(`Can't handle RDB format version ${this.version}`)
    }
    this.state = 'item'
  }

  /** An opcode with what belongs to it, or the type of a value and its key. */
  private readItem(): void {
    const { reader } = this
    const code = reader.byte()
    if (code < FIRST_OPCODE) return this.readKey(code)
    switch (code) {
      case OPCODE_EXPIRETIME_MS:
        return this.expireAt(reader.word(), reader.word())
      case OPCODE_EXPIRETIME: {
        const ms = reader.word() * 1000
        return this.expireAt(ms >>> 0, Math.floor(ms / TWO_32))
      }
      case OPCODE_IDLE:
        this.idleSeconds = reader.integer()
        return
      case OPCODE_FREQUENCY:
        this.frequency = reader.byte()
        return
      case OPCODE_SELECTDB:
        return this.select(reader.integer())
      case OPCODE_RESIZEDB:
        return this.expect(reader.integer(), reader.integer())
      case OPCODE_SLOT_INFO:
        for (let i = 0; i < 3; i++) reader.integer()
        return
      case OPCODE_AUX:
        reader.string(this.text)
        reader.string(this.second)
        return this.host.onAux(shown(this.text), shown(this.second))
      case OPCODE_EOF:
        this.state = this.version < FIRST_VERSION_WITH_CHECKSUM ? 'done' : 'checksum'
        return
      default:
        return this.readForeign(code)
    }
  }

  /** What belongs to functions and modules, of which there are none here. */
  private readForeign(code: number): never {
    const { reader } = this
    switch (code) {
      case OPCODE_FUNCTION2:
        // Left out, it would be gone for good with the next save.
        throw new RdbFileError('Failed loading library, functions are not supported')
      case OPCODE_FUNCTION_PRE_GA:
        throw new RdbError('Pre-release function format not supported.')
      case OPCODE_MODULE_AUX:
        throw new RdbFileError(
          `The RDB file contains AUX module data I can't load: no matching module '${moduleName(reader.bigInteger())}'`,
        )
    }
    throw new RdbError(`Unknown RDB opcode ${code}`)
  }

  /** So many keys are said to come for the database, and that many of them volatile. */
  private expect(keys: number, volatile: number): void {
    const most = this.reader.mostLeft / LEAST_KEY_BYTES
    this.host.expect(this.db, Math.min(keys, most), Math.min(volatile, most))
  }

  private expireAt(low: number, high: number): void {
    this.hasExpire = true
    this.expireLow = low
    this.expireHigh = high
  }

  private select(db: number): void {
    const { databases } = this.host
    if (db >= databases) {
      throw new RdbFileError(
        'FATAL: Data file was created with a Redis server configured to handle more than ' +
          `${databases} databases. Exiting`,
      )
    }
    this.db = db
  }

  private readKey(rdbType: number): void {
    const { reader, text, host } = this
    const loader = this.loaders[rdbType]
    reader.string(text)
    if (loader === undefined) throw this.foreignValue(rdbType)
    const { bytes, offset, length } = text
    this.target.begin(host.keyspaceOf(this.db, bytes, offset, length), bytes, offset, length)
    loader.begin()
    this.loader = loader
    this.rdbType = rdbType
    this.state = 'value'
  }

  private foreignValue(rdbType: number): Error {
    if (rdbType !== RDB_MODULE_2) return new RdbError(`Values of type ${rdbTypeName(rdbType)} cannot be read`)
    const name = moduleName(this.reader.bigInteger())
    return new RdbFileError(`The RDB file contains module data I can't load: no matching module type '${name}'`)
  }

  /** Takes the key out of the window, which is about to move. */
  private keepKey(): void {
    const { target } = this
    if (this.state !== 'value' || target.bytes !== this.reader.bytes) return
    target.bytes = target.bytes.slice(target.offset, target.offset + target.length)
    target.offset = 0
  }

  private get key(): string {
    const { bytes, offset, length } = this.target
    return textOf(bytes, offset, length)
  }

  private readValue(): void {
    try {
      if (!this.loader!.step(this.reader, this.target)) return
    } catch (error) {
      if (!(error instanceof EmptyValue)) throw error
      this.target.discard()
      this.skipEmpty()
      return this.beginItem()
    }
    this.finishKey()
    this.beginItem()
  }

  /** As Redis does, for early versions could leave such keys behind. */
  private skipEmpty(): void {
    if (this.emptyKeysSkipped++ >= MOST_NOTICES) return
    this.host.onNotice(`rdbLoadObject skipping empty key: ${this.key}`)
  }

  private beginItem(): void {
    this.state = 'item'
    this.loader = null
    this.hasExpire = false
    this.idleSeconds = -1
    this.frequency = -1
    this.target.release()
  }

  /** Gives a key that is whole its expiry and access field, or takes it out again when its time has come. */
  private finishKey(): void {
    const { target, host, options } = this
    const { keyspace } = target
    const { access } = host
    if (this.hasExpire) {
      const expireMs = this.expireHigh * TWO_32 + (this.expireLow >>> 0)
      if (expireMs < access.nowMs && !options.keepsExpired) {
        this.keysExpired++
        return target.discard()
      }
      target.entry = keyspace.setExpire(target.entry, this.expireLow, this.expireHigh)
    }
    if (access.lfu && this.frequency >= 0) setAccess(keyspace.arena, target.entry, access.ofFrequency(this.frequency))
    if (!access.lfu && this.idleSeconds >= 0) setAccess(keyspace.arena, target.entry, access.ofIdle(this.idleSeconds))
    target.entry = 0
    this.keysLoaded++
  }

  private readChecksum(): void {
    const { reader, crc, options } = this
    const { at } = reader
    reader.skip(CRC64_BYTES)
    this.state = 'done'
    if (!options.checksum) return
    if (reader.bytes.subarray(at, at + CRC64_BYTES).every((byte) => byte === 0)) {
      return this.host.onNotice('RDB file was saved with checksum disabled: no check performed.')
    }
    this.sum(at)
    if (crc.isAt(reader.bytes, at)) return
    const found = new Crc64()
    found.read(reader.bytes, at)
    throw new RdbFileError(
      `Wrong RDB checksum expected: (${crc.hex}) but got (${found.hex}). Aborting now.`,
      `Internal error in RDB reading offset ${this.loadedBytes} -> RDB CRC error`,
    )
  }
}

function shown({ bytes, offset, length }: RdbText): string {
  return textOf(bytes, offset, length)
}

const MODULE_NAME_CHARACTERS = 9
const MODULE_VERSION_BITS = 10n
const MODULE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The name in a module's id: nine characters of six bits each, before the version. */
function moduleName(id: bigint): string {
  let rest = id >> MODULE_VERSION_BITS
  let name = ''
  for (let i = 0; i < MODULE_NAME_CHARACTERS; i++) {
    name = MODULE_ALPHABET[Number(rest & 63n)] + name
    rest >>= 6n
  }
  return name
}
