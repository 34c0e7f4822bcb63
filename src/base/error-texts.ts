/* Every error a client can get, in Redis's words. Handlers pass these to Reply.error; no text is written elsewhere.
 * Any thread. */
import type { Args } from './args.ts'

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NOT_A_FLOAT = 'ERR value is not a valid float'
export const SYNTAX = 'ERR syntax error'
export const NO_SUCH_KEY = 'ERR no such key'
export const SAME_OBJECT = 'ERR source and destination objects are the same'
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
export const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.'
export const REPLY_TOO_LARGE = 'ERR the reply is larger than 2 GiB'
export const ARGUMENT_TOO_LONG = 'ERR an argument is longer than the 16 MiB that this command takes'
export const SHARD_FULL = 'OOM the shard that owns this key has no room left'
export const NO_AUTH = 'NOAUTH Authentication required.'
export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'
export const AUTH_WITHOUT_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?'
export const HELLO_UNAUTHENTICATED =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> ' +
  'option can be used to authenticate the client and select the RESP protocol version at the same time'
export const PROTOCOL_VERSION_NOT_AN_INTEGER = 'ERR Protocol version is not an integer or out of range'
export const UNSUPPORTED_PROTOCOL = 'NOPROTO unsupported protocol version'
export const CLIENT_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.'
export const helloOption = (option: string) => `ERR Syntax error in HELLO option '${untilNul(option)}'`
/* CLIENT. */
export const INVALID_CLIENT_ID = 'ERR Invalid client ID'
export const CLIENT_ID_NOT_POSITIVE = 'ERR client-id should be greater than 0'
export const NO_SUCH_CLIENT = 'ERR No such client'
export const PAUSE_MODE = 'ERR CLIENT PAUSE mode must be WRITE or ALL'
export const UNBLOCK_REASON = 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR'
export const TIMEOUT_NOT_AN_INTEGER = 'ERR timeout is not an integer or out of range'
export const TIMEOUT_NOT_A_FLOAT = 'ERR timeout is not a float or out of range'
export const TIMEOUT_OUT_OF_RANGE = 'ERR timeout is out of range'
export const NEGATIVE_TIMEOUT = 'ERR timeout is negative'
export const SINGLE_REDIRECT = 'ERR A client can only redirect to a single other client'
export const NO_REDIRECT_TARGET = 'ERR The client ID you want redirect to does not exist'
export const PREFIX_WITHOUT_BCAST = 'ERR PREFIX option requires BCAST mode to be enabled'
export const BCAST_WITH_CHOICE = 'ERR OPTIN and OPTOUT are not compatible with BCAST'
export const OPTIN_WITH_OPTOUT = "ERR You can't specify both OPTIN mode and OPTOUT mode"
export const TRACKING_NOT_SUPPORTED = 'ERR Client tracking is not supported'
export const CACHING_WITHOUT_TRACKING =
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled'
export const unknownClientType = (word: string) => `ERR Unknown client type '${untilNul(word)}'`
export const noSuchUser = (name: string) => `ERR No such user '${untilNul(name)}'`
export const NO_SHUTDOWN = 'ERR No shutdown in progress.'
export const SHUTDOWN_FAILED = 'ERR Errors trying to SHUTDOWN. Check logs.'
export const unrecognizedOption = (option: string) => `ERR Unrecognized option '${untilNul(option)}'`
export const clientAttribute = (attribute: string) =>
  `ERR ${attribute} cannot contain spaces, newlines or special characters.`
