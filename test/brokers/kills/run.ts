/**
 * A run of the kill matrix: messages in `in`, two workers, a kill at a seeded point, and a count of what is in `out`.
 *
 *     published ──▶ two workers begin ──the settled messages reach the point──▶ the kill ──▶ all is settled ──▶ drained ──▶ counted
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ServerPlace } from '../server-process.js'
import type { KillBroker, KillEngine } from './engine.js'
import { TAKES_OVER, WORKS, type WorkerSettings } from './settings.js'
import { WorkerProcess } from './workers.js'

export interface RunOptions extends Omit<WorkerSettings, 'engine' | 'host' | 'port' | 'dumps' | 'atOnce'> {
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

export interface Counted {
  readonly tally: Tally
  /** The most messages that may be repeated. */
  readonly most: number
  readonly hasIds: boolean
}

/** ms between two looks at the server; a look that takes long is followed by a longer pause, up to `LONGEST`: then the server was away. */
const LOOK = 5
const LONGEST = 1000
/** ms for a worker to begin 25 messages more, where there are so many. */
const NEXT = 200
/** ms after which a run fails with the state of its workers: before the limit of the tests, which names no cause. */
const LIMIT = 150_000

export class KillRun {
  readonly workers: WorkerProcess[] = []
  /** Those that have ended, too. */
  private readonly _all: WorkerProcess[] = []
  private _state: number
  /** The messages of `in`. */
  private _messages = 0
  /** What the run waits for. */
  private _waitsFor = 'the server'
  private _isClosed = false

  private constructor(
    readonly engine: KillEngine,
    readonly options: RunOptions,
    readonly server: KillBroker,
  ) {
    this._state = options.seed * 2654435761 + 1
  }

  /** Opens the engine, publishes, and does the rest of a run. Fails with the state of the workers where that takes longer than `limit` ms. */
  static async of<T>(engine: KillEngine, options: RunOptions, rest: (run: KillRun) => Promise<T>, limit = LIMIT): Promise<T> {
    const run = new KillRun(engine, options, await engine.open(options, options.server ?? {}))
    const clock = new AbortController()
    const all = async (): Promise<T> => {
      await run._publishes(options.messages)
      return rest(run)
    }
    try {
      return await Promise.race([all(), pause(limit, undefined, { signal: clock.signal }).then(() => run._isLate(limit))])
    } finally {
      clock.abort()
      await run.close()
    }
  }

  private async _isLate(limit: number): Promise<never> {
    const out = await Promise.race([this.server.count().catch(String), pause(2000, 'no answer')])
    const workers = await Promise.all(this._all.filter(({ hasEnded }) => !hasEnded).map((worker) => worker.dump()))
    const what = `the run waits for ${this._waitsFor} after ${limit / 1000} s; in: ${this._messages}, out: ${out}, takeovers: ${this.takeovers}`
    throw new Error([what, ...workers].join('\n\n'))
  }

  private async _publishes(more: number): Promise<void> {
    const { keys } = this.options
    this._waitsFor = `${more} messages in \`in\``
    for (const end = this._messages + more; this._messages < end; this._messages = Math.min(this._messages + 1000, end))
      await this.server.publish(this._messages, Math.min(this._messages + 1000, end), keys)
  }

