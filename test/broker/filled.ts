/** A broker in memory with numbers in the topic `in`, of three keys. */
import { memoryBroker, type MemoryBroker } from 'millrace/broker'

export function filled(n: number, partitions = 2): MemoryBroker {
  const broker = memoryBroker({ partitions })
  for (let i = 0; i < n; i++) broker.publish('in', i, { key: `k${i % 3}` })
  return broker
}

/** The numbers in the topic `out`, sorted. */
export function sortedOut(broker: MemoryBroker): number[] {
  return broker
    .messages('out')
    .map(({ value }) => value as number)
    .sort((a, b) => a - b)
}

export const uses = ['log', 'queue'] as const
