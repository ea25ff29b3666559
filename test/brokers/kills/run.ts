/**
 * A run of the kill matrix: messages in `in`, two workers, a kill at a seeded point, and a count of what is in `out`.
 *
 *     published ──▶ two workers begin ──the messages in `out` reach the point──▶ the kill ──▶ all is settled ──▶ drained ──▶ counted
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ServerPlace } from '../server-process.js'
import type { KillBroker, KillEngine } from './engine.js'
import { TAKES_OVER, type WorkerSettings } from './settings.js'
import { WorkerProcess } from './workers.js'

export interface RunOptions extends Omit<WorkerSettings, 'engine' | 'host' | 'port'> {
  readonly messages: number
  readonly keys: number
  readonly seed: number
  readonly server?: ServerPlace
}

export interface Tally {
  readonly lost: number
  /** Messages whose predecessor of the same key came later, or not. */
  readonly outOfOrder: number
  readonly duplicates: number
  /** Ownerships of partitions of a log under which messages came, beyond the first of each. */
  readonly takeovers: number
}

/** ms between two looks at the server; a look that takes long is followed by a longer pause. */
const LOOK = 5

export class KillRun {
  readonly workers: WorkerProcess[] = []
  /** Those that have ended, too. */
  private readonly _all: WorkerProcess[] = []
  private _state: number

  private constructor(
    readonly engine: KillEngine,
    readonly options: RunOptions,
    readonly server: KillBroker,
  ) {
    this._state = options.seed * 2654435761 + 1
  }

  static async open(engine: KillEngine, options: RunOptions): Promise<KillRun> {
    const run = new KillRun(engine, options, await engine.open(options, options.server ?? {}))
    try {
      const { messages, keys } = options
      for (let first = 0; first < messages; first += 1000) await run.server.publish(first, Math.min(first + 1000, messages), keys)
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

  private async _until(fact: () => Promise<boolean>): Promise<void> {
    for (;;) {
      for (const { hasEnded, stderr } of this.workers) if (hasEnded) throw new Error(`a worker has ended: ${stderr}`)
      const began = performance.now()
      if (await fact().catch(() => false)) return // the server may be away
      await pause(Math.max(LOOK, 4 * (performance.now() - began)))
    }
  }

  /** One more worker. */
  async begins(namespace?: string): Promise<WorkerProcess> {
    const { host, port } = this.server
    const { use, partitions, window, lease, hasIds, longest } = this.options
    const settings = { engine: this.engine.id, host, port, use, partitions, window, lease, hasIds, longest }
    const worker = await WorkerProcess.begins('worker', settings, namespace)
    this.workers.push(worker)
    this._all.push(worker)
    return worker
  }

  /** Waits until `out` has this part of the messages. */
  reaches(part: number): Promise<void> {
    return this._until(async () => (await this.server.count()) >= part * this.options.messages)
  }

  /** Waits until each worker has a partition of the log, so that there is something to take over from it. */
  async isShared(): Promise<void> {
    if (this.options.use === 'queue') return
    const isShared = (): boolean => this.workers.every((worker) => worker.says(TAKES_OVER) > 0)
    await this._until(async () => isShared() || (await this.server.isSettled()))
    if (!isShared()) throw new Error('all messages were settled before each worker had a partition')
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

  /** Kills the server, and starts it again at once or up to 300 ms later. */
  async restarts(): Promise<void> {
    await this.server.kill()
    await pause(this.random() * 300)
    await this.server.start()
  }

  /** Waits until the server stores messages again, which after a full disk may take a restart; then replaces the workers that have failed. */
  async healed(): Promise<readonly string[]> {
    let isStored = await this.server.stores()
    for (const since = performance.now(); !isStored && performance.now() - since < 3000; isStored = await this.server.stores())
      await pause(LOOK)
    const wasRestarted = !isStored
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
    await this._until(() => this.server.isSettled())
    for (const worker of [...this.workers]) await this.drains(worker)
    return this._tally()
  }

  private async _tally(): Promise<Tally> {
    const { messages, keys, use, partitions } = this.options
    const ownerships = this._all.reduce((sum, worker) => sum + worker.says(TAKES_OVER), 0)
    const lastOf = new Map<number, number>()
    const seen = new Set<number>()
    let outOfOrder = 0
    const out = await this.server.values()
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
      takeovers: use === 'queue' ? 0 : ownerships - partitions,
    }
  }

  async close(): Promise<void> {
    for (const worker of this.workers) await worker.kill()
    await this.server.close()
  }
}
