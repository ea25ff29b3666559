import { expect, it } from 'vitest'
import { background, chan, errgroup, go, numGoroutine, range, withCancel, type Receiver, type Sender } from 'millrace'
import { Random } from '../../src/runtime/base/random.js'
import { settle } from '../support/settle.js'

interface Tree {
  readonly left: Tree | null
  readonly value: number
  readonly right: Tree | null
}

const insert = (tree: Tree | null, value: number): Tree => {
  if (tree === null) return { left: null, value, right: null }
  return value < tree.value ? { ...tree, left: insert(tree.left, value) } : { ...tree, right: insert(tree.right, value) }
}

const treeOf = (values: number[]): Tree | null => values.reduce<Tree | null>(insert, null)

/** Holds k, 2k, … 10k, in a shape drawn by chance. */
function newTree(k: number, chance: Random): Tree | null {
  const values = Array.from({ length: 10 }, (_, i) => (i + 1) * k)
  for (let left = values.length; left > 1; left--) {
    const [drawn] = values.splice(chance.below(left), 1)
    values.push(drawn)
  }
  return treeOf(values)
}

function* walk(tree: Tree | null, to: Sender<number>) {
  yield* visit(tree, to)
  to.close()
}

function* visit(tree: Tree | null, to: Sender<number>): Generator<never, void> {
  if (tree === null) return
  yield* visit(tree.left, to)
  yield* to.send(tree.value)
  yield* visit(tree.right, to)
}

/** Compares two walks in lock step; the first difference ends them both. */
function* same(a: Tree | null, b: Tree | null) {
  using ctx = withCancel(background)
  const walkers = errgroup(ctx)
  const [left, right] = [chan<number>(), chan<number>()]
  walkers.go(() => walk(a, left))
  walkers.go(() => walk(b, right))
  for (const [x, y] = [range(left), range(right)]; ;) {
    const [moreLeft, moreRight] = [yield* x.next(), yield* y.next()]
    if (moreLeft !== moreRight) return false
    if (!moreLeft) return true
    if (x.value !== y.value) return false
  }
}

function* collect(from: Receiver<number>) {
  const values: number[] = []
  for (const it = range(from); yield* it.next();) values.push(it.value)
  return values
}

it('P-06 two trees are equivalent when their walks are, whatever their shapes', async () => {
  const before = numGoroutine()
  const chance = new Random(6)
  const walked = chan<number>()
  go(walk, newTree(1, chance), walked)
  expect(await go(collect, walked).join()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])

  const areSame = (a: Tree | null, b: Tree | null) => go(same, a, b).join()
  for (let i = 0; i < 100; i++) expect(await areSame(newTree(1, chance), newTree(1, chance))).toBe(true)
  expect(await areSame(newTree(1, chance), newTree(2, chance))).toBe(false)

  const balanced = treeOf([3, 1, 8, 1, 2, 5, 13])
  const leaning = treeOf([8, 3, 13, 1, 5, 1, 2])
  const shorter = treeOf([3, 1, 8, 1, 2, 5])
  expect(balanced).not.toEqual(leaning)
  expect(await areSame(balanced, leaning)).toBe(true)
  expect(await areSame(balanced, shorter)).toBe(false)
  expect(await areSame(shorter, leaning)).toBe(false)

  await settle()
  expect(numGoroutine()).toBe(before)
})
