/** What a pipeline says of itself: its graph, its numbers, its name. */
import { background, chan, sleep } from 'millrace'
import {
  bounds,
  broadcast,
  collect,
  fromIterable,
  fromReceiver,
  graph,
  mergeFair,
  meter,
  named,
  onUnpaced,
  queue,
  run,
  workerPool,
  zipBounded,
} from 'millrace/operators'
import { filter, from, map, merge, NEVER, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('graph', () => {
  const jobs = chan<number>()

  it('is data: nodes from the sources downward, with what they hold, and edges', () => {
    const pipeline = fromReceiver(jobs).pipe(
      map((n) => n + 1),
      workerPool(5, (n) => n, { name: 'parse' }),
      named('ingest'),
      queue(8, 'drop-oldest'),
    )
    const { nodes, edges } = graph(pipeline)
    expect(nodes).toEqual([
      { id: 'n1', name: 'fromReceiver', kind: 'source', holds: 1, parts: ['ingest'] },
      { id: 'n2', name: 'parse', kind: 'stage', holds: 5, parts: ['ingest'] },
      { id: 'n3', name: 'queue', kind: 'stage', holds: 8, policy: 'drop-oldest', parts: [] },
    ])
    expect(edges).toEqual([{ from: 'n1', to: 'n2' }, { from: 'n2', to: 'n3' }]) // prettier-ignore
  })
  it('as Mermaid and as DOT', () => {
    const drawn = graph(fromReceiver(jobs).pipe(workerPool(5, (n) => n, { name: 'say "hi"' })))
    expect(drawn.toMermaid()).toBe(
      ['flowchart TD', '  n1(["fromReceiver · holds 1"])', '  n2["say #quot;hi#quot; · holds 5"]', '  n1 --> n2'].join('\n'),
    )
    expect(drawn.toDot()).toBe(
      [
        'digraph pipeline {',
        '  n1 [label="fromReceiver · holds 1", shape=ellipse]',
        '  n2 [label="say \\"hi\\" · holds 5", shape=box]',
        '  n1 -> n2',
        '}',
      ].join('\n'),
    )
  })
  it('shows several sources, branches, and what cannot be looked into', () => {
    const names = (pipeline: Observable<unknown>): string[] => {
      const { nodes, edges } = graph(pipeline)
      const name = (id: string) => nodes.find((node) => node.id === id)?.name
      return edges.map(({ from, to }) => `${name(from)} > ${name(to)}`)
    }
    expect(names(mergeFair(fromReceiver(jobs), fromIterable([1])))).toEqual(['fromReceiver > mergeFair', 'fromIterable > mergeFair'])
    expect(names(zipBounded(fromReceiver(jobs), [1]))).toEqual(['fromReceiver > zipBounded', 'foreign > zipBounded'])
    expect(names(merge(fromReceiver(jobs), NEVER).pipe(workerPool(1, (n) => n)))).toEqual(['foreign > workerPool'])
    const branches = fromReceiver(jobs).pipe(
      broadcast(
        (b: Observable<number>) => b.pipe(queue(4)),
        (b: Observable<number>) => b,
      ),
      workerPool(1, (n) => n),
    )
    expect(names(branches)).toEqual(['fromReceiver > broadcast', 'broadcast > queue', 'queue > workerPool', 'broadcast > workerPool'])
    expect(() => graph(3 as never)).toThrow(/graph\(pipeline\): expected an Observable, got 3/)
  })
  it('draws what is used twice once', () => {
    const source = fromReceiver(jobs)
    expect(graph(mergeFair(source, source.pipe(filter((n) => n > 1)))).nodes.map((node) => node.name)).toEqual([
      'fromReceiver',
      'mergeFair',
    ])
  })
})

describe('bounds', () => {
  it('counts the sources of mergeFair and zipBounded, and names those it cannot know', () => {
    expect(String(bounds(mergeFair(fromReceiver(chan()), fromIterable([1]))))).toBe(
      'holds at most 3 items: fromReceiver 1, fromIterable 0, mergeFair 2',
    )
    expect(bounds(zipBounded(fromReceiver(chan()), from([1]))).items).toBe(Infinity)
  })
  it('counts no part that is only named', () => {
    expect(String(bounds(fromIterable([1]).pipe(workerPool(2, (n) => n), named('part'))))).toBe('holds at most 2 items: fromIterable 0, workerPool 2') // prettier-ignore
  })
})

describe('named', () => {
  it('is how warnings call the stages above, and nests', async () => {
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(one.stage))
    const part = from([1, 2, 3]).pipe(workerPool(1, (n) => Promise.resolve(n), { name: 'a' }), named('inner')) // prettier-ignore
    await collect(background, part.pipe(named('outer'))).join()
    off()
    expect(seen).toEqual(['outer/inner/a'])
    expect(() => named('')).toThrow(/named\(name\): expected a name, got ""/)
  })
})

describe('meter', () => {
  it('counts items, and tells depth, saturation and wait of the stage below', async () => {
    using clock = virtualTime()
    const jobs = meter('jobs')
    const work = function* (n: number) {
      yield* sleep(10)
      return n
    }
    const slow = run(background, fromIterable([1, 2, 3, 4]).pipe(jobs, workerPool(2, work)))
    await clock.advance(5)
    expect(jobs.read()).toMatchObject({ items: 2, errors: 0, depth: 2, places: 2, saturation: 1, wait: 5, rate: 400 })
    await clock.advance(15)
    await slow.join()
    await clock.advance(20)
    expect(jobs.read()).toMatchObject({ items: 4, depth: 0, places: 0, saturation: 0.5 })
    expect(jobs.read().wait).toBe(10)
  })
  it('tells nothing of the stage below once its own source is over', async () => {
    using clock = virtualTime()
    const [early, late] = [meter('early'), meter('late')]
    const rest = chan<number>()
    const both = merge(fromIterable([1]).pipe(early), fromReceiver(rest).pipe(late))
    const subscription = both.pipe(workerPool(2, () => NEVER)).subscribe()
    await settle()
    rest.trySend(2)
    await clock.advance(10)
    expect([early.read().wait, late.read().wait]).toEqual([0, 10])
    subscription.unsubscribe()
  })
  it('changes nothing: the source is paced through it', async () => {
    let taken = 0
    const items = (function* () {
      while (taken < 100) yield taken++
    })()
    const subscription = fromIterable(items).pipe(meter('a'), meter('b'), workerPool(3, () => NEVER)).subscribe() // prettier-ignore
    await settle()
    expect(taken).toBe(3)
    subscription.unsubscribe()
  })
  it('counts errors, and the rate follows what is new', async () => {
    using clock = virtualTime()
    const failing = meter('failing')
    await run(background, throwError(() => 'no').pipe(failing)).join().attempt() // prettier-ignore
    expect(failing.read().errors).toBe(1)
    const steady = meter('steady')
    const g = run(background, fromReceiver(beat(10, 1000)).pipe(steady))
    await clock.advance(1000)
    expect(steady.read().rate).toBeCloseTo(100, 0)
    await clock.advance(60_000)
    expect(steady.read().rate).toBeLessThan(1)
    await g.join()
    expect(() => meter(3 as never)).toThrow(/meter\(name\): expected a name, got 3/)
  })

  /** Sends each `ms`, until `until`. */
  function beat(ms: number, until: number) {
    const ch = chan<number>()
    run(
      background,
      fromIterable(Array.from({ length: until / ms }, (_, i) => i)).pipe(
        workerPool(1, function* (i) {
          yield* sleep(ms)
          yield* ch.send(i)
          if (i === until / ms - 1) ch.close()
        }),
      ),
    )
    return ch
  }
})
