/* What this server calls itself. Any thread. */
import packageDescription from '../../package.json' with { type: 'json' }

/** The version of Redis whose commands, replies and files this server has: what clients' feature checks see. */
export const REDIS_VERSION = '7.2.4'

/** This product's own version. */
export const SPINEL_VERSION: string = packageDescription.version
