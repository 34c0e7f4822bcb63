/* Runs small threads in every order their atomic operations can take: a model checker for tests of this folder.
 *
 * A thread is a plain function over an Int32Array that touches it only through Atomics and is otherwise a function of
 * what those return. So a thread can be stopped before any operation (an exception unwinds it) and brought back there
 * by running it from its start with the recorded results. A state is the memory and every thread's results; from each
 * state every thread that can move is moved by one operation, each state once. Atomics are sequentially consistent, so
 * the orders of operations are all there is; what threads do between them is their own.
 *
 * Atomics.wait is modelled without timeouts: sleepers leave in the order they came, by a notify. When no thread can
 * move and one still sleeps, a wake-up was lost: the error tells the operations that led there. Bound: a few threads of
 * a few operations (100,000 states take some seconds); spinning without a bound never ends. */

type Thread = (i32: Int32Array) => void

type State = {
  memory: Int32Array
  /** What each thread's operations have returned so far. */
  results: (number | string)[][]
  /** Threads asleep, in order, as [thread, index]. */
  asleep: [number, number][]
  finished: boolean[]
  story: string[]
}

const intercepted = ['load', 'store', 'add', 'sub', 'exchange', 'compareExchange', 'wait', 'notify'] as const
type Operation = (typeof intercepted)[number]
type Diversion = (name: Operation, index: number, a: number, b: number) => number | string

/** Thrown to unwind a thread where it is to stop; one for all, since making it costs more than all the rest. */
const STOP = new Error('a stopped thread threw')

/** Explores all orders of `threads` over `words` zero words prepared by `prepare`; `atEnd` judges each final memory.
 *  Returns how many states there were. Throws on a lost wake-up, and what threads and `atEnd` throw. */
export function interleave(words: number, prepare: Thread, threads: Thread[], atEnd: Thread): number {
  const memory = new Int32Array(words)
  prepare(memory)
  const unexpected = () => {
    throw new Error('only threads use Atomics')
  }
  const divert = { current: unexpected as Diversion }
  return withAtomics(divert, () => explore(memory, threads, atEnd, divert))
}

function explore(memory: Int32Array, threads: Thread[], atEnd: Thread, divert: { current: Diversion }): number {
  const first: State = {
    memory,
    results: threads.map(() => []),
    asleep: [],
    finished: threads.map(() => false),
    story: [],
  }
  const seen = new Set<string>()
  const open = [first]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = `${state.memory}|${state.results.join('|')}|${state.asleep.join(';')}|${state.finished}`
    if (seen.has(key)) continue
    seen.add(key)
    const before = open.length
    for (let thread = 0; thread < threads.length; thread++) {
      if (canMove(state, thread)) open.push(move(state, threads, thread, divert))
    }
    if (open.length > before) continue
    if (state.asleep.length > 0) throw new Error(`a thread sleeps for ever:\n${state.story.join('\n')}`)
    atEnd(state.memory)
  }
  return seen.size
}

function canMove(state: State, thread: number): boolean {
  return !state.finished[thread] && state.asleep.every(([sleeper]) => sleeper !== thread)
}

/** The state after one more operation of `thread`. */
function move(from: State, threads: Thread[], thread: number, divert: { current: Diversion }): State {
  const to: State = {
    memory: from.memory.slice(),
    results: from.results.map((results) => results.slice()),
    asleep: from.asleep.slice(),
    finished: from.finished.slice(),
    story: from.story.slice(),
  }
  const results = to.results[thread]
  const recorded = results.length
  let replayed = 0
  divert.current = (name, index, a, b) => {
    if (replayed < recorded) return results[replayed++]
    if (replayed > recorded || to.asleep.some(([sleeper]) => sleeper === thread)) throw STOP
    replayed++
    const result = perform(to, thread, name, index, a, b)
    to.story.push(`thread ${thread}: ${name}(${[index, a, b].filter((x) => x !== undefined)}) -> ${result ?? 'sleeps'}`)
    if (result === undefined) throw STOP
    results.push(result)
    return result
  }
  try {
    threads[thread](to.memory)
    to.finished[thread] = true
  } catch (error) {
    if (error === STOP) return to
    throw new Error(`${error}\n${to.story.join('\n')}`, { cause: error })
  }
  return to
}

/** Does one operation; undefined means that the thread has fallen asleep. */
function perform(state: State, thread: number, name: Operation, index: number, a: number, b: number) {
  const { memory } = state
  const old = memory[index]
  if (name === 'store' || name === 'exchange') memory[index] = a
  else if (name === 'add') memory[index] = old + a
  else if (name === 'sub') memory[index] = old - a
  else if (name === 'compareExchange' && old === a) memory[index] = b
  else if (name === 'wait') {
    if (old !== a) return 'not-equal'
    state.asleep.push([thread, index])
    return undefined
  } else if (name === 'notify') {
    const woken = state.asleep.filter(([, at]) => at === index).slice(0, a ?? Infinity)
    for (const [sleeper] of woken) state.results[sleeper].push('ok')
    state.asleep = state.asleep.filter((sleep) => !woken.includes(sleep))
    return woken.length
  }
  return name === 'store' ? a : old
}

/** Runs `explore` with the Atomics diverted to what `divert` says at each moment. */
function withAtomics<T>(divert: { current: Diversion }, explore: () => T): T {
  const originals = intercepted.map((name) => Object.getOwnPropertyDescriptor(Atomics, name))
  for (const name of intercepted) {
    const value = (_: Int32Array, index: number, a: number, b: number) => divert.current(name, index, a, b)
    Object.defineProperty(Atomics, name, { value, configurable: true, writable: true })
  }
  try {
    return explore()
  } finally {
    intercepted.forEach((name, i) => Object.defineProperty(Atomics, name, originals[i] ?? {}))
  }
}
