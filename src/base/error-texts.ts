/* Every error a client can get, in Redis's words. Handlers pass these to Reply.error; no text is written elsewhere.
 * Any thread. */
import type { Args } from './args.ts'

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NOT_A_FLOAT = 'ERR value is not a valid float'
export const SYNTAX = 'ERR syntax error'
export const NO_SUCH_KEY = 'ERR no such key'
export const SAME_OBJECT = 'ERR source and destination objects are the same'
export const INDEX_OUT_OF_RANGE = 'ERR index out of range'
export const OUT_OF_RANGE = 'ERR value is out of range'
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
export const SHARD_FULL = 'OOM the shard that owns this key has no room left'
export const NO_AUTH = 'NOAUTH Authentication required.'
export const EXEC_ABORT = 'EXECABORT Transaction discarded because of previous errors.'
export const INVALID_DB_INDEX = 'ERR invalid DB index'
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range'
export const INCREMENT_OVERFLOW = 'ERR increment or decrement would overflow'
export const DECREMENT_OVERFLOW = 'ERR decrement would overflow'
export const INCREMENT_NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity'
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'
export const LCS_NOT_STRINGS = 'ERR The specified keys must contain string values'
export const LCS_LEN_AND_IDX = 'ERR If you want both the length and indexes, please just use IDX.'
export const LCS_OVER_LIMIT = 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'
export const LCS_NO_MEMORY = 'ERR Insufficient memory, failed allocating transient memory for LCS'
export const OFFSET_OUT_OF_RANGE = 'ERR offset is out of range'
export const INVALID_CURSOR = 'ERR invalid cursor'

export const NOT_IN_TRANSACTION = 'ERR Command not allowed inside a transaction'
export const EXEC_WITHOUT_MULTI = 'ERR EXEC without MULTI'
export const DISCARD_WITHOUT_MULTI = 'ERR DISCARD without MULTI'
export const NESTED_MULTI = 'ERR MULTI calls can not be nested'
export const WATCH_INSIDE_MULTI = 'ERR WATCH inside MULTI is not allowed'
export const MAX_CLIENTS = 'ERR max number of clients reached'
export const protocolError = (reason: string) => `ERR Protocol error: ${reason}`
/** `text` is the whole error that EXEC itself met. */
export const execAborted = (text: string) => `EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`

/** Names the command and shows the first of its arguments, at most 128 bytes of each kind. */
export function unknownCommand(args: Args): string {
  let shown = ''
  for (let i = 1; i < args.count && shown.length < 128; i++) shown += `'${args.text(i).slice(0, 128 - shown.length)}' `
  return `ERR unknown command '${args.text(0).slice(0, 128)}', with args beginning with: ${shown}`
}

/** `cmd` in lower case, subcommands as `config|get`. */
export const wrongArity = (command: string) => `ERR wrong number of arguments for '${command}' command`
export const invalidExpire = (command: string) => `ERR invalid expire time in '${command}' command`
export const unknownSubcommand = (word: string, container: string) =>
  `ERR unknown subcommand '${word.slice(0, 128)}'. Try ${container} HELP.`
