/** An engine as the kill matrix sees it: a server of its own, which may be killed, with `in` and `out`. */
import type { ServerPlace } from '../server-process.js'
import type { WorkerSettings } from './settings.js'

export interface KillBroker {
  readonly host: string
  readonly port: number
  /** As kill -9: no clean end. */
  kill(): Promise<void>
  /** Starts the server again, on the same port and files. */
  start(): Promise<void>
  /** Stores the messages of `in` from `first` on, before `end`: the number as the value, and as the key the number modulo `keys`. */
  publish(first: number, end: number, keys: number): Promise<void>
  /** The number of messages in `out`, those that are repeated and probes included. */
  count(): Promise<number>
  /** The number of messages in `in` that are not settled. */
  left(): Promise<number>
  /** The values of `out`, in their order. */
  values(): Promise<readonly number[]>
  /** Whether the server stores a message: a probe of -1 in `out`, which no tally counts. */
  stores(): Promise<boolean>
  close(): Promise<void>
}

export type KillSizes = Pick<WorkerSettings, 'use' | 'partitions' | 'window' | 'lease'>

export interface KillEngine {
  readonly name: string
  readonly id: WorkerSettings['engine']
  readonly uses: readonly WorkerSettings['use'][]
  /** Whether the server stores messages with the same id once. */
  readonly hasIds: boolean
  /** The publishes of one worker that may be repeated where their answer is lost. */
  readonly unconfirmed: number
  /** The points of each row without `KILLS`: few where the server takes long to start. */
  readonly points: number
  /** The MiB of a disk that is filled in mid-run. */
  readonly disk: number
  /** Starts a server with `in` and `out`. */
  open(sizes: KillSizes, place: ServerPlace): Promise<KillBroker>
}

/** The seeds of the points of each row: `KILLS` of them, from `FIRST` on. */
export function seedsOf({ points }: KillEngine): readonly number[] {
  const first = Number(process.env.FIRST ?? 1)
  return Array.from({ length: Number(process.env.KILLS ?? points) }, (_, i) => first + i)
}