export const EXEC_ABORT = 'EXECABORT Transaction discarded because of previous errors.'
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range'
export const INCREMENT_OVERFLOW = 'ERR increment or decrement would overflow'
export const DECREMENT_OVERFLOW = 'ERR decrement would overflow'
export const INCREMENT_NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity'
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'
export const BIT_OFFSET = 'ERR bit offset is not an integer or out of range'
export const BIT_VALUE = 'ERR bit is not an integer or out of range'
export const BITPOS_BIT = 'ERR The bit argument must be 1 or 0.'
export const BITOP_NOT_ONE_SOURCE = 'ERR BITOP NOT must be called with a single source key.'
export const BITFIELD_TYPE =
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'
export const BITFIELD_OVERFLOW = 'ERR Invalid OVERFLOW type specified'
export const BITFIELD_RO_GET = 'ERR BITFIELD_RO only supports the GET subcommand'
export const LCS_NOT_STRINGS = 'ERR The specified keys must contain string values'
export const LCS_LEN_AND_IDX = 'ERR If you want both the length and indexes, please just use IDX.'
export const LCS_OVER_LIMIT = 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'
export const LCS_NO_MEMORY = 'ERR Insufficient memory, failed allocating transient memory for LCS'
export const HASH_NOT_AN_INTEGER = 'ERR hash value is not an integer'
export const HASH_NOT_A_FLOAT = 'ERR hash value is not a float'
export const SORT_SCORE = "ERR One or more scores can't be converted into double"
export const INDEX_OUT_OF_RANGE = 'ERR index out of range'
export const LPOS_RANK =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  'or use negative to start from the end of the list'
export const LPOS_COUNT = "ERR COUNT can't be negative"
export const LPOS_MAXLEN = "ERR MAXLEN can't be negative"
export const NUMKEYS_NOT_POSITIVE = 'ERR numkeys should be greater than 0'
export const COUNT_NOT_POSITIVE = 'ERR count should be greater than 0'
export const NEGATIVE_HASH_EXPIRE = 'ERR invalid expire time, must be >= 0'
export const HASH_FIELDS_MISSING = 'ERR Mandatory argument FIELDS is missing or not at the right position'
export const HASH_FIELDS_NOT_ABOVE_ZERO = 'ERR Parameter `numFields` should be greater than 0'
export const HASH_FIELDS_NOT_POSITIVE = 'ERR Number of fields must be a positive integer'
export const HASH_FIELDS_MISMATCH = 'ERR The `numfields` parameter must match the number of arguments'
export const NAN_OR_INFINITY = 'ERR value is NaN or Infinity'
export const OUT_OF_RANGE = 'ERR value is out of range'
export const NOT_A_RANGED_LONG =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807'
export const OFFSET_OUT_OF_RANGE = 'ERR offset is out of range'
/* RESTORE. */
export const BUSY_KEY = 'BUSYKEY Target key name already exists.'
export const INVALID_TTL = 'ERR Invalid TTL value, must be >= 0'
export const INVALID_IDLETIME = 'ERR Invalid IDLETIME value, must be >= 0'
export const INVALID_FREQ = 'ERR Invalid FREQ value, must be >= 0 and <= 255'
export const DUMP_VERSION_OR_CHECKSUM = 'ERR DUMP payload version or checksum are wrong'
export const BAD_DATA_FORMAT = 'ERR Bad data format'
export const INVALID_CURSOR = 'ERR invalid cursor'
export const NOT_POSITIVE = 'ERR value is out of range, must be positive'
export const NOT_AN_INT = 'ERR value is out of range, value must between -2147483648 and 2147483647'
/* COMMAND GETKEYS. */
export const INVALID_COMMAND = 'ERR Invalid command specified'
export const NO_KEY_ARGUMENTS = 'ERR The command has no key arguments'
export const INVALID_ARGUMENT_COUNT = 'ERR Invalid number of arguments specified for command'
export const INVALID_COMMAND_ARGUMENTS = 'ERR Invalid arguments specified for command'
export const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'
export const INVALID_MASTER_PORT = 'ERR Invalid master port'
export const NO_REPLICATION = 'ERR Replication is not supported by this version'
export const NO_APPEND_ONLY_FILE = 'ERR The append only file is not supported by this version'
export const SAVE_IN_PROGRESS = 'ERR Background save already in progress'
/** What could not be done is in the log. */
export const FAILED = 'ERR'
export const LOADING = 'LOADING Redis is loading the dataset in memory'
export const DISK_ERROR =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that " +
  'may modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
  'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB ' +
  'error.'
export const RESP3_ONLY = 'ERR RESP2 is not supported by this command'
export const DEBUG_PROTOCOL_TYPE =
  'ERR Wrong protocol type name. Please use one of the following: ' +
  'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false'
