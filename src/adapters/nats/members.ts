/**
 * The members of a group: the sources that share the partitions of a log. Each tells its wants with every beat, on a
 * plain subject, and hears the others; so each knows the owner-to-be of every partition.
 *
 * Always true: who is to own a partition is a function of the members alone, the same for all that know the same members;
 * the server decides who owns. A member that is silent for `lease` is none.
 */
import type { Msg, Subscription } from '@nats-io/nats-core'
import { QueuedTimer, time } from '../../runtime/internal.js'
import type { Connection } from './connection.js'

interface Word {
  readonly member: string
  /** The partitions that the member wants to own; none: the member leaves. */
  readonly wants: readonly number[]
  /** The member is new, and wants to hear of the others. */
  readonly isNew?: boolean
}

export interface MemberParts {
  readonly link: Connection
  readonly subject: string
  readonly member: string
  readonly beat: number
  readonly lease: number
  /** The members, or their wants, have changed. */
  changed(): void
}

export class Members {
  private readonly _others = new Map<string, { wants: readonly number[]; heard: number }>()
  private readonly _wants = new Set<number>()
  private _sub: Subscription | null = null
  private _since = 0
  private readonly _beats = new QueuedTimer(null, () => this._beat())

  constructor(private readonly _parts: MemberParts) {}

  /** This member wants to own the partition. */
  join(partition: number): void {
    if (this._wants.has(partition)) return
    this._wants.add(partition)
    if (this._sub !== null) return this._say(false)
    const { link, subject } = this._parts
    this._since = time.timers.now()
    this._sub = link.nc.subscribe(subject, {
      callback: (error, message) => {
        const word = error === null ? wordIn(message) : null
        if (word !== null) this._heard(word)
      },
    })
    this._say(true)
    this._beats.start(this._parts.beat)
  }

  leave(partition: number): void {
    if (!this._wants.delete(partition)) return
    this._say(false)
    if (this._wants.size > 0) return
    this._beats.stop()
    this._sub?.unsubscribe()
    this._sub = null
    this._others.clear()
  }

  /** A member has had time to hear of the others. */
  get isSettled(): boolean {
    return time.timers.now() - this._since >= this._parts.beat / 2
  }

  /** Whether this member is to own the partition: partitions are dealt in turn to those that want them. */
  owns(partition: number): boolean {
    const { member } = this._parts
    const wanting = [...this._others].filter(([, { wants }]) => wants.includes(partition)).map(([name]) => name)
    if (this._wants.has(partition)) wanting.push(member)
    wanting.sort()
    return wanting.length === 0 || wanting[partition % wanting.length] === member
  }

  private _say(isNew: boolean): void {
    const { link, subject, member } = this._parts
    if (!link.isUp) return
    const word: Word = { member, wants: [...this._wants], ...(isNew && { isNew }) }
    link.nc.publish(subject, JSON.stringify(word))
  }

  private _heard({ member, wants, isNew = false }: Word): void {
    const { member: own } = this._parts
    if (member === own) return
    const known = this._others.get(member)
    if (wants.length === 0) this._others.delete(member)
    else this._others.set(member, { wants, heard: time.timers.now() })
    if (isNew) this._say(false)
    if (String(known?.wants ?? []) !== String(wants)) this._parts.changed()
  }

  private _beat(): void {
    const { beat, lease } = this._parts
    this._beats.start(beat)
    this._say(false)
    const late = time.timers.now() - lease
    for (const [member, { heard }] of this._others) if (heard < late) this._others.delete(member)
    this._parts.changed()
  }
}

/** The word of a member; null for a message of other code: the subject is open to all clients of the account. */
function wordIn(message: Msg): Word | null {
  try {
    const { member, wants, isNew } = message.json<Partial<Word>>() // checked below
    if (typeof member !== 'string' || !Array.isArray(wants) || !wants.every(Number.isInteger)) return null
    return { member, wants, isNew: isNew === true }
  } catch {
    return null // no JSON, or null
  }
}
