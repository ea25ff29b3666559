/** Work that is shared by its callers: at most one run at a time, the same result for all, and no run without a caller. */
import type { Context } from 'millrace'
import { performJob } from './ways.js'
import { Bodies, Boom, type MakeInstrument, type Steps, type World } from './world.js'

/** Runs once, whatever becomes of its callers; then it has its outcome for ever. */
export const once: MakeInstrument = (w) => {
  const bodies = new Bodies(w)
  const boom = w.boom(true)
  const body = () => bodies.body(7, boom)
  const kind = w.choose(3)
  const one = w.lib.once()
  const func = w.lib.onceFunc(body)
  const value = w.lib.onceValue(body)
  let isAsked = false
  return {
    *use() {
      const job = kind === 0 ? one.do(body) : kind === 1 ? func() : value()
      const result = yield* performJob(w, w.choose(2) === 0 ? job : job.map((v) => v), () => (isAsked ||= bodies.started > 0))
      w.check(boom === null, 'once: a failure is a result')
      if (kind === 2) w.check(result === 7, `once: the value is ${String(result)}`)
      w.check(bodies.running === 0, 'once: a caller goes on while the function runs')
    },
    *atRest() {
      while (bodies.running > 0) yield* w.lib.sleep(1)
      w.check(bodies.started <= 1, `once: ${bodies.started} runs`)
      if (bodies.started === 0 || boom === null || !boom.isThrown) return
      const end = yield* (kind === 0 ? one.do(body) : kind === 1 ? func() : value()).attempt()
      w.check(end._tag === 'Left' && end.left === boom, 'once: a later caller does not get the failure')
      w.see(boom)
    },
  }
}

/** The runs of one key, and the performances that wait for them. */
class Runs {
  callers = 0
  most = 1
  readonly contexts = new Set<Context>()
  readonly bodies: Bodies
  runs = 0

  constructor(
    private readonly w: World,
    private readonly of: string,
  ) {
    this.bodies = new Bodies(w)
  }

  /** A run whose context has ended is being unwound, and another may begin. */
  *run(ctx: Context, boom: Boom | null): Steps<number> {
    const { w, contexts } = this
    const run = ++this.runs
    contexts.add(ctx)
    try {
      const alive = [...contexts].filter((one) => one.err()._tag === 'None')
      w.check(alive.length <= this.most, `${this.of}: ${alive.length} runs at once`)
      return yield* this.bodies.body(run, boom)
    } finally {
      contexts.delete(ctx)
    }
  }
  /** A caller has left: without callers no run is left. */
  left = (): void => {
    this.callers--
    this.w.check(this.callers > 0 || this.bodies.running === 0, `${this.of}: all callers have left, and ${this.bodies.running} runs go on`)
  }
}

export const singleflight: MakeInstrument = (w) => {
  const flights = w.lib.singleflight<number, number>()
  const keys = [new Runs(w, 'singleflight 0'), new Runs(w, 'singleflight 1')]
  return {
    *use() {
      const key = w.choose(2)
      const runs = keys[key]
      const boom = w.boom(true)
      const before = runs.runs
      runs.callers++
      const { value } = yield* performJob(w, flights.do(key, (ctx) => runs.run(ctx, boom)), runs.left) // prettier-ignore
      w.check(value <= runs.runs && value >= Math.min(before, 1), `singleflight: ${value} is the result of no run`)
    },
  }
}

export const loadOrCompute: MakeInstrument = (w) => {
  const map = w.lib.syncMap<number, number>()
  const keys = [new Runs(w, 'loadOrCompute 0'), new Runs(w, 'loadOrCompute 1')]
  const deletes = w.choose(3) === 2
  return {
    *use() {
      const key = w.choose(2)
      const runs = keys[key]
      if (deletes && w.choose(3) === 2) {
        map.delete(key)
        runs.most++ // a run under way is stale, and another may begin
        return
      }
      const boom = w.boom(true)
      runs.callers++
      const value = yield* performJob(w, map.loadOrCompute(key, (_, ctx) => runs.run(ctx, boom)), runs.left) // prettier-ignore
      w.check(value >= 1 && value <= runs.runs, `loadOrCompute: ${value} is the result of no run`)
      const stored = map.load(key)
      if (!deletes) w.check(stored._tag === 'Some' && stored.value === value, 'loadOrCompute: the result is not stored')
    },
  }
}
