/**
 * The strands of a run, and the strand of the code that runs: the goroutine under way, or the strand that `within` names,
 * or that of an async function, or the host.
 *
 * The host is the code that belongs to no strand: callbacks of timers that the engine does not know, operators. It comes
 * after all that has been, and what it wakes comes after that too. So it hides races and makes up none.
 */
import type { Observed } from '../../runtime/index.js'
import { queue } from '../../runtime/internal.js'
import { Clocks, HOST, type Snapshot } from './clocks.js'
import type { Places, Where } from './places.js'
import { Strand, type TaskInfo, type Used } from './strand.js'

// The host's own: a promise, or a watched microtask, would be code of the program.
const { queueMicrotask } = globalThis

const hostTask: TaskInfo = { name: 'the host', isGoroutine: false, by: null, start: null }

/** What a waiter that is no goroutine goes on from. */
class Mark {
  /** What its grant comes after. */
  readonly joins: Snapshot[] = []

  constructor(
    readonly point: Snapshot,
    readonly task: TaskInfo,
    readonly held: readonly Used[],
  ) {}
}

interface Parent {
  readonly parent?: object | null
}

export class Strands {
  readonly clocks = new Clocks()
  /** Strands with candidates that are not judged yet. */
  readonly live = new Set<Strand>()
  /** The strand of an async function, kept by the hooks of promises. */
  async: Strand | null = null
  /** Counts the turns of others: the host goes on after them. */
  turn = 0
  private readonly _ofGoroutine = new WeakMap<object, Strand>()
  private readonly _marks = new WeakMap<object, Mark>()
  private _lastGoroutine: unknown = null
  private _lastStrand: Strand | null = null
  private readonly _within: { readonly strand: Strand; readonly isParking: boolean }[] = []
  private _top: Strand | null = null
  private _host: Strand | null = null
  private _hostTurn = -1
  private _expires = false

  constructor(
    private readonly _places: Places,
    private readonly _judge: (strand: Strand) => void,
    private readonly _startOf: (goroutine: Observed) => Where,
    private readonly _waitOf: () => Where,
  ) {}

  /** The strand of the code that runs. */
  current(): Strand {
    if (this._top !== null) return this._top
    const { running } = queue
    if (running === null) return (queue.isDraining ? null : this.async) ?? this.host()
    if (running === this._lastGoroutine) return this._lastStrand as Strand // set together
    return this._find(running as Observed) // the queue runs goroutines only
  }

  /** The same, in a section. */
  acting(): Strand {
    const strand = this.current()
    if (strand.isOver) strand.begin()
    return strand
  }

  private _find(goroutine: Observed): Strand {
    const strand = this._ofGoroutine.get(goroutine) ?? this.spawn(goroutine, this.async ?? this.host(), 0)
    this._lastGoroutine = goroutine
    this._lastStrand = strand
    return strand
  }

  /** The strand of a goroutine; null for one from before the run. */
  of(goroutine: object): Strand | null {
    return this._ofGoroutine.get(goroutine) ?? null
  }

  /** Whether a strand is the host, between two of its sections. */
  isHostAtRest(strand: Strand): boolean {
    return strand === this._host && strand.isOver
  }

  host(): Strand {
    if (this._host !== null && this._hostTurn === this.turn) return this._host
    const host = (this._host ??= new Strand(this.clocks, { chain: HOST, clock: 0, vc: [] }, hostTask, true))
    this.borderOf(host)
    host.join({ chain: HOST, clock: 0, vc: this.clocks.heads.map((clock, chain) => (chain === HOST ? 0 : clock)) })
    this._hostTurn = this.turn
    this._expireSoon()
    return host
  }

  /** Code of the host of a later microtask is another section. */
  private _expireSoon(): void {
    if (this._expires) return
    this._expires = true
    queueMicrotask(() => {
      this._expires = false
      this.turn++
    })
  }

  spawn(goroutine: Observed, by: Strand, order: number): Strand {
    const task = { name: `${goroutine.name}#${goroutine.id}`, isGoroutine: true, by: by.task.name, start: this._startOf(goroutine) }
    const strand = new Strand(this.clocks, by.snapshot(), task)
    strand.startedBy = by
    strand.startSection = by.section
    strand.startOrder = order
    this._ofGoroutine.set(goroutine, strand)
    this.turn++
    return strand
  }

  border(): void {
    const strand = this.current()
    if (strand.cells !== null) strand.cells.wait = this._waitOf()
    this.borderOf(strand)
    this.turn++
  }

  borderOf(strand: Strand): void {
    strand.isOver = true
    this._places.forget()
    if (strand.pending !== null) this._judge(strand)
  }

  /** Others continue: a section of the host is over. */
  suspends(goroutine: object): void {
    const strand = this.of(goroutine)
    if (strand !== null) this.leaves(goroutine, strand)
    this.turn++
  }

  /** A section of a goroutine is over, and another goroutine may follow: this one is not kept. */
  leaves(goroutine: object, strand: Strand): void {
    this.borderOf(strand)
    if (goroutine === this._lastGoroutine) this._lastGoroutine = this._lastStrand = null
  }

  parks(waiter: object): void {
    const strand = this.current()
    this._marks.set(waiter, new Mark(strand.snapshot(), strand.task, strand.held))
  }

  /** A mark of the code that runs. Where a goroutine parks, its section is over. */
  mark(): object {
    const isParking = this._within.at(-1)?.isParking === true
    const strand = isParking ? this.current() : this.acting()
    const mark = {}
    this._marks.set(mark, new Mark(strand.snapshot(), strand.task, strand.held))
    return mark
  }

  within(whose: object, f: () => void): void {
    const goroutine = this.of(whose)
    const mark = goroutine === null ? this._marks.get(whose) : undefined
    const strand = goroutine ?? (mark === undefined ? this.current() : this._continued(mark))
    const before = this._top
    this._within.push({ strand, isParking: goroutine !== null })
    this._top = strand
    this.turn++
    try {
      f()
    } finally {
      this._within.pop()
      this._top = before
      if (mark !== undefined) this._leave(strand, mark)
    }
  }

  private _continued(mark: Mark): Strand {
    const strand = new Strand(this.clocks, mark.point, mark.task)
    strand.held = mark.held
    for (const point of mark.joins) strand.join(point)
    return strand
  }

  private _leave(strand: Strand, mark: Mark): void {
    this.borderOf(strand)
    if (strand.chain !== mark.point.chain) this.clocks.free(strand.chain)
    this.turn++
  }

  /** The code that runs grants a waiter its operation. */
  wake(waiter: object): void {
    const by = this._top ?? this.acting()
    if (by.isRelayed) by.join(this.host().snapshot())
    const goroutine = this.of(waiter)
    if (goroutine !== null) goroutine.join(by.snapshot())
    else this._marks.get(waiter)?.joins.push(by.snapshot())
  }

  /** The point of a parked waiter; that of the host where the engine does not know it. */
  pointOf(waiter: object): Snapshot {
    const root = rootOf(waiter)
    return this.of(root)?.snapshot() ?? this._marks.get(root)?.point ?? this.host().snapshot()
  }

  /** A parked waiter, or a goroutine that has not started, comes after the point. */
  joinTo(waiter: object, point: Snapshot): void {
    const root = rootOf(waiter)
    const strand = this.of(root)
    if (strand !== null) strand.join(point)
    else this._marks.get(root)?.joins.push(point)
  }
}

/** A case of a select waits in the name of its parent. */
export function rootOf(waiter: object): object {
  const { parent } = waiter as Parent // only a case has a parent
  return typeof parent === 'object' && parent !== null ? rootOf(parent) : waiter
}
