/* Plays a script to the oracle and to Spinel at once, step by step, and stops at the first difference.
 *
 * In step: a step is sent to both, and both have answered before the next. So the clocks that the two servers read for
 * one command lie within that step, and a time to live may differ by no more than the slowest steps took: `slackMs`. */

import type { ReplyTree } from '../support/resp.ts'
import { decodeReply } from '../support/resp.ts'
import { canonicalForm, canonicalStream } from './canonical.ts'
import type { Contestant, Outcome } from './contestant.ts'
import { added, COUNTING_COMMAND, type Counters, countersIn, looksUpByChance } from './counters.ts'
import { asRedis72, isSessionComparable, stateAsRedis72 } from './redis-7.2-differences.ts'
import type { Command, Script, Send, Session, Step } from './script.ts'
import { encode, resolve, shortLifeMs } from './script.ts'
import { Tally } from './tally.ts'

export interface Mismatch {
  /** Index of the step, or the number of steps if only the final state differs. */
  step: number
  /** What was compared: the command's words, or a name such as "digest". */
  about: string
  oracle: string
  spinel: string
}

/** What a client has queued since MULTI. */
interface Transaction {
  queued: string[][]
  lifeMs: number
}

/** Beyond its nominal end a key's life is surely over on both servers. */
const LIFE_MARGIN_MS = 5
/** Servers round and cache the clock. */
const CLOCK_SLACK_MS = 5
const MAX_ITERATIONS = 100_000

export class Match {
  readonly oracle: Contestant
  readonly spinel: Contestant
  /** 704 for 7.4. */
  readonly oracleVersion: number
  /** The oracle is older than what Spinel follows: see redis-7.2-differences.ts. */
  readonly oracleIs70: boolean
  /** Commands that only the oracle has. */
  foreign: ReadonlySet<string> = new Set()
  /** Commands exchanged since the start. */
  commands = 0
  /** Which ones, and what came of them. */
  readonly tally = new Tally()
  private startMs = 0
  private slowestMs = 0
  private readonly transactions = new Map<number, Transaction>()
  /** When the script began, by server; and the look-ups since then that can't be compared. */
  private counted: readonly Counters[] = []
  private readonly excused = new Map<Contestant, number>()

  static async create(oracle: Contestant, spinel: Contestant): Promise<Match> {
    const version = /redis_version:(\d+)\.(\d+)/.exec((await oracle.ask(['INFO', 'server'])).text)
    if (version === null) throw new Error('the oracle tells no version')
    const match = new Match(oracle, spinel, Number(version[1]) * 100 + Number(version[2]))
    const [theirs, ours] = await Promise.all([commandNames(oracle), commandNames(spinel)])
    match.foreign = new Set([...theirs].filter((name) => !ours.has(name)))
    return match
  }

  private constructor(oracle: Contestant, spinel: Contestant, oracleVersion: number) {
    this.oracle = oracle
    this.spinel = spinel
    this.oracleVersion = oracleVersion
    this.oracleIs70 = oracleVersion < 702
  }

  /** Plays the script on two emptied servers and compares what they then hold. Null: no difference. */
  async play(script: Script, compareState = true): Promise<Mismatch | null> {
    this.transactions.clear()
    this.slowestMs = 0
    try {
      await Promise.all([this.oracle, this.spinel].map((each) => each.reset(script)))
      this.counted = await this.both(counters)
      this.excused.clear()
      this.startMs = Date.now()
      for (const [index, step] of script.steps.entries()) {
        const found = await this.playStep(step)
        if (found !== null) return this.withCrash({ step: index, ...found })
      }
      const found = compareState ? await this.compareState() : null
      return found === null ? null : this.withCrash({ step: script.steps.length, ...found })
    } catch (error) {
      // A connection may tell of a server's end before the process does.
      await new Promise((resolve) => setTimeout(resolve, 200))
      if (this.spinel.server.isAlive() && this.oracle.server.isAlive()) throw error
      return this.withCrash({ step: script.steps.length, about: 'crash', oracle: 'alive', spinel: String(error) })
    }
  }

  /** Sets the bound of every wait for a reply. */
  setReplyTimeout(ms: number): void {
    this.oracle.replyTimeoutMs = this.spinel.replyTimeoutMs = ms
  }

