import { expect, it } from 'vitest'
import { background, chan, errgroup, go, numGoroutine, range, withCancel, type Receiver, type Sender } from 'millrace'
import { settle } from '../support/settle.js'

function* generate(to: Sender<number>) {
  for (let i = 2; ; i++) yield* to.send(i)
}

function* filter(from: Receiver<number>, to: Sender<number>, prime: number) {
  for (const it = range(from); yield* it.next();) if (it.value % prime !== 0) yield* to.send(it.value)
}

/** The first n primes: each prime adds a filter to the chain. */
function* sieve(n: number) {
  using ctx = withCancel(background) // ends the chain
  const group = errgroup(ctx)
  const primes: number[] = []
  let source = chan<number>()
  const naturals = source
  group.go(() => generate(naturals))
  while (primes.length < n) {
    const it = range(source)
    yield* it.next()
    const [prime, from, to] = [it.value, source, chan<number>()]
    primes.push(prime)
    group.go(() => filter(from, to, prime))
    source = to
  }
  return primes
}

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b)

it('P-01 the concurrent prime sieve finds the first 200 primes', async () => {
  const before = numGoroutine()
  const primes = await go(sieve, 200).join()
  expect(primes.slice(0, 25).join(' ')).toBe('2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97')
  expect([primes[99], sum(primes.slice(0, 100))]).toEqual([541, 24133])
  expect([primes[199], sum(primes)]).toEqual([1223, 111587])
  await settle()
  expect(numGoroutine()).toBe(before)
})
