/** An errgroup is the scope of its goroutines: none outlives its `wait`. */
import { describe, expect, it } from 'vitest'
import { background, errgroup, go, gosched, numGoroutine, select, sleep, withCancel, type CancelContext } from 'millrace'
import { performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

/** Parks until it is unwound, and logs the unwinding. */
function* child(log: string[], name: string) {
  try {
    yield* select({})
  } finally {
    log.push(`${name} unwound`)
  }
}

describe('errgroup as a scope', () => {
  it("SC-001 answers its body's value after its children", async () => {
    using clock = virtualTime()
    const log: string[] = []
    const scope = go(function* () {
      const group = errgroup(background)
      const sibling = go(function* () {
        yield* sleep(10)
        return 55
      })
      group.go(function* () {
        yield* sleep(20)
        log.push('child done')
      })
      const sum = 12 + (yield* sibling.join())
      yield* group.wait()
      return sum
    })
    const result = performed(scope.join())
    await clock.advance(19)
    expect(result.now).toEqual(waiting)
    await clock.advance(1)
    await settle()
    expect(result.now).toEqual({ is: 'done', value: 67 })
    expect(log).toEqual(['child done'])
  })

  it('SC-002 canceling a parent cancels its children, and theirs', async () => {
    const before = numGoroutine()
    const log: string[] = []
    using parent = withCancel(background)
    const outer = errgroup(parent)
    outer.go(() => child(log, 'child'))
    outer.go(function* (ctx) {
      const inner = errgroup(ctx)
      inner.go(() => child(log, 'grandchild'))
      yield* inner.wait()
    })
    const wait = performed(outer.wait())
    await settle()
    parent.cancel()
    await settle()
    expect(log.sort()).toEqual(['child unwound', 'grandchild unwound'])
    expect(wait.now).toMatchObject({ is: 'thrown', cause: { name: 'CanceledError' } })
    expect(numGoroutine()).toBe(before)
  })

  it("SC-004 a parent's failure cancels the children and is reported itself", async () => {
    const log: string[] = []
    const group = errgroup(background)
    group.go(function* parent() {
      group.go(() => child(log, 'child'))
      yield* gosched()
      yield* gosched()
      throw boom
    })
    const wait = performed(group.wait())
    await settle()
    expect(log).toEqual(['child unwound'])
    expect(wait.now).toEqual(thrown(boom))
  })

  it("SC-005 a child's failure cancels the suspended parent and its siblings", async () => {
    const log: string[] = []
    const group = errgroup(background)
    group.go(function* parent() {
      group.go(() => child(log, 'sibling'))
      group.go(function* () {
        yield* gosched()
        throw boom
      })
      yield* child(log, 'parent')
    })
    const wait = performed(group.wait())
    await settle()
    expect(log.sort()).toEqual(['parent unwound', 'sibling unwound'])
    expect(wait.now).toEqual(thrown(boom))
  })

  it('SC-008 cleanup that waits is finished before the end is reported', async () => {
    using clock = virtualTime()
    using ctx = withCancel(background)
    const group = errgroup(ctx)
    const log: string[] = []
    group.go(function* () {
      try {
        yield* select({})
      } finally {
        yield* sleep(50)
        log.push('cleaned up')
      }
    })
    group.go(function* () {
      yield* sleep(20) // ends during the cleanup of the other
    })
    const wait = performed(group.wait())
    await clock.advance(10)
    ctx.cancel()
    await clock.advance(49)
    expect(wait.now).toEqual(waiting)
    await clock.advance(1)
    await settle()
    expect(log).toEqual(['cleaned up'])
    expect(wait.now.is).toBe('thrown')
  })

  it.each(['itself', 'a child, between two of its steps'])('SC-009 a task can be ended by %s', async (by) => {
    const log: string[] = []
    const group = errgroup(background)
    group.go(function* (outer) {
      using mine: CancelContext = withCancel(outer)
      const inner = errgroup(mine)
      if (by === 'itself') inner.go(() => child(log, 'child'))
      else
        inner.go(function* () {
          yield* gosched()
          mine.cancel()
          yield* child(log, 'child')
        })
      yield* gosched()
      if (by === 'itself') mine.cancel()
      const outcome = yield* inner.wait().attempt()
      log.push(outcome._tag)
    })
    await group.wait()
    expect(log).toEqual(['child unwound', 'Left'])
  })
})
