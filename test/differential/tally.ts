/* How often a fuzzer has played which command, and what came of it: one that is only ever refused is not tested. */

interface Count {
  played: number
  queued: number
  refused: number
}

const LONGEST_NAME = 40

export class Tally {
  private readonly counts = new Map<string, Count>()

  /** Counts one command with the reply that both servers agree on. */
  add(words: readonly string[], reply: string): void {
    for (const name of [words[0], words.slice(0, 2).join('|')]) {
      if (name.length > LONGEST_NAME) continue
      const key = name.toUpperCase()
      let count = this.counts.get(key)
      if (count === undefined) this.counts.set(key, (count = { played: 0, queued: 0, refused: 0 }))
      count.played++
      if (reply.startsWith('-')) count.refused++
      if (reply === '+QUEUED\r\n') count.queued++
    }
  }

  /** A line for each of these commands (upper-case; `CONTAINER|SUBCOMMAND`), those played least first. */
  report(names: readonly string[]): string {
    const none: Count = { played: 0, queued: 0, refused: 0 }
    return names
      .map((name) => ({ name, ...(this.counts.get(name) ?? none) }))
      .sort((a, b) => a.played - b.played)
      .map(({ name, played, queued, refused }) => `${name}: ${played} played, ${queued} queued, ${refused} refused`)
      .join('\n')
  }
}
