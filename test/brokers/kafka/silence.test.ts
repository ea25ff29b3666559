/** A connection that is up and silent, as where a router has forgotten it: the next attempt has another. In virtual time, without a server. */
import { ConnectionPool, NetworkError, type Connection } from '@platformatic/kafka'
import { background } from 'millrace'
import { plan, toKafka } from 'millrace/kafka'
import { bubble } from 'millrace/testing'
import { beforeEach, expect, it } from 'vitest'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { time } from '../../../src/runtime/internal.js'
import { kafkaStub } from '../../support/kafka-stub.js'

type Answered = (error: Error | null, answer?: object) => void

const PRODUCE = 0
let opened = 0
/** The requests that have no answer, over the first connection. */
let silent: readonly number[] = []
beforeEach(() => {
  opened = 0
  silent = []
})

const stub = kafkaStub() as ReturnType<typeof kafkaStub> & { readonly connections: ConnectionPool }

/** The connections to a server, one at a time. */
class Pool extends ConnectionPool {
  private _connection: Connection | null = null

  override get(): void
  override get(): Promise<Connection>
  override async get(): Promise<Connection> {
    return (this._connection ??= this._open(await stub.connections.get({ host: 'stub', port: 1 })))
  }

  private _open(answering: Connection): Connection {
    const number = ++opened
    const waiting: Answered[] = []
    const destroy = () => {
      this._connection = null
      for (const answered of waiting.splice(0)) answered(new NetworkError('Connection closed'))
    }
    const send = (...args: Parameters<Connection['send']>) => {
      if (number === 1 && silent.includes(args[0])) waiting.push(args.at(-1) as Answered)
      else answering.send(...args)
    }
    return { send, socket: { destroy } } as unknown as Connection // the part that is used
  }
}

const client = () => ({ ...stub, connections: new Pool('stub') })

it('a publish without an answer is sent again over another connection', async () => {
  silent = [PRODUCE]
  const took = await bubble(async () => {
    const began = time.timers.now()
    await publishing(background, outgoing('a'), toKafka<string>(client(), { topic: 'topic' })).join()
    return time.timers.now() - began
  })
  expect(opened).toBe(2)
  expect(took).toBeLessThan(30_000) // the patience
})

it('a question without an answer is asked again over another connection', async () => {
  const METADATA = 3
  silent = [METADATA]
  const changes = await bubble(async () => await plan(client(), { log: 'topic' }).check())
  expect(opened).toBe(2)
  expect(changes).toEqual([])
})
