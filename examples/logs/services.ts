/**
 * What the entries are enriched with: the country of a network, and what is known of a client. Stand-ins for services that take their time,
 * each with a memory in front, so that most answers are there at once.
 */
import { setTimeout } from 'node:timers/promises'
import { owned, type Entry } from './entry.js'

/** Networks that are remembered; the one that was asked for first is forgotten first. */
const MOST_NETWORKS = 20_000
/** Minutes without a request after which the next one starts a new visit. */
const VISIT = 30

const COUNTRIES = ['AR', 'BR', 'CA', 'CN', 'DE', 'EG', 'FR', 'GB', 'IN', 'IT', 'JP', 'KE', 'MX', 'NG', 'PL', 'US']

export class Networks {
  private readonly _countries = new Map<string, string>()

  /** ms that an answer takes which is not remembered. */
  constructor(private readonly _latency: number) {}

  /** Fills in the country. */
  locate(entry: Entry): Entry | Promise<Entry> {
    const network = entry.client.slice(0, entry.client.indexOf('.', entry.client.indexOf('.') + 1))
    const country = this._countries.get(network)
    if (country === undefined) return this._ask(entry, owned(network))
    entry.country = country
    return entry
  }

  private async _ask(entry: Entry, network: string): Promise<Entry> {
    await setTimeout(this._latency)
    const [a, b] = network.split('.').map(Number)
    entry.country = COUNTRIES[(a * 7 + b) % COUNTRIES.length] ?? '??'
    this._countries.set(network, entry.country)
    if (this._countries.size > MOST_NETWORKS) for (const first of this._countries.keys()) return (this._countries.delete(first), entry)
    return entry
  }
}

/**
 * Each client's last request. The entries of one client have to come one after the other, in order: between the look and the note is a wait.
 * Clients that have been away for longer than a visit are forgotten, so it holds no more of them than there are in half an hour.
 */
export class Clients {
  /** In order of the last request. */
  private readonly _lastSeen = new Map<string, number>()

  /** ms that an answer takes which is not remembered. */
  constructor(private readonly _latency: number) {}

  /** Fills in whether this request starts a visit. */
  visit(entry: Entry): Entry | Promise<Entry> {
    const seen = this._lastSeen.get(entry.client)
    if (seen === undefined) return this._load(entry)
    entry.startsVisit = entry.minute - seen > VISIT
    this._note(entry.client, entry.minute)
    return entry
  }

  private async _load(entry: Entry): Promise<Entry> {
    await setTimeout(this._latency)
    entry.startsVisit = true
    this._note(owned(entry.client), entry.minute)
    return entry
  }

  private _note(client: string, minute: number): void {
    this._lastSeen.delete(client)
    this._lastSeen.set(client, minute)
    for (const [other, seen] of this._lastSeen) {
      if (minute - seen <= VISIT) break
      this._lastSeen.delete(other)
    }
  }
}
