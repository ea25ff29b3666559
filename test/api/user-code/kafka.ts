/** The places of `millrace/kafka` that call code of users: functions, and the client that they give. */
import { settle, type Delivery } from 'millrace/broker'
import { doctor, fromKafka, kafkaDeadLetters, plan, toKafka, type KafkaClient, type ToKafka } from 'millrace/kafka'
import { run } from 'millrace/operators'
import { take, type OperatorFunction } from 'rxjs'
import { kafkaStub } from '../../support/kafka-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { junk, type Rows } from './kinds.js'
import { soon } from './soon.js'

const passed = async (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, twoThrough(operator)).join()
}
const to = (options: Partial<ToKafka<number>>) => passed(toKafka(kafkaStub(), { topic: 'out', ...options }))
const asking = (metadata: unknown): KafkaClient => ({ ...kafkaStub(), metadata: junk(metadata) })

const from = async (client: KafkaClient): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, fromKafka(client, { log: 'in' }).pipe(take(2), settle({ attempts: 1 }))).join()
}

export const kafka: Rows = {
  'doctor(client): metadata': async (f) => await doctor(asking(f), { patience: 50 }),
  'fromKafka(client): metadata': (f) => from(asking(f)),
  'kafkaDeadLetters(client): metadata': async (f) => await kafkaDeadLetters(asking(f), { topic: 'dead' })(letter),
  'plan(client): metadata': async (f) => await plan(asking(f), { log: 'in' }).check(),
  'toKafka(client): metadata': (f) => passed(toKafka(asking(f), { topic: 'out' })),
  'toKafka({ key })': (f) => to({ key: junk(f) }),
  'toKafka({ value })': (f) => to({ value: junk(f) }),
}
