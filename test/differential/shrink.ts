/* Makes a failing script short: delta debugging (Zeller and Hildebrandt, IEEE TSE 2002) over steps, then over the
 * commands of pipelines, then over arguments and bytes, until nothing more can go.
 *
 * A candidate counts as failing if it shows any difference at all. Each try starts on emptied servers and new
 * connections, so a short script that fails does so on its own. */

import type { Match, Mismatch } from './match.ts'
import type { Argument, Command, Script, Send, Step } from './script.ts'
import { isUndetermined, sendsOf, spells } from './script.ts'

export interface Shrunk {
  script: Script
  mismatch: Mismatch
  tries: number
}

/** How long a reply may take while shrinking: a lost one would cost the long bound at every try. */
const REPLY_TIMEOUT_MS = 2_000
const DEFAULT_MAX_TRIES = 1_500
/** A long list is cut into so many runs at most; the next round, over what is left, cuts finer. */
const MAX_RUNS = 256

export async function shrink(
  match: Match,
  script: Script,
  mismatch: Mismatch,
  maxTries = DEFAULT_MAX_TRIES,
): Promise<Shrunk> {
  const longTimeoutMs = match.oracle.replyTimeoutMs
  match.setReplyTimeout(REPLY_TIMEOUT_MS)
  const shrinker = new Shrinker(match, script, mismatch, maxTries)
  try {
    await shrinker.run()
  } finally {
    match.setReplyTimeout(longTimeoutMs)
  }
  return { script: shrinker.script, mismatch: shrinker.mismatch, tries: shrinker.tries }
}

class Shrinker {
  script: Script
  mismatch: Mismatch
  tries = 0
  private readonly match: Match
  private readonly maxTries: number
  /** The replies agree and only what the servers hold at the end differs; otherwise looking at that would cost time. */
  private readonly onlyFinalState: boolean

  constructor(match: Match, script: Script, mismatch: Mismatch, maxTries: number) {
    this.match = match
    this.mismatch = mismatch
    this.maxTries = maxTries
    this.onlyFinalState = mismatch.step === script.steps.length
    // Nothing after the step that showed the difference can have caused it.
    this.script = { ...script, steps: script.steps.slice(0, mismatch.step + 1) }
  }

  async run(): Promise<void> {
    let size = Infinity
    while (sizeOf(this.script) < size && this.tries < this.maxTries) {
      size = sizeOf(this.script)
      await this.shrinkList(this.script.steps, (steps) => ({ ...this.script, steps }))
      await this.trySetting({ password: '' })
      await this.trySetting({ transport: 'tcp' })
      await this.defaultLimits()
      await this.eachStep((step) => this.separate(step))
      await this.eachStep((step) => this.plainWrites(step))
      await this.eachStep((step, i) => this.shrinkStep(step, i))
      await this.oneClient()
    }
  }

  /** Keeps the candidate if it fails too. */
  private async attempt(candidate: Script): Promise<boolean> {
    if (this.tries >= this.maxTries) return false
    if (candidate.steps.some((step) => step.kind === 'session' && this.isNoTest(step.bytes))) return false
    this.tries++
    const mismatch = await this.match.play(candidate, this.onlyFinalState)
    if (mismatch === null) return false
    this.script = { ...candidate, steps: candidate.steps.slice(0, mismatch.step + 1) }
    this.mismatch = mismatch
    return true
  }

  private isNoTest(bytes: string): boolean {
    return isUndetermined(bytes) || spells(bytes, this.match.foreign)
  }

  private async trySetting(setting: Partial<Script>): Promise<void> {
    const [[key, value]] = Object.entries(setting)
    if (this.script[key as keyof Script] !== value) await this.attempt({ ...this.script, ...setting })
  }

  private async defaultLimits(): Promise<void> {
    for (const name of Object.keys(this.script.limits ?? {})) {
      const others = Object.entries(this.script.limits ?? {}).filter(([other]) => other !== name)
      await this.attempt({ ...this.script, limits: Object.fromEntries(others) })
    }
  }

