/** graph: a pipeline as data, Mermaid and DOT. */
import { chan } from 'millrace'
import { broadcast, fromIterable, fromReceiver, graph, mergeFair, named, queue, workerPool, zipBounded } from 'millrace/operators'
import { filter, map, merge, NEVER, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'

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
