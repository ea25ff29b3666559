/** `encode`: only values that match their schema are published. */
import { background } from 'millrace'
import { byKey, encode, memoryBroker, settle, type DeadDelivery } from 'millrace/broker'
import { InvalidItemError, type StandardSchema } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

const validate = (n: unknown) => (Number(n) < 20 ? { value: `${Number(n)} degrees` } : { issues: [{ message: 'is too hot' }] })
const schemas = { 'at once': validate, 'in a promise': (n: unknown) => Promise.resolve(validate(n)) }

describe.each(Object.entries(schemas))('a schema that validates %s', (_, validates) => {
  const schema: StandardSchema<string> = { '~standard': { version: 1, vendor: 'test', validate: validates } }

  it('has its output published, and what does not match becomes a dead letter with the payload as it came', () =>
    bubble(function* () {
      const broker = memoryBroker({ partitions: 1 })
      for (const n of [1, 2, 3]) broker.publish('in', n, { key: 'k' })
      const letters: DeadDelivery[] = []
      let tried = 0
      const warm = byKey<number, number>((d) => d.key, 1, (n) => (tried++, n * 9)) // prettier-ignore
      const ending = settle({ deadLetters: (letter) => letters.push(letter) })
      yield* broker.work(background, 1, (link) => link.from<number>({ log: 'in' }).pipe(warm, encode(schema), link.to({ topic: 'out' }), ending)).join() // prettier-ignore
      expect(broker.messages('out').map(({ value }) => value)).toEqual(['9 degrees', '18 degrees'])
      expect(letters.map(({ payload, cause }) => [payload, cause instanceof InvalidItemError])).toEqual([[3, true]])
      expect(String(letters[0].cause)).toContain('encode')
      expect(tried).toBe(3)
      expect(broker.isSettled).toBe(true)
    }))
})
