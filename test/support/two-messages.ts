/** Two messages of a broker in memory, and a dead letter, for the sweeps of the adapters to brokers. */
import { memoryBroker, positionOf, settle, type DeadDelivery, type Delivery } from 'millrace/broker'
import { take, type Observable, type OperatorFunction } from 'rxjs'

/** A pipeline of two messages through the operator. */
export function twoThrough(operator: OperatorFunction<Delivery<number>, Delivery<unknown>>): Observable<unknown> {
  const broker = memoryBroker({ partitions: 1 })
  for (const n of [1, 2]) broker.publish('in', n, { key: 'k' })
  const source = broker.connect().from<number>({ log: 'in' })
  return source.pipe(take(2), operator, settle({ attempts: 1 }))
}

export const letter: DeadDelivery = {
  payload: 1,
  key: null,
  headers: new Map(),
  position: positionOf('in', 0, 0, 0),
  cause: new Error('bad'),
  stage: 'work',
  attempts: 1,
}
