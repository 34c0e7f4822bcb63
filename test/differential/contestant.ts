/* One of the two servers of a match, with the connections that a script's clients have to it. */

import { ConnectionClosed, NoReply, RawClient } from '../support/raw-client.ts'
import type { ReplyTree } from '../support/resp.ts'
import { decodeReply, encodeCommand, latin1, MalformedReply } from '../support/resp.ts'
import type { Server } from '../support/server.ts'
import type { Script } from './script.ts'
import { DEFAULT_LIMITS } from './script.ts'

/** What a match needs of a server; a test may put something of its own in Spinel's place. */
export type Played = Pick<Server, 'name' | 'tcp' | 'unix' | 'exit' | 'isAlive' | 'log' | 'stop'>

export interface Outcome {
  /** Raw replies, latin1. Of a session: one text, all that came. */
  replies: string[]
  /** How the exchange ended: silent = a reply is missing after the wait's bound, broken = bytes that are no reply. */
  ended: 'open' | 'closed' | 'silent' | 'broken'
  /** The server closed while we still wrote, and the kernel dropped what we had not read: replies may be missing. */
  torn: boolean
}

export interface Digest {
  lines: string[]
  /** For each line the time to live that it tells, apart from its text because the clock is in it. */
  ttls: (bigint | null)[]
}

const DATABASES = 16

/** The server closes the connection after this one. */
const PROTOCOL_ERROR = /^-ERR Protocol error/

/** How to read a whole value of each type, and whether the order of its members is the server's own affair. */
const WHOLE_VALUE: Readonly<Record<string, { command: string[]; rest: string[]; unordered: boolean }>> = {
  string: { command: ['GET'], rest: [], unordered: false },
  list: { command: ['LRANGE'], rest: ['0', '-1'], unordered: false },
  set: { command: ['SMEMBERS'], rest: [], unordered: true },
  hash: { command: ['HGETALL'], rest: [], unordered: true },
  zset: { command: ['ZRANGE'], rest: ['0', '-1', 'WITHSCORES'], unordered: false },
  stream: { command: ['XRANGE'], rest: ['-', '+'], unordered: false },
}

export class Contestant {
  /** Bound on the wait for a reply. A server that stays silent for so long has lost it. */
  replyTimeoutMs = 20_000
  server: Played
  private readonly start: () => Promise<Played>
  private readonly connections = new Map<number, RawClient>()
  private control: RawClient | null = null
  private transport: 'tcp' | 'unix' = 'tcp'
  private password = ''
  /** Bytes in the arenas of the empty server; undefined: not a Spinel, or not known yet. */
  private emptyBytes: number | undefined

  static async create(start: () => Promise<Played>): Promise<Contestant> {
    return new Contestant(await start(), start)
  }

  private constructor(server: Played, start: () => Promise<Played>) {
    this.server = server
    this.start = start
  }

  /** An empty server, without the connections of earlier scripts; a dead one is started anew. */
  async reset({ transport, password, limits }: Pick<Script, 'transport' | 'password' | 'limits'>): Promise<void> {
    this.dropConnections()
    this.transport = transport
    if (!this.server.isAlive()) {
      await this.server.stop({ checkLog: false })
      this.server = await this.start()
      this.control = null
      this.password = ''
      this.emptyBytes = undefined
    }
    // Active expiry would delete at instants of its own, and DBSIZE tells.
    for (const command of [
      ['CONFIG', 'SET', 'requirepass', password, ...Object.entries({ ...DEFAULT_LIMITS, ...limits }).flat()],
      ['FLUSHALL'],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
    ]) {
      const reply = await this.ask(command)
      if (reply.text !== 'OK') throw new Error(`${this.server.name}: ${command.join(' ')} answered ${reply.text}`)
    }
    this.password = password
    this.emptyBytes ??= await this.allocatedBytes()
  }

