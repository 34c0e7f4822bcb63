/* What one thread would do: the few string commands that the histories use, over a map. */

import type { PlainReply } from '../support/resp.ts'
import type { Model } from './checker.ts'
import type { Action, Command, Result } from './history.ts'

type Keys = Record<string, string>

export const stringModel: Model<Keys, Action, Result> = {
  initial: {},
  step(state, { commands }, result) {
    const after = { ...state }
    for (const [i, command] of commands.entries()) {
      if (JSON.stringify(run(after, command)) !== JSON.stringify(result[i])) return null
    }
    return after
  },
  key: (state) => JSON.stringify(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1))),
}

/** Runs one command and returns its reply. */
function run(keys: Keys, command: Command): PlainReply {
  const [name, key, ...rest] = command.map(String)
  const value = keys[key]
  switch (name) {
    case 'GET':
      return value ?? null
    case 'SET':
      keys[key] = rest[0]
      return 'OK'
    case 'GETSET':
      keys[key] = rest[0]
      return value ?? null
    case 'APPEND':
      keys[key] = (value ?? '') + rest[0]
      return keys[key].length
    case 'INCRBY':
      keys[key] = String(Number(value ?? 0) + Number(rest[0]))
      return Number(keys[key])
    case 'DEL':
      delete keys[key]
      return value === undefined ? 0 : 1
    case 'MGET':
      return [key, ...rest].map((each) => keys[each] ?? null)
    case 'MSET':
      for (let i = 1; i < command.length; i += 2) keys[String(command[i])] = String(command[i + 1])
      return 'OK'
    default:
      throw new Error(`the model does not know ${name}`)
  }
}
