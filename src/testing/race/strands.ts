/**
 * The strands of a run, and the strand of the code that runs: the goroutine under way, or the strand that `within` names,
 * or that of an async function, or the host.
 *
 * The host is the code that belongs to no strand: callbacks of timers that the engine does not know, operators. It comes
 * after all that has been, and what it wakes comes after that too. So it hides races and makes up none.
 */
import type { Observed } from '../../runtime/index.js'
import { queue } from '../../runtime/internal.js'
import type { Reporting } from './accesses.js'
import { Clocks, HOST, type Snapshot } from './clocks.js'
import type { Microtasks } from './microtasks.js'
import type { Places } from './places.js'
import { Strand, type TaskInfo, type Used } from './strand.js'

const hostTask: TaskInfo = { name: 'the host', isGoroutine: false, by: null, start: null }

/** What a waiter that is no goroutine goes on from. */
export class Mark {
  /** What its grant comes after. */
  readonly joins: Snapshot[] = []

  constructor(
    readonly point: Snapshot,
    readonly task: TaskInfo,
    readonly held: readonly Used[],
  ) {}

  snapshot(): Snapshot {
    return this.point
  }

  join(point: Snapshot): void {
    this.joins.push(point)
  }
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
  /** Of goroutines the strand, of marks and of waiters that are no goroutines the mark. */
  private readonly _known = new WeakMap<object, Strand | Mark>()
  private _lastGoroutine: unknown = null
  private _lastStrand: Strand | null = null
  /** The strand that the innermost `within` names, and whether a goroutine parks there. */
  private _top: Strand | null = null
  private _isParking = false
  private _host: Strand | null = null
  private _hostTurn = -1
  private _hostMicrotask = -1

  constructor(
    private readonly _places: Places,
    private readonly _microtasks: Microtasks,
    private readonly _judge: (strand: Strand) => void,
    private readonly _to: Reporting,
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
    const strand = this.of(goroutine) ?? this.spawn(goroutine, this.async ?? this.host(), 0)
    this._lastGoroutine = goroutine
    this._lastStrand = strand
    return strand
  }

  /** The strand of a goroutine; null for one from before the run. */
  of(goroutine: object): Strand | null {
    const known = this._known.get(goroutine)
    return known instanceof Strand ? known : null
  }

  /** Whether a strand is the host, between two of its sections. */
  isHostAtRest(strand: Strand): boolean {
    return strand === this._host && strand.isOver
  }

  host(): Strand {
    if (this._host !== null && this._hostTurn === this.turn && this._hostMicrotask === this._microtasks.now) return this._host
    const host = (this._host ??= new Strand(this.clocks, { chain: HOST, clock: 0, vc: [] }, hostTask, true))
    this.borderOf(host)
    host.join({ chain: HOST, clock: 0, vc: this.clocks.heads.map((clock, chain) => (chain === HOST ? 0 : clock)) })
    this._hostTurn = this.turn
    this._hostMicrotask = this._microtasks.count() // code of the host of a later one is another section
    return host
  }

  spawn(goroutine: Observed, by: Strand, order: number): Strand {
    const task = { name: `${goroutine.name}#${goroutine.id}`, isGoroutine: true, by: by.task.name, start: this._to.startOf(goroutine) }
    const strand = new Strand(this.clocks, by.snapshot(), task)
    strand.startedBy = by
    strand.startSection = by.section
    strand.startOrder = order
    this._known.set(goroutine, strand)
    this.turn++
    return strand
  }

  border(): void {
    const strand = this.current()
    if (strand.cells !== null) strand.cells.wait = this._to.stack()
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
    this._known.set(waiter, new Mark(strand.snapshot(), strand.task, strand.held))
  }

  /** A mark of the code that runs. Where a goroutine parks, its section is over. */
  mark(): object {
    const strand = this._isParking ? this.current() : this.acting()
    const mark = {}
    this._known.set(mark, new Mark(strand.snapshot(), strand.task, strand.held))
    return mark
  }

  within(whose: object, f: () => void): void {
    const known = this._known.get(whose)
    const strand = known instanceof Mark ? this._continued(known) : (known ?? this.current())
    const { _top: top, _isParking: isParking } = this
    this._top = strand
    this._isParking = known instanceof Strand
    this.turn++
    try {
      f()
    } finally {
      this._top = top
      this._isParking = isParking
      if (known instanceof Mark) this._leave(strand, known)
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
    this._known.get(waiter)?.join(by.snapshot())
  }

  /** What a parked waiter goes on from; null where the engine does not know it. */
  waiting(waiter: object): Strand | Mark | null {
    return this._known.get(rootOf(waiter)) ?? null
  }

  /** The point of a parked waiter; that of the host where the engine does not know it. */
  pointOf(waiter: object): Snapshot {
    return this.waiting(waiter)?.snapshot() ?? this.host().snapshot()
  }

  /** A parked waiter, or a goroutine that has not started, comes after the point. */
  joinTo(waiter: object, point: Snapshot): void {
    this.waiting(waiter)?.join(point)
  }
}

/** A case of a select waits in the name of its parent. */
export function rootOf(waiter: object): object {
  const { parent } = waiter as Parent // only a case has a parent
  return typeof parent === 'object' && parent !== null ? rootOf(parent) : waiter
}
