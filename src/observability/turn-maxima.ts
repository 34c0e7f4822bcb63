/* The longest batch of commands, and the one with the most: what INFO debug shows of the event loop. I/O thread. Hot:
 * note(). */

export class TurnMaxima {
  longestUs = 0
  mostCommands = 0
  private commandsBefore = 0

  /** A batch took this long; `commands` is how many have been run or handed over so far. */
  note(elapsedUs: number, commands: number): void {
    const count = commands - this.commandsBefore
    this.commandsBefore = commands
    if (elapsedUs > this.longestUs) this.longestUs = elapsedUs
    if (count > this.mostCommands) this.mostCommands = count
  }

  reset(): void {
    this.longestUs = 0
    this.mostCommands = 0
  }
}