export const DEBUG_RELOAD_FAILED = 'ERR Error trying to load the RDB dump, check server logs.'
export const DEBUG_RELOAD_OPTION = 'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.'
export const RESTART_FAILED = 'ERR failed to restart the server. Check server logs.'
export const protectedCommand = (command: string, directive: string) =>
  `ERR ${command} command not allowed. If the ${directive} option is set to "local", you can run it from a local ` +
  'connection, otherwise you need to set this option in the configuration file, and then restart the server.'
export const SLOWLOG_COUNT = 'ERR count should be greater than or equal to -1'
export const noLatencySamples = (event: string) => `ERR No samples available for event '${untilNul(event)}'`
export const INVALID_FIRST_DB = 'ERR invalid first DB index'
export const INVALID_SECOND_DB = 'ERR invalid second DB index'
export const NX_WITH_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible'
export const GT_WITH_LT = 'ERR GT and LT options at the same time are not compatible'
const POLICY_CHANGES_SLOWLY =
  ' Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.'
const NO_LRU = 'ERR An LFU maxmemory policy is selected, idle time not tracked.'
const NO_LFU = 'ERR An LFU maxmemory policy is not selected, access frequency not tracked.'
export const IDLE_TIME_NOT_TRACKED = NO_LRU + POLICY_CHANGES_SLOWLY
export const FREQUENCY_NOT_TRACKED = NO_LFU + POLICY_CHANGES_SLOWLY
export const DEBUG_DB_OUT_OF_RANGE = 'ERR Out of range database'
export const NOT_A_HASH_TABLE = 'ERR The value stored at the specified key is not represented using an hash table'
export const NOT_A_LISTPACK = 'ERR Not a listpack encoded object.'
export const NOT_A_QUICKLIST = 'ERR Not a quicklist encoded object.'
export const PACKED_THRESHOLD = 'ERR argument must be a memory value bigger than 1 and smaller than 4gb'
export const NOT_SDS_ENCODED = 'ERR Not an sds encoded string.'

export const NOT_IN_TRANSACTION = 'ERR Command not allowed inside a transaction'
export const EXEC_WITHOUT_MULTI = 'ERR EXEC without MULTI'
export const DISCARD_WITHOUT_MULTI = 'ERR DISCARD without MULTI'
export const NESTED_MULTI = 'ERR MULTI calls can not be nested'
export const WATCH_INSIDE_MULTI = 'ERR WATCH inside MULTI is not allowed'
export const MAX_CLIENTS = 'ERR max number of clients reached'
export const PROTECTED_MODE =
  'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the ' +
  'default user. In this mode connections are only accepted from the loopback interface. If you want to connect from ' +
  'external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending ' +
  "the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host " +
  'the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG ' +
  'REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the ' +
  "Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If " +
  "you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an " +
  'authentication password for the default user. NOTE: You only need to do one of the above things in order for the ' +
  'server to start accepting connections from the outside.'
export const protocolError = (reason: string) => `ERR Protocol error: ${reason}`
/** `text` is the whole error that EXEC itself met. */
export const execAborted = (text: string) => `EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`

/** Names the command and shows the first of its arguments, at most 128 bytes of each kind, each up to a zero byte. */
export function unknownCommand(args: Args): string {
  let shown = ''
  for (let i = 1; i < args.count && shown.length < 128; i++) {
    shown += `'${untilNul(args.beginning(i, 128 - shown.length))}' `
  }
  return `ERR unknown command '${untilNul(args.beginning(0, 128))}', with args beginning with: ${shown}`
}

function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** `cmd` in lower case, subcommands as `config|get`. */
export const wrongArity = (command: string) => `ERR wrong number of arguments for '${command}' command`
export const invalidExpire = (command: string) => `ERR invalid expire time in '${command}' command`
export const unsupportedOption = (option: string) => `ERR Unsupported option ${option}`
/** For containers that check the arguments of their subcommands themselves, like DEBUG. */
export const subcommandSyntax = (word: string, container: string) =>
  `ERR unknown subcommand or wrong number of arguments for '${untilNul(word.slice(0, 128))}'. Try ${container} HELP.`
export const unknownSubcommand = (word: string, container: string) =>
  `ERR unknown subcommand '${untilNul(word.slice(0, 128))}'. Try ${container} HELP.`
