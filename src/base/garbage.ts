/* A garbage collection on demand, for moments when a thread is idle anyway. Any thread.
 *
 * V8 collects when it allocates. A server that has gone quiet allocates nothing, and would keep what a burst has left
 * behind (buffers of large values, ten thousand closed connections) until the next burst. Nothing but V8's own gc() can
 * be asked for that; it is there for whoever sets the flag first, in contexts made after that. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Collects everything, at once: some milliseconds, more with more that is alive. */
export const collectGarbage = runInNewContext('gc') as () => void
