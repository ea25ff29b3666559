/**
 * Reading of partitions: those that have places are asked for together, with one request for each broker that leads them.
 *
 * Always true: a partition is part of one request at a time; a request that waits at the broker holds no other up, because the next one
 * has another connection, of two. A partition that comes while both wait is read after `wait` ms at most.
 */
import { fetchV17, NetworkError, type ConnectionPool } from '@platformatic/kafka'
import { after, fromPromise, go, select, sleep, type Goroutine } from '../../runtime/index.js'
import { queue, time, type Runnable } from '../../runtime/internal.js'
import { answerIn, isAway, translated } from './client.js'
import type { Cluster, Topic } from './cluster.js'
import { KafkaAwayError } from './errors.js'

export type Fetched = fetchV17.FetchResponsePartition
type Answer = fetchV17.FetchResponse

/** A partition that has places. */
export interface Reading {
  readonly partition: number
  readonly position: number
  fetched(answer: Fetched): void
}

export interface FetcherParts {
  readonly cluster: Cluster
  readonly topic: string
  /** ms that a request waits at the broker for a message. */
  readonly wait: number
  /** The most bytes of a partition in one answer. */
  readonly bytes: number
  readonly fail: (cause: unknown) => void
}

/** Requests to one broker at a time, each with a connection. */
const LINES = 2
/** ms that an answer may take, beyond those that it waits. */
const ANSWER = 10_000
const PAUSE = 100
const READ_COMMITTED = 1

export const OUT_OF_RANGE = 1
export const NOT_ALLOWED = 29
/** Errors that the partition itself must know. */
const FOR_READER: readonly number[] = [0, OUT_OF_RANGE, NOT_ALLOWED]

export class Fetcher implements Runnable {
  private _hungry: Reading[] = []
  private readonly _pools: (ConnectionPool | null)[]
  /** `<node>/<line>` of the requests under way. */
  private readonly _busy = new Set<string>()
  private readonly _running = new Set<Goroutine<void>>()
  private _isQueued = false
  private _isClosed = false
  private _awaySince: number | null = null

  constructor(private readonly _parts: FetcherParts) {
    this._pools = Array.from({ length: LINES }, () => null)
  }

  readonly scope = null

  /** Reads on; the answer comes through `fetched`. */
  want(reading: Reading): void {
    this._hungry.push(reading)
    this._look()
  }

  private _look(): void {
    if (this._isQueued || this._isClosed) return
    this._isQueued = true
    queue.push(this)
  }

  run(): void {
    this._isQueued = false
    if (this._isClosed || this._hungry.length === 0) return
    const running = go(() => this._launch())
    this._running.add(running)
    const over = (): void => void this._running.delete(running)
    go(function* watch() {
      yield* running.join().attempt()
      over()
    })
  }

  private *_launch(): Generator<never, void> {
    const { cluster, topic } = this._parts
    let is: Topic
    try {
      is = yield* cluster.asked(() => cluster.topic(topic))
    } catch (cause) {
      return this._parts.fail(cause)
    }
    const hungry = this._hungry
    const leader = hungry.map(({ partition }) => is.leaders[partition]).find((node) => this._lineTo(node) !== null)
    const line = leader === undefined ? null : this._lineTo(leader)
    if (leader === undefined || line === null) return // the next answer looks again
    const mine = hungry.filter(({ partition }) => is.leaders[partition] === leader)
    this._hungry = hungry.filter(({ partition }) => is.leaders[partition] !== leader)
    this._look() // for the other leaders
    const name = `${leader}/${line}`
    this._busy.add(name)
    yield* this._fetch(leader, line, is.id, mine)
    this._busy.delete(name)
    this._look()
  }

  private _lineTo(node: number): number | null {
    for (let line = 0; line < LINES; line++) if (!this._busy.has(`${node}/${line}`)) return line
    return null
  }

  private *_fetch(node: number, line: number, topicId: string, readings: readonly Reading[]): Generator<never, void> {
    const { wait } = this._parts
    const { case: which, value } = yield* select({
      answer: fromPromise(this._request(node, line, topicId, readings)).attempt(),
      late: after(wait + ANSWER),
    })
    if (which === 'late') return yield* this._failed(new NetworkError('no answer'), line, readings)
    const answer = value._tag === 'Right' ? value.right : answerIn<Answer>(value.left) // the error of one partition is that of the answer
    const rest = answer === null || answer.errorCode !== 0 ? readings : this._answered(answer, readings)
    if (rest.length > 0) yield* this._failed(value._tag === 'Left' ? value.left : new NetworkError('no answer'), line, rest)
  }

  private async _request(node: number, line: number, topicId: string, readings: readonly Reading[]): Promise<Answer> {
    const { cluster, wait, bytes } = this._parts
    const pool = (this._pools[line] ??= cluster.newPool())
    const connection = await cluster.connectionOf(pool, node)
    const partitions = readings.map(({ partition, position }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(position),
      lastFetchedEpoch: -1,
      partitionMaxBytes: bytes,
    }))
    const most = Math.max(bytes, 32 << 20)
    return await fetchV17.api.async(connection, wait, 1, most, READ_COMMITTED, 0, -1, [{ topicId, partitions }], [], '')
  }

  /** Returns the partitions that have no answer: another broker leads them. */
  private _answered({ responses }: Answer, readings: readonly Reading[]): readonly Reading[] {
    const answers = new Map(responses.flatMap(({ partitions }) => partitions).map((each) => [each.partitionIndex, each]))
    return readings.filter((reading) => {
      const answer = answers.get(reading.partition)
      if (answer === undefined || !FOR_READER.includes(answer.errorCode)) return true
      this._awaySince = null
      reading.fetched(answer)
      return false
    })
  }

  /** The broker is away, or leads the partitions no more. */
  private *_failed(error: unknown, line: number, readings: readonly Reading[]): Generator<never, void> {
    const { cluster, fail } = this._parts
    if (this._isClosed) return
    if (answerIn<Answer>(error) === null && !isAway(error)) return fail(translated(cluster.where, error))
    this._awaySince ??= time.timers.now()
    if (time.timers.now() - this._awaySince > cluster.patience) return fail(new KafkaAwayError(cluster.where, cluster.patience, error))
    cluster.forget()
    void this._pools[line]?.close().catch(nothing)
    this._pools[line] = null
    yield* sleep(PAUSE)
    for (const reading of readings) this.want(reading)
  }

  /** Requests that wait are given up. */
  async close(): Promise<void> {
    this._isClosed = true
    for (const running of [...this._running]) running.cancel()
    await Promise.all(this._pools.map(async (pool) => pool?.close().catch(nothing)))
  }
}

const nothing = (): void => undefined
