/**
 * A run of the kill matrix: messages in `in`, two workers, a kill at a seeded point, and a count of what is in `out`.
 *
 *     published ──▶ two workers begin ──the messages in `out` reach the point──▶ the kill ──▶ all is settled ──▶ drained ──▶ counted
 */
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node'
import { plan } from 'millrace/nats'
import { setTimeout as pause } from 'node:timers/promises'
import { startServer, type NatsServer, type ServerOptions } from '../../server.js'
import { countOf } from '../nats.js'
import type { WorkerSettings } from './settings.js'
import { WorkerProcess } from './workers.js'

export interface RunOptions extends Omit<WorkerSettings, 'host' | 'port'> {
  readonly messages: number
  readonly keys: number
  readonly seed: number
  readonly server?: ServerOptions
  /** The network namespace of the first worker. */
  readonly namespace?: string
}

export interface Tally {
  readonly lost: number
  /** Messages whose predecessor of the same key came later, or not. */
  readonly outOfOrder: number
  readonly duplicates: number
  /** Ownerships of partitions of a log, beyond the first of each. */
  readonly takeovers: number
}

const RECONNECT = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, ignoreClusterUpdates: true, noAsyncTraces: true }
/** ms between two looks at the server. */
const LOOK = 5

export class KillRun {
  readonly workers: WorkerProcess[] = []
  private _state: number

  private constructor(
    readonly options: RunOptions,
    readonly server: NatsServer,
    private readonly _nc: NatsConnection,
  ) {
    this._state = options.seed * 2654435761 + 1
  }

  static async open(options: RunOptions): Promise<KillRun> {
    const server = await startServer(options.server)
    const nc = await connect({ servers: `${server.host}:${server.port}`, ...RECONNECT })
    const run = new KillRun(options, server, nc)
    try {
      await run._publish()
    } catch (error) {
      await run.close()
      throw error
    }
    return run
  }

