/* Assertions: what only a bug can break. A failed one stops the process; what a client or a disk can cause is never
 * asserted but answered. Any thread. Hot: a constant text costs nothing while the condition holds. */

export class AssertionError extends Error {
  override name = 'AssertionError'
}

/** Stops with `text` unless `ok`. */
export function assert(ok: boolean, text: string): asserts ok {
  if (!ok) throw new AssertionError(text)
}
