/* Which server is which in a comparison. Pure. */

/** The part a server plays. Ratios are against `redis`; targets are for `spinel`. */
export type Role = 'redis' | 'valkey' | 'spinel'

export const BASELINE: Role = 'redis'
export const SUBJECT: Role = 'spinel'