  /** From 0 to below 1, as the seed says. */
  random(): number {
    this._state = (Math.imul(this._state ^ (this._state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    return ((this._state ^ (this._state >>> 13)) >>> 0) / 2 ** 32
  }

  private async _publish(): Promise<void> {
    const { use, partitions, window, lease, messages, keys } = this.options
    if (use === 'log') await plan(this._nc, { log: 'in', partitions, lease, window }).apply()
    else await plan(this._nc, { queue: 'in', lease, window }).apply()
    await plan(this._nc, { queue: 'out' }).apply()
    for (let n = 0; n < messages; n++) {
      this._nc.publish(`in.${n % keys}`, String(n))
      const sent = n + 1
      if (sent % 1000 === 0 || sent === messages) await this._until(async () => (await countOf(this._nc, 'in')) === sent)
    }
  }

  private async _until(fact: () => Promise<boolean>): Promise<void> {
    for (;;) {
      for (const { hasEnded, stderr } of this.workers) if (hasEnded) throw new Error(`a worker has ended: ${stderr}`)
      if (await fact().catch(() => false)) return // the server may be away
      await pause(LOOK)
    }
  }

  /** One more worker. */
  async begins(namespace?: string): Promise<WorkerProcess> {
    const { host, port } = this.server
    const { use, partitions, window, lease, hasIds, longest } = this.options
    const settings = { host, port, use, partitions, window, lease, hasIds, longest }
    const worker = await WorkerProcess.begins(settings, namespace)
    this.workers.push(worker)
    return worker
  }

  /** Waits until `out` has this part of the messages. */
  reaches(part: number): Promise<void> {
    return this._until(async () => (await countOf(this._nc, 'out')) >= part * this.options.messages)
  }

  async kills(worker: WorkerProcess): Promise<void> {
    this._forget(worker)
    await worker.kill()
  }

  async drains(worker: WorkerProcess): Promise<void> {
    this._forget(worker)
    await worker.drain()
  }

  private _forget(worker: WorkerProcess): void {
    this.workers.splice(this.workers.indexOf(worker), 1)
  }

  /** Whether the server stores a message: `out.probe`, which no tally counts. */
  async stores(): Promise<boolean> {
    const answer = await this._nc.request('out.probe', '-1', { timeout: 1000 }).catch(() => null)
    return answer?.string().includes('"seq"') === true
  }

  /** Waits until the server stores messages again, which after a full disk may take a restart; then replaces the workers that have failed. */
  async healed(): Promise<readonly string[]> {
    const wasRestarted = !(await this.stores())
    if (wasRestarted) {
      await this.server.kill()
      await this.server.start()
    }
    const failed = this.workers.filter(({ hasEnded }) => hasEnded)
    for (const worker of failed) {
      this._forget(worker)
      await this.begins()
    }
    const errors = failed.map(({ stderr }) => /^.*Error: .*$/m.exec(stderr)?.[0] ?? stderr)
    return wasRestarted ? ['the server was started again', ...errors] : errors
  }

  /** Waits until every message of `in` is settled, and drains the workers. */
  async finishes(): Promise<Tally> {
    await this._until(() => this._isSettled())
    for (const worker of [...this.workers]) await this.drains(worker)
    return this._tally()
  }

  private async _isSettled(): Promise<boolean> {
    const { use, partitions } = this.options
    const consumers = use === 'log' ? Array.from({ length: partitions }, (_, i) => `millrace-${i}`) : ['millrace']
    for (const consumer of consumers) {
      const info = await this._nc.request(`$JS.API.CONSUMER.INFO.in.${consumer}`)
      const { num_pending: waiting, num_ack_pending: underWay } = info.json<{
        readonly num_pending: number
        readonly num_ack_pending: number
      }>()
      if (waiting + underWay > 0) return false
    }
    return true
  }

  private async _tally(): Promise<Tally> {
    const { messages, keys } = this.options
    const lastOf = new Map<number, number>()
    const seen = new Set<number>()
    let outOfOrder = 0
    const out = await valuesOf(this._nc, 'out')
    for (const n of out) {
      if (n < 0 || seen.has(n)) continue // a probe is no message
      seen.add(n)
      if (n !== (lastOf.get(n % keys) ?? (n % keys) - keys) + keys) outOfOrder++
      lastOf.set(n % keys, n)
    }
    return {
      lost: messages - seen.size,
      outOfOrder,
      duplicates: out.filter((n) => n >= 0).length - seen.size,
      takeovers: await this._takeovers(),
    }
  }

  private async _takeovers(): Promise<number> {
    if (this.options.use === 'queue') return 0
    const { state } = (await this._nc.request('$JS.API.STREAM.INFO.millrace-owners')).json<{
      readonly state: { readonly last_seq: number }
    }>()
    return state.last_seq - this.options.partitions
  }

  async close(): Promise<void> {
    for (const worker of this.workers) await worker.kill()
    await this._nc.close()
    await this.server.close()
  }
}

/** The values of a stream, in their order, by pulls that a client can keep up with. */
async function valuesOf(nc: NatsConnection, stream: string): Promise<readonly number[]> {
  const count = await countOf(nc, stream)
  const all: number[] = []
  const config = { name: 'tally', ack_policy: 'none', deliver_policy: 'all', inactive_threshold: 60e9, mem_storage: true }
  const made = await nc.request(`$JS.API.CONSUMER.CREATE.${stream}.tally`, JSON.stringify({ stream_name: stream, config }), {
    timeout: 10_000,
  })
  const { error } = made.json<{ readonly error?: { readonly description: string } }>()
  if (error !== undefined) throw new Error(error.description)
  const inbox = createInbox()
  const sub = nc.subscribe(inbox, { max: count })
  const pull = (): void => nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.tally`, '{"batch":5000,"no_wait":true}', { reply: inbox })
  pull()
  for await (const message of sub) {
    all.push(Number(message.string()))
    if (all.length % 5000 === 0) pull()
  }
  return all
}
