import { expect, test } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { TestEngine } from '../../testing.ts'
import { expireCycle } from '../expiry/expire-cycle.ts'

interface Field {
  value: string
  /** 0: never. */
  expiry: number
}

/** What Redis 7.4 makes of hashes whose fields expire: an expired field stays until something meets it. */
class Model {
  readonly hashes = new Map<string, Map<string, Field>>()
  nowMs = 0

  fields(key: string): Map<string, Field> {
    const fields = this.hashes.get(key) ?? new Map<string, Field>()
    this.hashes.set(key, fields)
    return fields
  }

  isExpired({ expiry }: Field): boolean {
    return expiry !== 0 && expiry < this.nowMs
  }

  /** The field that a look-up meets; deletes an expired one. */
  meet(key: string, name: string): Field | undefined {
    const fields = this.fields(key)
    const field = fields.get(name)
    if (field === undefined || !this.isExpired(field)) return field
    fields.delete(name)
    return undefined
  }

  live(key: string): [string, string][] {
    return [...this.fields(key)].filter(([, field]) => !this.isExpired(field)).map(([name, { value }]) => [name, value])
  }

  expireAll(): void {
    for (const fields of this.hashes.values()) {
      for (const [name, field] of fields) if (this.isExpired(field)) fields.delete(name)
    }
  }
}

const KEYS = ['a', 'b', '{a}c']
const VALUES = ['', '1', '-77', 'some value', '12345678901', 'x'.repeat(40)]

/** Does one random thing to both and compares what they say. */
function step(engine: TestEngine, model: Model, random: Random, longValues: boolean): void {
  const key = random.pick(KEYS)
  const name = random.chance(0.2) ? String(random.below(300)) : `field:${random.below(15)}`
  const fields = model.fields(key)
  switch (random.below(13)) {
    case 0:
    case 1:
    case 2: {
      const value = longValues && random.chance(0.2) ? 'y'.repeat(random.pick([100, 3000])) : random.pick(VALUES)
      expect(engine.must('HSET', key, name, value)).toBe(fields.has(name) ? 0 : 1)
      fields.set(name, { value, expiry: 0 })
      break
    }
    case 3:
      expect(engine.must('HDEL', key, name)).toBe(fields.delete(name) ? 1 : 0)
      break
    case 4:
    case 5:
    case 6: {
      const when = model.nowMs + random.pick([1, 5, 20, 100, 1000, 100_000_000])
      expect(engine.must('HPEXPIREAT', key, String(when), 'FIELDS', '1', name)).toEqual([fields.has(name) ? 1 : -2])
      const field = fields.get(name)
      if (field !== undefined) field.expiry = when
      break
    }
    case 7: {
      const field = fields.get(name)
      const outcome = field === undefined || model.isExpired(field) ? -2 : field.expiry === 0 ? -1 : 1
      expect(engine.must('HPERSIST', key, 'FIELDS', '1', name)).toEqual([outcome])
      if (field !== undefined && outcome === 1) field.expiry = 0
      break
    }
    case 8:
      expect(engine.must('HGET', key, name)).toBe(model.meet(key, name)?.value ?? null)
      break
    case 9: {
      const pairs = engine.must('HGETALL', key) as string[]
      const reply = Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i], pairs[2 * i + 1]])
      expect(reply.sort()).toEqual(model.live(key).sort())
      break
    }
    case 10:
      model.nowMs += random.pick([1, 3, 10, 50])
      engine.nowMs = model.nowMs
      break
    case 11:
      if (!random.chance(0.3)) break
      engine.must('EXISTS', key)
      for (const shard of engine.engine.shards) expireCycle(engine.engine, shard)
      model.expireAll()
      break
    case 12: {
      const to = random.pick(KEYS)
      if (to === key || !random.chance(0.2)) break
      if (fields.size === 0) break
      const copied = [...fields].map(([each, field]) => [each, { ...field }] as const)
      engine.must(...(random.chance(0.5) ? ['COPY', key, to, 'REPLACE'] : ['RENAME', key, to]))
      if (engine.must('EXISTS', key) === 0) model.hashes.delete(key)
      model.hashes.set(to, new Map(copied))
    }
  }
  expect(engine.must('HLEN', key)).toBe(model.fields(key).size)
}

test.each([1, 2, 3, 4, 5, 6])('hashes whose fields expire are what a Map of Maps is (seed %i)', (seed) => {
  const random = new Random(seed)
  const engine = new TestEngine({ shards: seed % 2 === 0 ? 2 : 1 })
  engine.engine.configure('hash-max-listpack-entries', random.pick(['0', '8', '512']))
  const model = new Model()
  model.nowMs = engine.nowMs
  engine.must('SET', 'warm', 'x')
  for (let i = 0; i < 3000; i++) {
    step(engine, model, random, seed % 3 === 0)
    if (i % 5 === 0) engine.check()
  }
  for (const key of KEYS) engine.must('DEL', key)
  engine.check()
  for (const { keyspaces } of engine.engine.shards) expect(keyspaces[0].volatileHashes.bytes).toBe(0)
})
