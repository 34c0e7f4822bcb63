/* What is measured: each scenario is a list of cases (cases.ts). Pure.
 *
 * | scenario    | driver          | what it shows                                                                  |
 * | ----------- | --------------- | ------------------------------------------------------------------------------ |
 * | pipeline    | redis-benchmark | the engine: at pipelines of 64 and 16 the kernel's socket calls count little   |
 * | unpipelined | redis-benchmark | the round trip: one command in each read and write                             |
 * | mix         | own generator   | reads and writes mixed over skewed keys, with the whole latency curve          |
 * | open-loop   | own generator   | latency at a fixed arrival rate, from the time each command was due            |
 * | never       | redis-benchmark | pipeline 64 with Spinel's inline execution off: every command goes to a worker |
 * | collections | redis-benchmark | lists and hashes: both ends, ranges, single fields, whole hashes               |
 * | memory      | own filler      | resident bytes for each key, and for what collections hold                     |
 * | snapshot    | own generator   | BGSAVE under writes at half of the highest rate: latency, and memory beside it |
 */

export const SCENARIOS = [
  'pipeline',
  'unpipelined',
  'mix',
  'open-loop',
  'never',
  'collections',
  'memory',
  'snapshot',
] as const
export type Scenario = (typeof SCENARIOS)[number]
