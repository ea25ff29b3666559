// A tree of contexts: ten children of each of ten of each of ten …, five levels deep; then the root is cancelled.
const fan = 10
const levels = 5
const size = 10 + 100 + 1_000 + 10_000 + 100_000

export const workloads = [
  {
    name: 'context',
    title: 'a tree of 111,110 contexts made and cancelled, each',
    unit: 'ns',
    n: size,
    targets: [['ours', 'go', 0.45]],
    ours: {
      ours: ({ background, withCancel }) =>
        tree(
          () => withCancel(background),
          withCancel,
          (root) => root.cancel(),
          (ctx) => ctx.err()._tag === 'Some',
        ),
    },
    floors: {
      'linked tree': () =>
        tree(
          () => new Node(undefined),
          (parent) => new Node(parent),
          (root) => root.cancel(),
          (node) => node.done,
        ),
    },
    platform: {
      // A child that can be cancelled by itself and with its parent.
      'AbortSignal.any': () =>
        tree(
          () => derive([]),
          (parent) => derive([parent.signal]),
          (root) => root.controller.abort(),
          (child) => child.signal.aborted,
        ),
    },
    peers: {
      async 'rxjs Subscription'(peer) {
        const { Subscription } = await peer('rxjs')
        const child = (parent) => {
          const s = new Subscription()
          parent.add(s)
          return s
        }
        return tree(
          () => new Subscription(),
          child,
          (root) => root.unsubscribe(),
          (s) => s.closed,
        )
      },
      async 'effect fibers'(peer) {
        const { Effect, Fiber } = await peer('effect')
        const node = (depth) =>
          Effect.gen(function* () {
            if (depth > 0) for (let i = 0; i < fan; i++) yield* Effect.forkChild(node(depth - 1))
            yield* Effect.never
          })
        return async () => {
          const root = Effect.runFork(node(4))
          await new Promise((resolve) => setTimeout(resolve))
          await Effect.runPromise(Fiber.interrupt(root))
          return size / 10
        }
      },
      async effection(peer) {
        const { run, spawn, suspend } = await peer('effection')
        function* node(depth) {
          if (depth > 0) for (let i = 0; i < fan; i++) yield* spawn(() => node(depth - 1))
          yield* suspend()
        }
        return async () => {
          const root = run(() => node(3))
          await new Promise((resolve) => setTimeout(resolve))
          await root.halt()
          return size / 100
        }
      },
    },
  },
]

function tree(makeRoot, makeChild, cancel, isDone) {
  return () => {
    const root = makeRoot()
    let level = [root]
    for (let depth = 0; depth < levels; depth++) {
      const next = []
      for (const parent of level) for (let i = 0; i < fan; i++) next.push(makeChild(parent))
      level = next
    }
    cancel(root)
    if (!isDone(level[0]) || !isDone(level.at(-1))) throw new Error('not cancelled')
  }
}

function derive(signals) {
  const controller = new AbortController()
  return { controller, signal: AbortSignal.any([...signals, controller.signal]) }
}

/** The least that can be cancelled with its parent and unlink from it by itself. */
class Node {
  done = false
  first = undefined
  next = undefined
  previous = undefined
  constructor(parent) {
    this.parent = parent
    if (!parent) return
    this.next = parent.first
    if (this.next) this.next.previous = this
    parent.first = this
  }
  cancel() {
    this.done = true
    for (let child = this.first; child; child = child.next) child.cancel()
    this.first = undefined
  }
}
