/** The free names of the examples in doc comments. A name means the same in all of them. */
import {
  background,
  chan,
  go,
  sleep,
  withCancel,
  type Chan,
  type Context,
  type Goroutine,
  type Op,
  type Receiver,
  type Sender,
} from 'millrace'
import { memoryBroker, type DeadDelivery } from 'millrace/broker'
import { collect, fromReceiver, type StandardSchema } from 'millrace/operators'
import { isObservable } from 'rxjs'
import { natsStub } from '../support/nats-stub.js'
import { postgresStub } from '../support/postgres-stub.js'
import { kafkaStub } from '../support/kafka-stub.js'
import { redisStub } from '../support/redis-stub.js'

export interface User {
  readonly name: string
}
export interface Address {
  readonly ip: string
}
interface UserEvent {
  readonly user: string
  readonly offset: number
}

/** A closed channel with these values in its buffer. */
function filled<T>(...values: readonly T[]): Chan<T> {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  ch.close()
  return ch
}

function* rest(..._: readonly unknown[]): Generator<never, void> {
  yield* sleep(1)
}

const jobs = filled(1, 2, 3)
const events = filled<UserEvent>({ user: 'ada', offset: 1 }, { user: 'grace', offset: 2 }, { user: 'ada', offset: 3 })
const socket = new EventTarget()

export const prelude = {
  answers: filled('a', 'b'),
  ask: function* (sql: string) {
    yield* rest()
    return [sql]
  },
  balance: 0,
  bulk: filled(10, 20),
  connect: rest,
  connections: [1, 2, 3].map((n) => ({ run: async (job: number) => `${n}: ${job}` })),
  copy: function* (_file: string, buffer: Uint8Array) {
    yield* rest()
    return buffer.length
  },
  ctx: withCancel(background),
  dead: chan<DeadDelivery>(10),
  deposit: function* () {
    yield* rest()
    return 10
  },
  events,
  fetch: async (url: string, { signal }: { signal?: AbortSignal } = {}) => {
    signal?.throwIfAborted()
    return new Response(JSON.stringify({ name: url }))
  },
  fetchOne: async (url: string) => url.length,
  fetchOrThrow: async (url: string, signal: AbortSignal) => `${url} ${signal.aborted}`,
  file: 'file',
  handle: async (message: unknown) => message,
  host: 'localhost',
  id: 'ada',
  messages: chan<string>(),
  index: async (batch: readonly UserEvent[]) => batch.length,
  insert: async (batch: readonly string[]) => batch.length,
  items: ['a', 'b'],
  jobs,
  key: 'ada',
  linesOf: (response: Response) => `${response.status}\n`.split('\n'),
  link: memoryBroker().connect(),
  log: { commit: (_offset: number) => {} },
  mark: async (question: string, answer: string) => question === answer,
  mean: (samples: readonly unknown[]) => samples.length,
  orders: fromReceiver(jobs),
  nc: natsStub(),
  parse: async (item: number) => String(item),
  pool: postgresStub(),
  client: postgresStub(),
  redis: redisStub(),
  kafka: kafkaStub(),
  poll: (url: string) => sleep(1).map(() => url),
  questions: filled('a', 'c'),
  quit: chan<void>(),
  readFeed: function* (emit: Sender<UserEvent>) {
    yield* emit.send({ user: 'ada', offset: 4 })
  },
  readFile: async (_path: string, _encoding: 'utf8') => '{ "port": 8080 }',
  readingSchema: {
    '~standard': { version: 1, vendor: 'docs', validate: (value) => ({ value: value as { sensor: string; value: number } }) },
  } satisfies StandardSchema<{ sensor: string; value: number }>,
  readings: filled({ sensor: 'a', value: 1 }, { sensor: 'b', value: 2 }),
  requests: filled('/a', '/b'),
  resolve: async (host: string, signal: AbortSignal): Promise<Address> => ({ ip: `${host} ${signal.aborted}` }),
  results: chan<string>(10),
  rows: filled('a', 'b', 'c'),
  samples: filled(1, 2, 3, 4),
  listen: async (requests: Receiver<string>) => requests.size,
  setInterval: (f: () => void, _ms: number) => f(),
  socket,
  store: async (event: UserEvent, _end: Context | AbortSignal) => event.user,
  table: new Map([['ada', 36]]),
  textSchema: { '~standard': { version: 1, vendor: 'docs', validate: (value) => ({ value: String(value) }) } } as StandardSchema<string> & {
    '~standard': { types?: { input: string; output: string } }
  },
  transfer: rest,
  upload: rest,
  urgent: filled(1, 2),
  url: '/a',
  urls: ['/a', '/b', '/c'],
  use: (_value: unknown) => {},
  visit: rest,
  work: async (item: unknown) => String(item),
  worker: function* (..._: readonly unknown[]) {
    yield* rest()
  },
}

/** Waits for the value of a statement if it is an operation, a goroutine or a pipeline. */
export function* perform(value: unknown): Generator<never, unknown> {
  const operation = operationOf(value)
  return operation === null ? value : yield* operation
}

export async function performAsync(value: unknown): Promise<unknown> {
  const operation = operationOf(await value)
  return operation === null ? value : await operation
}

function operationOf(value: unknown): Op<unknown> | null {
  if (typeof value !== 'object' || value === null) return null
  if (isObservable(value)) return collect(background, value).join()
  if ('within' in value) return value as Op<unknown>
  return 'cancel' in value ? (value as Goroutine<unknown>).join() : null // an array has a join, too
}

/** The exit status of an example that has not reached its end. */
export const NOT_ENDED = 3

/** Runs the example while the socket receives a message. The status is 0 once the example has ended. */
export function runExample(example: () => Generator<never, void> | Promise<void>): void {
  process.exitCode = NOT_ENDED
  const running = go(example)
  go(function* () {
    yield* sleep(1)
    socket.dispatchEvent(new Event('message'))
    yield* running.join()
    process.exitCode = 0
  })
}