  /** Ends both servers; throws if one had died or logged what a sound one does not, unless `checkLog` is false. */
  async stop(checkLog = true): Promise<void> {
    await Promise.all([this.oracle.stop(checkLog), this.spinel.stop(checkLog)])
  }

  private async playStep(step: Step): Promise<Finding> {
    if (step.kind === 'session') return this.playSession(step)
    if (step.kind === 'send') return this.playSend(step)
    const findings = await Promise.all(step.sends.map((send) => this.playSend(send)))
    return findings.find((finding) => finding !== null) ?? null
  }

  private async playSession({ bytes, cuts = [] }: Session): Promise<Finding> {
    this.commands++
    const raw = Buffer.from(bytes, 'latin1')
    const [oracle, spinel] = await this.both((each) => each.session(raw, cuts))
    const expected = canonicalStream(this.oracleIs70 ? asRedis72([], oracle.replies[0]) : oracle.replies[0], bytes)
    const actual = canonicalStream(spinel.replies[0], bytes)
    if (expected === actual && oracle.ended === spinel.ended) return null
    if (this.refusesForeign(actual)) return null
    if (!isSessionComparable(actual, this.oracleVersion)) {
      // An error that one of them does not tell it does not count either.
      this.counted = this.counted.map((counters) => ({ ...counters, total_error_replies: Number.NaN }))
      return null
    }
    if ((oracle.torn && actual.startsWith(expected)) || (spinel.torn && expected.startsWith(actual))) return null
    return { about: 'session', oracle: told(oracle), spinel: told(spinel) }
  }

  /** Whether Spinel does not know what the oracle does: a damaged length may make one command's end another's name. */
  private refusesForeign(replies: string): boolean {
    return [...replies.matchAll(/-ERR unknown command '([\w-]+)'/g)].some(([, name]) =>
      this.foreign.has(name.toUpperCase()),
    )
  }

  /** Sends the commands in one write, or in several where the next one must wait for something. */
  private async playSend(send: Send): Promise<Finding> {
    let batch: Command[] = []
    for (const [i, command] of send.commands.entries()) {
      batch.push(command)
      const last = i === send.commands.length - 1
      if (!last && !this.mustBeAlone(send.client, resolve(command, this.startMs))) continue
      const found = await this.playBatch(send, batch)
      if (found !== null) return found
      batch = []
    }
    return null
  }

  /** What follows this command in its pipeline must wait: for a key's end, or for the rest of an iteration. */
  private mustBeAlone(client: number, words: string[]): boolean {
    const { lifeMs = 0 } = this.transactions.get(client) ?? {}
    if (lifeMs > 0 && words[0].toUpperCase() === 'EXEC') return true
    return shortLifeMs(words, Date.now()) > 0 || canonicalForm(words)?.next !== undefined
  }

  private async playBatch(send: Send, batch: Command[]): Promise<Finding> {
    const commands = batch.map((command) => resolve(command, this.startMs))
    const bytes = Buffer.concat(commands.map((words) => encode(words, send.inline ?? false)))
    const closes = commands.some((words) => words[0].toUpperCase() === 'QUIT')
    const cuts = send.cuts ?? []
    this.commands += commands.length
    if (commands.some(looksUpByChance)) this.noteLookups(Number.NaN)
    const [oracle, spinel] = await this.both((each) => each.exchange(send.client, bytes, cuts, commands.length, closes))
    // Of a connection that closed while we wrote, the last replies may be lost, and so they are on one side only.
    const torn = (oracle.torn || spinel.torn) && oracle.ended === spinel.ended
    const both = Math.min(oracle.replies.length, spinel.replies.length)
    const count = torn ? both : Math.min(commands.length, Math.max(oracle.replies.length, spinel.replies.length))
    let sleepMs = 0
    for (let i = 0; i < count; i++) {
      const [one, other] = [oracle.replies[i] ?? missing(oracle), spinel.replies[i] ?? missing(spinel)]
      const found = await this.compareReply(send.client, commands[i], one, other)
      if (found !== null) return found
      this.tally.add(commands[i], one)
      sleepMs = Math.max(sleepMs, this.follow(send.client, commands[i], one))
    }
    if (oracle.ended !== spinel.ended || (!torn && oracle.replies.length !== spinel.replies.length)) {
      return { about: `end of: ${showWords(commands.at(-1) ?? [])}`, oracle: told(oracle), spinel: told(spinel) }
    }
    if (oracle.ended !== 'open') this.transactions.delete(send.client)
    if (sleepMs > 0) await new Promise((wake) => setTimeout(wake, sleepMs + LIFE_MARGIN_MS))
    return null
  }