  /** From 0 to below 1, as the seed says. */
  random(): number {
    this._state = (Math.imul(this._state ^ (this._state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    return ((this._state ^ (this._state >>> 13)) >>> 0) / 2 ** 32
  }

  private async _until(what: string, fact: () => Promise<boolean>): Promise<void> {
    this._waitsFor = what
    while (!this._isClosed) {
      for (const { hasEnded, stderr } of this.workers) if (hasEnded) throw new Error(`a worker has ended: ${stderr}`)
      const began = performance.now()
      if (await fact().catch(() => false)) return // the server may be away
      await pause(Math.min(LONGEST, Math.max(LOOK, 4 * (performance.now() - began))))
    }
  }

  /** One more worker. */
  async begins(namespace?: string): Promise<WorkerProcess> {
    const { host, port } = this.server
    const { use, partitions, window, lease, hasIds, longest, fault } = this.options
    const dumps = this.options.seed % 2 === 1 // the other runs are those of users without dumps
    const atOnce = this.options.seed % 4 < 2 ? 16 : 64 // with so many places a queue has two calls under way
    const settings = { engine: this.engine.id, host, port, use, partitions, window, lease, hasIds, longest, fault, dumps, atOnce }
    this._waitsFor = 'a worker that begins'
    const worker = await WorkerProcess.begins('worker', settings, namespace)
    this.workers.push(worker)
    this._all.push(worker)
    return worker
  }

  /** Waits until this part of the messages that were there at first is settled. */
  reaches(part: number): Promise<void> {
    return this._until(
      `${part} of the messages to be settled`,
      async () => (await this.server.left()) <= (1 - part) * this.options.messages,
    )
  }

  /** Waits until each worker of a log has a partition, so that there is something to take over. Messages are left all the while. */
  async isShared(): Promise<void> {
    if (this.options.use === 'log')
      await this._until('a partition for each worker', async () => {
        await this._refills()
        return this.workers.every((worker) => worker.says(TAKES_OVER) > 0)
      })
    await this.isUnderWay()
  }

  /**
   * Waits until each of these workers begins work, and the first of them again just now; where most messages are done, more are published.
   * Thus a kill comes in mid-run, also where the machine is so busy that the looks at the server come late.
   */
  async isUnderWay(workers: readonly WorkerProcess[] = this.workers): Promise<void> {
    const before = workers.map((worker) => worker.says(WORKS))
    await this._until('work of each worker', async () => {
      await this._refills()
      return workers.every((worker, i) => worker.says(WORKS) > before[i]) && (await workers[0].saysWithin(NEXT, WORKS))
    })
  }

  private async _refills(): Promise<void> {
    const { messages } = this.options
    if ((await this.server.left()) < messages / 10) await this._publishes(messages / 4)
  }

  /** Ownerships of partitions under which messages came, beyond the first of each. */
  get takeovers(): number {
    const { use, partitions } = this.options
    return use === 'queue' ? 0 : this._all.reduce((sum, worker) => sum + worker.says(TAKES_OVER), 0) - partitions
  }

  /** Waits until a partition of a log was taken over, since there were so many takeovers: its next message shows it, so there is one. */
  async isTakenOver(before: number): Promise<void> {
    if (this.options.use === 'log')
      await this._until('a takeover', async () => {
        await this._refills()
        return this.takeovers > before
      })
  }

  async kills(worker: WorkerProcess): Promise<void> {
    this._forget(worker)
    await worker.kill()
  }

  async drains(worker: WorkerProcess): Promise<void> {
    this._waitsFor = 'a worker that is drained'
    this._forget(worker)
    await worker.drain()
  }

  private _forget(worker: WorkerProcess): void {
    this.workers.splice(this.workers.indexOf(worker), 1)
  }

  /** Kills the server, and starts it again at once or up to 300 ms later. */
  async restarts(): Promise<void> {
    this._waitsFor = 'the server to start again'
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
    await this._until('every message to be settled', async () => (await this.server.left()) === 0)
    for (const worker of [...this.workers]) await this.drains(worker)
    this._waitsFor = 'the messages of `out`'
    const alarm = this._all.find(({ stderr }) => stderr.includes('were not read'))
    if (alarm !== undefined) throw new Error(`a worker reports lost messages where none is: ${alarm.stderr}`)
    return this._tally()
  }

  private async _tally(): Promise<Tally> {
    const { keys } = this.options
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
      lost: this._messages - seen.size,
      outOfOrder,
      duplicates: out.filter((n) => n >= 0).length - seen.size,
      takeovers: this.takeovers,
    }
  }

  async close(): Promise<void> {
    this._isClosed = true
    for (const worker of this.workers) await worker.kill()
    await this.server.close()
  }
}