  /** Walks all structures of a Spinel, empties it, and tells what is left then that was not there at its start. */
  async findLeak(): Promise<string | null> {
    if (this.emptyBytes === undefined) return null
    const check = await this.ask(['DEBUG', 'CHECK'])
    if (check.text !== 'OK') return check.text
    this.dropConnections()
    await this.ask(['FLUSHALL'])
    const deadline = performance.now() + this.replyTimeoutMs
    // What a client watches goes when the server sees that it has gone, and large values are freed bit by bit.
    for (;;) {
      const bytes = await this.allocatedBytes()
      if (bytes === this.emptyBytes) return null
      if (performance.now() > deadline) return `${bytes} bytes after FLUSHALL, ${this.emptyBytes} at the start`
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Bytes in blocks of the arenas; undefined when this is no Spinel. */
  private async allocatedBytes(): Promise<number | undefined> {
    const { text } = await this.ask(['INFO', 'everything'])
    return text.includes('spinel_version') ? Number(/^allocator_allocated:(\d+)/m.exec(text)?.[1]) : undefined
  }

  /** A command on a connection of our own, authenticated and outside the script. */
  async ask(words: string[]): Promise<ReplyTree> {
    if (this.control === null || this.control.ended) {
      this.control = await RawClient.connect(this.server.tcp, { replyTimeoutMs: this.replyTimeoutMs })
      if (this.password !== '') await this.control.command('AUTH', this.password)
    }
    return decodeReply(await this.control.command(...words))
  }

  /** Writes `bytes` on the client's connection and reads `count` replies, or all until the server closes. */
  async exchange(client: number, bytes: Buffer, cuts: number[], count: number, toEnd: boolean): Promise<Outcome> {
    const connection = await this.connection(client)
    await writeInPieces(connection, bytes, cuts)
    const replies: string[] = []
    try {
      while (toEnd || replies.length < count || PROTOCOL_ERROR.test(replies.at(-1) ?? '')) {
        replies.push(latin1(await connection.read()))
      }
      return { replies, ended: 'open', torn: false }
    } catch (error) {
      return { replies, ended: this.howItEnded(error), torn: connection.torn }
    } finally {
      if (connection.ended) this.connections.delete(client)
    }
  }

  /** Writes `bytes` on a new connection, half-closes it, and reads what comes until the server closes. */
  async session(bytes: Buffer, cuts: number[]): Promise<Outcome> {
    const connection = await this.open()
    try {
      await writeInPieces(connection, bytes, cuts)
      connection.halfClose()
      const all = latin1(await connection.readToEnd())
      return { replies: [all], ended: 'closed', torn: connection.torn }
    } catch (error) {
      return { replies: [latin1(connection.unread())], ended: this.howItEnded(error), torn: connection.torn }
    } finally {
      connection.close()
    }
  }

  /** Bytes that nobody asked for, by client. */
  leftovers(): string[] {
    return [...this.connections].map(([client, connection]) => `${client}: ${latin1(connection.unread())}`).sort()
  }

  /** All that the server holds: each database's size, each key's type, encoding, time to live and value. */
  async digest(): Promise<Digest> {
    const digest: Digest = { lines: [], ttls: [] }
    const add = (line: string, ttl: bigint | null): void => {
      digest.lines.push(line)
      digest.ttls.push(ttl)
    }
    const sizes = await this.sizes()
    for (const [db, size] of sizes.entries()) {
      add(`db ${db} size ${size}`, null)
      if (size === '0') continue
      await this.ask(['SELECT', String(db)])
      for (const key of (await this.ask(['KEYS', '*'])).items.map(({ text }) => text).sort()) {
        const type = await this.ask(['TYPE', key])
        const encoding = await this.ask(['OBJECT', 'ENCODING', key])
        const ttl = await this.ask(['PTTL', key])
        const value = await this.valueOf(key, type.text)
        const told = `${type.text} ${encoding.text} ${JSON.stringify(value)}`
        add(`db ${db} key ${JSON.stringify(key)} ${told}`, BigInt(ttl.text))
      }
    }
    await this.ask(['SELECT', '0'])
    return digest
  }

  /** The number of keys in each database. */
  private async sizes(): Promise<string[]> {
    await this.ask(['SELECT', '0'])
    const commands: string[][] = []
    for (let db = 0; db < DATABASES; db++) commands.push(['SELECT', String(db)], ['DBSIZE'])
    this.control?.send(Buffer.concat(commands.map(encodeCommand)))
    const sizes: string[] = []
    for (const [i] of commands.entries()) {
      const reply = await this.control?.read()
      if (i % 2 === 1 && reply !== undefined) sizes.push(decodeReply(reply).text)
    }
    return sizes
  }

  private async valueOf(key: string, type: string): Promise<string[]> {
    const read = WHOLE_VALUE[type]
    if (read === undefined) return []
    const reply = await this.ask([...read.command, key, ...read.rest])
    let texts = flatTexts(reply)
    if (type === 'hash') texts = texts.flatMap((text, i) => (i % 2 === 0 ? [JSON.stringify([text, texts[i + 1]])] : []))
    return read.unordered ? texts.sort() : texts
  }

  dropConnections(): void {
    for (const connection of this.connections.values()) connection.close()
    this.connections.clear()
  }

  async stop(checkLog: boolean): Promise<void> {
    this.dropConnections()
    this.control?.close()
    await this.server.stop({ checkLog })
  }

  private async connection(client: number): Promise<RawClient> {
    const known = this.connections.get(client)
    if (known !== undefined) return known
    const opened = await this.open()
    this.connections.set(client, opened)
    return opened
  }

  private open(): Promise<RawClient> {
    const address = this.transport === 'unix' ? this.server.unix : this.server.tcp
    return RawClient.connect(address, { replyTimeoutMs: this.replyTimeoutMs })
  }

  private howItEnded(error: unknown): Outcome['ended'] {
    if (error instanceof ConnectionClosed) return 'closed'
    if (error instanceof NoReply) return 'silent'
    if (error instanceof MalformedReply) return 'broken'
    throw error
  }
}

function flatTexts(tree: ReplyTree): string[] {
  return tree.items.length > 0 ? tree.items.flatMap(flatTexts) : [tree.text]
}

async function writeInPieces(connection: RawClient, bytes: Buffer, cuts: number[]): Promise<void> {
  let sent = 0
  for (const cut of cuts) {
    if (cut <= sent || cut >= bytes.length) continue
    connection.send(bytes.subarray(sent, cut))
    sent = cut
    // Long enough for the server to find the first piece alone; if it does not, nothing is lost but the cut.
    await new Promise((resolve) => setTimeout(resolve, 1))
    // What has come meanwhile is read before we write again: a write to a connection that was closed loses it.
    await new Promise((resolve) => setImmediate(resolve))
    if (connection.ended) return
  }
  connection.send(bytes.subarray(sent))
}