  private async compareReply(client: number, words: string[], oracle: string, spinel: string): Promise<Finding> {
    if (oracle === spinel) return null
    const finding = { about: showWords(words), oracle, spinel }
    if (oracle.startsWith(MISSING) || spinel.startsWith(MISSING)) return finding
    const [one, other] = await Promise.all([
      this.complete(this.oracle, client, words, decodeReply(Buffer.from(oracle, 'latin1'))),
      this.complete(this.spinel, client, words, decodeReply(Buffer.from(spinel, 'latin1'))),
    ])
    const queued = words[0].toUpperCase() === 'EXEC' ? this.transactions.get(client)?.queued : undefined
    if (queued === undefined || one.items.length !== queued.length)
      return this.agree(words, one, other, false) ? null : finding
    const same =
      one.marker === other.marker &&
      one.items.length === other.items.length &&
      one.items.every((item, i) => this.agree(queued[i], item, other.items[i], true))
    return same ? null : finding
  }

  private agree(words: string[], oracle: ReplyTree, spinel: ReplyTree, inTransaction: boolean): boolean {
    const [one, other] = [encodeTree(oracle), encodeTree(spinel)]
    if (one === other) return true
    if (this.oracleIs70 && asRedis72(words, one) === other) return true
    if (isPlain(oracle) || isPlain(spinel)) return false
    const slackMs = 2 * this.slowestMs + CLOCK_SLACK_MS
    return canonicalForm(words)?.same(oracle, spinel, { words, slackMs, inTransaction }) ?? false
  }

  /** The reply with those of the commands that continue it. */
  private async complete(each: Contestant, client: number, words: string[], first: ReplyTree): Promise<ReplyTree> {
    const form = canonicalForm(words)
    let reply = first
    for (let left = MAX_ITERATIONS; left > 0; left--) {
      const next = form?.next?.(words, reply)
      if (next === undefined || next === null) return reply
      const { replies } = await each.exchange(client, encode(next, false), [], 1, false)
      if (next[0].toUpperCase() === 'HSCAN') this.noteLookups(1, each)
      const more = decodeReply(Buffer.from(replies[0] ?? '-no reply\r\n', 'latin1'))
      if (more.items.length !== 2) return more
      more.items[1].items.push(...reply.items[1].items)
      reply = more
    }
    throw new Error(`${each.server.name}: ${words.join(' ')} does not end`)
  }

  /** Keeps track of the client's transaction; returns for how long the keys that now have a short life will live. */
  private follow(client: number, words: string[], reply: string): number {
    const name = words[0].toUpperCase()
    const lifeMs = shortLifeMs(words, Date.now())
    const transaction = this.transactions.get(client)
    if (reply === '+QUEUED\r\n' && transaction !== undefined) {
      transaction.queued.push(words)
      transaction.lifeMs = Math.max(transaction.lifeMs, lifeMs)
      return 0
    }
    if (name === 'MULTI' && reply === '+OK\r\n') this.transactions.set(client, { queued: [], lifeMs: 0 })
    const over =
      name === 'RESET' || (name === 'DISCARD' && reply === '+OK\r\n') || (name === 'EXEC' && !/^-ERR/.test(reply))
    if (over) this.transactions.delete(client)
    return over ? (transaction?.lifeMs ?? 0) : lifeMs
  }

  private async compareState(): Promise<Finding> {
    const leftovers = [this.oracle.leftovers().join('\n'), this.spinel.leftovers().join('\n')]
    if (leftovers[0] !== leftovers[1]) return { about: 'leftovers', oracle: leftovers[0], spinel: leftovers[1] }
    const counts = (await this.both(counters)).map((after, i) =>
      added(this.counted[i], after, this.counted[0], this.excused.get(i === 0 ? this.oracle : this.spinel) ?? 0),
    )
    if (counts[0] !== counts[1]) return { about: 'counters', oracle: counts[0], spinel: counts[1] }
    const found = await this.compareDigests()
    return found ?? (await this.findLeak())
  }

