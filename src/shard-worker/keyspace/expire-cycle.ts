/* Placeholder until the cycle lands (being written next door). */
import type { Shard } from './shard.ts'
export function expireCycle(_engine: unknown, _shard: Shard): void {}
export function rehashCycle(_engine: unknown, _shard: Shard): void {}
