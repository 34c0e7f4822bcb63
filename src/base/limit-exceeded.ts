/* Thrown where a command turns out to ask for more than can be held; whoever runs commands catches it and answers with
 * its text. Nothing has changed then that the command would change. Any thread. */

export class LimitExceeded extends Error {
  /** The error that the client gets. */
  readonly reply: string

  constructor(reply: string) {
    super(reply)
    this.reply = reply
  }
}
