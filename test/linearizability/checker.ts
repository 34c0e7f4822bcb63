/* Is there an order of these operations that one thread could have run them in, with the replies that were seen?
 *
 * Wing and Gong's search (JPDC 1993) with Lowe's memory of configurations (Concurrency and Computation 2017): walk the
 * events in time; an operation whose call has been passed may take effect next if the model allows its replies; at a
 * return whose operation has not taken effect, go back. A configuration (which operations have taken effect, and the
 * state) is tried once.
 *
 * I1  an operation takes effect between its call and its return;
 * I2  operations of one connection take effect in the order in which they were sent.
 *
 * Exponential in the number of operations under way at once, so: for short histories of a few clients. */

export interface Operation<Action, Result> {
  client: number
  action: Action
  result: Result
  /** Instants of one clock: the operation was sent before anything later than `called` was seen... */
  called: number
  /** ...and its reply had come before anything later than `returned` was sent. */
  returned: number
}

export interface Model<State, Action, Result> {
  initial: State
  /** The state after the action, or null if it cannot give that result in this state. */
  step(state: State, action: Action, result: Result): State | null
  /** Equal for equal states. */
  key(state: State): string
}

/** One call or return in the list of events that are left. */
interface Event {
  operation: number
  /** The return of this call; null if this is a return. */
  matching: Event | null
  previous: Event | null
  next: Event | null
}

/** An order of the operations, as indexes, in which the model gives every result; null if there is none. */
export function linearize<State, Action, Result>(
  history: readonly Operation<Action, Result>[],
  model: Model<State, Action, Result>,
): number[] | null {
  const head = eventsOf(history)
  const before = predecessors(history)
  const tried = new Set<string>()
  const taken: { call: Event; state: State }[] = []
  let linearized = 0n
  let state = model.initial
  let event = head.next
  while (head.next !== null) {
    if (event === null) throw new Error('a return is passed only once its operation has taken effect')
    const after = event.matching === null ? undefined : tryNext(event)
    if (after !== undefined) {
      taken.push({ call: event, state })
      state = after
      linearized |= 1n << BigInt(event.operation)
      lift(event)
      event = head.next
    } else if (event.matching !== null) {
      event = event.next
    } else {
      const last = taken.pop()
      if (last === undefined) return null
      state = last.state
      linearized &= ~(1n << BigInt(last.call.operation))
      unlift(last.call)
      event = last.call.next
    }
  }
  return taken.map(({ call }) => call.operation)

  /** The state after this operation if it may take effect now and that has not been tried yet. */
  function tryNext({ operation }: Event): State | undefined {
    const first = before[operation]
    if (first >= 0 && (linearized & (1n << BigInt(first))) === 0n) return undefined
    const next = model.step(state, history[operation].action, history[operation].result)
    if (next === null) return undefined
    const configuration = `${(linearized | (1n << BigInt(operation))).toString(36)} ${model.key(next)}`
    if (tried.has(configuration)) return undefined
    tried.add(configuration)
    return next
  }
}

/** The events in the order of time, behind a head of their own. Of equal instants the calls come first. */
function eventsOf(history: readonly Operation<unknown, unknown>[]): Event {
  const events: { at: number; event: Event }[] = []
  for (const [operation, { called, returned }] of history.entries()) {
    if (returned < called) throw new Error('an operation returns after its call')
    const ending: Event = { operation, matching: null, previous: null, next: null }
    events.push({ at: called, event: { operation, matching: ending, previous: null, next: null } })
    events.push({ at: returned, event: ending })
  }
  events.sort((a, b) => a.at - b.at || Number(a.event.matching === null) - Number(b.event.matching === null))
  const head: Event = { operation: -1, matching: null, previous: null, next: null }
  let last = head
  for (const { event } of events) {
    last.next = event
    event.previous = last
    last = event
  }
  return head
}

/** For each operation the one that its client sent before it, -1 for the first. */
function predecessors(history: readonly Operation<unknown, unknown>[]): number[] {
  const last = new Map<number, number>()
  return history.map(({ client }, index) => {
    const before = last.get(client) ?? -1
    last.set(client, index)
    return before
  })
}

/** Takes a call and its return out of the list; they keep their neighbours, for `unlift`. */
function lift(call: Event): void {
  remove(call)
  remove(call.matching as Event)
}

function unlift(call: Event): void {
  restore(call.matching as Event)
  restore(call)
}

function remove({ previous, next }: Event): void {
  if (previous !== null) previous.next = next
  if (next !== null) next.previous = previous
}

function restore(event: Event): void {
  if (event.previous !== null) event.previous.next = event
  if (event.next !== null) event.next.previous = event
}
