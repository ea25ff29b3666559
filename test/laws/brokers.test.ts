/** The broker in memory passes the laws of brokers, under schedules that choose kills, lost acknowledgements and redeliveries. */
import { memoryBroker } from 'millrace/broker'
import { laws } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

const all = laws.broker(memoryBroker, { schedules: 40 })

describe('memoryBroker', () => {
  it('has 27 laws', () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(27)
  })
  it.each(all)('$name: $meaning', (law) => law.check())
})