  private async compareDigests(): Promise<Finding> {
    const [oracle, spinel] = await this.both((each) => each.digest())
    const slackMs = BigInt(Math.ceil(2 * this.slowestMs) + CLOCK_SLACK_MS)
    for (let i = 0; i < Math.max(oracle.lines.length, spinel.lines.length); i++) {
      const apart = (oracle.ttls[i] ?? 0n) - (spinel.ttls[i] ?? 0n)
      const sameClass = (oracle.ttls[i] ?? 0n) < 0n === (spinel.ttls[i] ?? 0n) < 0n
      if (this.areAlike(oracle.lines[i], spinel.lines[i]) && sameClass && apart <= slackMs && -apart <= slackMs)
        continue
      return {
        about: 'digest',
        oracle: `${oracle.lines[i]} ttl ${oracle.ttls[i]}`,
        spinel: `${spinel.lines[i]} ttl ${spinel.ttls[i]}`,
      }
    }
    return null
  }

  /** Whether the script has cost Spinel memory for good, or broken a structure. */
  private async findLeak(): Promise<Finding> {
    const leaked = await this.spinel.findLeak()
    return leaked === null ? null : { about: 'leak', oracle: 'nothing', spinel: leaked }
  }

  /** So many look-ups, NaN: who knows how many, were the servers' own affair. */
  private noteLookups(count: number, ...contestants: Contestant[]): void {
    const those = contestants.length > 0 ? contestants : [this.oracle, this.spinel]
    for (const each of those) this.excused.set(each, (this.excused.get(each) ?? 0) + count)
  }

  private areAlike(oracle: string | undefined, spinel: string | undefined): boolean {
    if (oracle === spinel) return true
    return this.oracleIs70 && oracle !== undefined && stateAsRedis72(oracle) === spinel
  }

  /** The same on both servers at once, timed. */
  private async both<T>(act: (each: Contestant) => Promise<T>): Promise<[T, T]> {
    const began = performance.now()
    const results = await Promise.all([act(this.oracle), act(this.spinel)])
    this.slowestMs = Math.max(this.slowestMs, performance.now() - began)
    return results
  }

  /** Adds how a server ended and what it logged last, if one did. */
  private withCrash(mismatch: Mismatch): Mismatch {
    return {
      ...mismatch,
      oracle: mismatch.oracle + lastWords(this.oracle),
      spinel: mismatch.spinel + lastWords(this.spinel),
    }
  }
}

async function counters(each: Contestant): Promise<Counters> {
  return countersIn(await each.ask(COUNTING_COMMAND))
}

function lastWords({ server }: Contestant): string {
  if (server.isAlive()) return ''
  return `\nit died: ${JSON.stringify(server.exit)}\n${server.log().split('\n').slice(-30).join('\n')}`
}

async function commandNames(each: Contestant): Promise<Set<string>> {
  return new Set((await each.ask(['COMMAND', 'LIST'])).items.map(({ text }) => text.toUpperCase()))
}

type Finding = Omit<Mismatch, 'step'> | null

/** No reply starts like this. */
const MISSING = 'no reply'

function missing(outcome: Outcome): string {
  return `${MISSING}, and the connection is ${outcome.ended}`
}

function told(outcome: Outcome): string {
  return `${outcome.replies.join('')} (${outcome.ended})`
}

function showWords(words: string[]): string {
  return words.map((word) => JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}...` : word)).join(' ')
}

/** Errors and nulls have no canonical form: they must be equal as they are. */
function isPlain(tree: ReplyTree): boolean {
  return tree.isNull || tree.marker === '-' || tree.marker === '!'
}

function encodeTree(tree: ReplyTree): string {
  const { marker, text, items } = tree
  if (tree.isNull) return marker === '_' ? '_\r\n' : `${marker}-1\r\n`
  if ('$!='.includes(marker)) return `${marker}${text.length}\r\n${text}\r\n`
  if (!'*%~>|'.includes(marker)) return `${marker}${text}\r\n`
  const count = '%|'.includes(marker) ? items.length >> 1 : items.length
  return `${marker}${count}\r\n${items.map(encodeTree).join('')}`
}
