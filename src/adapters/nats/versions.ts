/** The first versions of nats-server with what the adapter needs: the one place that knows them. */
import type { NatsConnection } from '@nats-io/nats-core'
import { NatsVersionError } from './errors.js'

const NEEDS = {
  queue: { name: 'queues', since: '2.9.0', why: 'a queue' },
  stages: { name: 'stages elsewhere', since: '2.9.0', why: 'a stage elsewhere' },
  once: { name: 'stores of once', since: '2.11.0', why: 'a store of once' }, // messages with a time to live
  log: { name: 'logs', since: '2.14.0', why: 'a log, whose partitions have one owner each,' }, // pinned consumers that can be reset
} as const

/** Throws NatsVersionError where the server lacks what is needed. */
export function checkVersion({ info }: NatsConnection, where: string, use: keyof typeof NEEDS): void {
  if (info === undefined) return // no server is there now
  const { since, why } = NEEDS[use]
  if (isBefore(info.version, since)) throw new NatsVersionError(where, info.version, since, why)
}

/** What a server of this version has. */
export function featuresOf(version: string): readonly { readonly name: string; readonly needs: string; readonly isThere: boolean }[] {
  return Object.values(NEEDS).map(({ name, since }) => ({ name, needs: `nats-server ${since}`, isThere: !isBefore(version, since) }))
}

function isBefore(version: string, needed: string): boolean {
  const [a, b] = [version, needed].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  const at = b.findIndex((n, i) => n !== (a[i] || 0)) // `2.14.0-RC.1` counts as 2.14.0
  return at >= 0 && (a[at] || 0) < b[at]
}