  /** Drops ever smaller runs of `items` while what is left, put back by `rebuild`, still fails. */
  private async shrinkList<T>(items: readonly T[], rebuild: (items: T[]) => Script): Promise<T[]> {
    let kept = [...items]
    const shortest = Math.ceil(kept.length / MAX_RUNS)
    for (let run = Math.ceil(kept.length / 2); run >= shortest && run > 0; run = run === 1 ? 0 : Math.ceil(run / 2)) {
      for (let start = kept.length - run; start > -run; start -= run) {
        const from = Math.max(0, start)
        const without = [...kept.slice(0, from), ...kept.slice(start + run)]
        if (without.length < kept.length && (await this.attempt(rebuild(without)))) kept = without
      }
    }
    return kept
  }

  private async eachStep(act: (step: Step, index: number) => Promise<void>): Promise<void> {
    for (let i = this.script.steps.length - 1; i >= 0; i--) {
      if (i < this.script.steps.length) await act(this.script.steps[i], i)
    }
  }

  private with(index: number, ...changed: Step[]): Script {
    const all = this.script.steps
    const steps = changed.filter((step) => step.kind !== 'send' || step.commands.length > 0)
    return { ...this.script, steps: [...all.slice(0, index), ...steps, ...all.slice(index + 1)] }
  }

  /** Clients at once become clients in turn. */
  private async separate(step: Step): Promise<void> {
    const at = this.script.steps.indexOf(step)
    if (step.kind === 'together') await this.attempt(this.with(at, ...step.sends))
  }

  /** Neither inline nor in pieces nor pipelined, if it goes without. */
  private async plainWrites(step: Step): Promise<void> {
    if (step.kind !== 'send') return
    const at = this.script.steps.indexOf(step)
    const singles = step.commands.map((command): Send => ({ kind: 'send', client: step.client, commands: [command] }))
    if (singles.length > 1 && (await this.attempt(this.with(at, ...singles)))) return
    if (step.inline === undefined && step.cuts === undefined) return
    await this.attempt(this.with(at, { kind: 'send', client: step.client, commands: step.commands }))
  }

  private async shrinkStep(step: Step, index: number): Promise<void> {
    if (step.kind === 'session') {
      await this.shrinkList([...step.bytes], (bytes) => this.with(index, { ...step, bytes: bytes.join('') }))
      return
    }
    for (const [which, send] of sendsOf(step).entries()) {
      const put = (commands: Command[]): Script => {
        const changed = { ...send, commands }
        const together = step.kind === 'together' ? { ...step, sends: step.sends.with(which, changed) } : changed
        return this.with(index, together)
      }
      const commands = await this.shrinkList(send.commands, put)
      for (let i = commands.length - 1; i >= 0; i--) {
        const putCommand = (command: Command): Script => put(commands.with(i, command))
        const [name, ...rest] = commands[i]
        const args = await this.shrinkList(rest, (left) => putCommand([name, ...left]))
        commands[i] = [name, ...args]
        for (let j = 1; j < commands[i].length; j++) {
          commands[i] = await this.shrinkArgument(commands[i], j, putCommand)
        }
      }
    }
  }

  private async shrinkArgument(command: Command, index: number, put: (command: Command) => Script): Promise<Command> {
    let current = command
    for (;;) {
      const simpler = simplerThan(current[index])
      let found = false
      for (const argument of simpler) {
        const candidate = current.with(index, argument)
        if (!(await this.attempt(put(candidate)))) continue
        current = candidate
        found = true
        break
      }
      if (!found) return current
    }
  }

  private async oneClient(): Promise<void> {
    const steps = this.script.steps.map((step) => (step.kind === 'send' ? { ...step, client: 0 } : step))
    const changes = this.script.steps.some((step) => step.kind === 'send' && step.client !== 0)
    if (changes) await this.attempt({ ...this.script, steps })
  }
}

/** Shorter arguments, the shortest first. Numbers stay: a smaller one may be a time to live that ends in mid-script. */
function simplerThan(argument: Argument): Argument[] {
  if (typeof argument !== 'string' || argument.length < 2 || /^[-+\d.]+$/.test(argument)) return []
  const half = argument.slice(0, argument.length >> 1)
  return ['a', half, argument.slice(0, -1)].filter((text) => text.length < argument.length && !/^[-+\d.]+$/.test(text))
}

function sizeOf(script: Script): number {
  return JSON.stringify(script.steps).length
}
