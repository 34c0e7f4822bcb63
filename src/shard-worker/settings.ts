/* The configuration that the engine itself reads, in the form it reads it. Every thread has its own copy: the I/O
 * thread applies a change to its own and sends it to the workers as a SettingChange control frame, in ring order. */

export class EngineSettings {
  /** Longest string a command may build, bytes. */
  protoMaxBulkLen = 512 * 1024 * 1024
  /** Bytes; 0: no limit. */
  maxmemory = 0
  maxmemoryPolicy = 'noeviction'
  maxmemorySamples = 5
  maxmemoryEvictionTenacity = 10
  lfuLogFactor = 10
  lfuDecayTime = 1
  /** CPU the active expire cycle may use: 1 to 10. */
  activeExpireEffort = 1
  /** DEBUG SET-ACTIVE-EXPIRE. */
  activeExpire = true
  /** Whether the cron moves buckets of tables that grow or shrink. */
  activerehashing = true
  hz = 10
  /** Commands at least this slow, microseconds, are reported; negative: none. */
  slowlogLogSlowerThan = 10000
  /** Latency samples from this many milliseconds; 0: none. */
  latencyMonitorThreshold = 0
  /** A hash with more fields, or a longer field or value, is a hashtable. */
  hashMaxListpackEntries = 512
  hashMaxListpackValue = 64
  /** What a list keeps in one listpack, or a node of one: so many elements, or of negative ones a class of bytes. */
  listMaxListpackSize = -2
  /** How many nodes at each end of a quicklist stay uncompressed; 0: all. */
  listCompressDepth = 0
  /** DEBUG QUICKLIST-PACKED-THRESHOLD: a list's element of so many bytes is a node by itself. */
  quicklistPackedThreshold = 2 ** 30
  /** What snapshots and DUMP payloads are written as: 10 (Redis 7.0), 11 (7.2) or 12 (7.4). */
  rdbVersion = 11
  rdbCompression = true
  /** Microseconds by which saving each key is slowed down, for tests. */
  rdbKeySaveDelay = 0
  /** DEBUG SET-SKIP-CHECKSUM-VALIDATION. */
  skipChecksumValidation = false
  /** What frees large values later. */
  lazyfreeLazyEviction = false
  lazyfreeLazyExpire = false
  lazyfreeLazyServerDel = false
  lazyfreeLazyUserDel = false
  lazyfreeLazyUserFlush = false
  /** Whether command durations are kept as histograms. */
  latencyTracking = true

  /** Sets the field that a configuration directive governs; false when it governs none. */
  apply(name: string, value: string): boolean {
    switch (name) {
      case 'proto-max-bulk-len':
        this.protoMaxBulkLen = Number(value)
        return true
      case 'maxmemory':
        this.maxmemory = Number(value)
        return true
      case 'maxmemory-policy':
        this.maxmemoryPolicy = value
        return true
      case 'maxmemory-samples':
        this.maxmemorySamples = Number(value)
        return true
      case 'maxmemory-eviction-tenacity':
        this.maxmemoryEvictionTenacity = Number(value)
        return true
      case 'lfu-log-factor':
        this.lfuLogFactor = Number(value)
        return true
      case 'lfu-decay-time':
        this.lfuDecayTime = Number(value)
        return true
      case 'active-expire-effort':
        this.activeExpireEffort = Number(value)
        return true
      case 'active-expire':
        this.activeExpire = value === 'yes'
        return true
      case 'activerehashing':
        this.activerehashing = value === 'yes'
        return true
      case 'hz':
        this.hz = Number(value)
        return true
      case 'slowlog-log-slower-than':
        this.slowlogLogSlowerThan = Number(value)
        return true
      case 'latency-monitor-threshold':
        this.latencyMonitorThreshold = Number(value)
        return true
      case 'hash-max-listpack-entries':
        this.hashMaxListpackEntries = Number(value)
        return true
      case 'hash-max-listpack-value':
        this.hashMaxListpackValue = Number(value)
        return true
      case 'list-max-listpack-size':
        this.listMaxListpackSize = Number(value)
        return true
      case 'list-compress-depth':
        this.listCompressDepth = Number(value)
        return true
      case 'quicklist-packed-threshold':
        this.quicklistPackedThreshold = Number(value)
        return true
      case 'rdb-version':
        this.rdbVersion = Number(value)
        return true
      case 'rdbcompression':
        this.rdbCompression = value === 'yes'
        return true
      case 'rdb-key-save-delay':
        this.rdbKeySaveDelay = Number(value)
        return true
      case 'skip-checksum-validation':
        this.skipChecksumValidation = value === 'yes'
        return true
      case 'lazyfree-lazy-eviction':
        this.lazyfreeLazyEviction = value === 'yes'
        return true
      case 'lazyfree-lazy-expire':
        this.lazyfreeLazyExpire = value === 'yes'
        return true
      case 'lazyfree-lazy-server-del':
        this.lazyfreeLazyServerDel = value === 'yes'
        return true
      case 'lazyfree-lazy-user-del':
        this.lazyfreeLazyUserDel = value === 'yes'
        return true
      case 'lazyfree-lazy-user-flush':
        this.lazyfreeLazyUserFlush = value === 'yes'
        return true
      case 'latency-tracking':
        this.latencyTracking = value === 'yes'
        return true
      default:
        return false
    }
  }
}
