import { isObservable, Observable } from 'rxjs'
import { mistyped } from '../../runtime/internal.js'
import { descriptionOf } from '../engine/description.js'

export interface GraphNode {
  /** `n1`, `n2` and so on, from the sources downward. */
  readonly id: string
  readonly name: string
  /** `foreign` is what cannot be looked into: a source that is not of millrace, or several in one. */
  readonly kind: 'source' | 'stage' | 'foreign'
  /** Items it holds at most; Infinity where nothing bounds them, or that is not known. */
  readonly holds: number
  /** What happens when it is full, where that is not to pause. */
  readonly policy?: string
  /** As `named` calls the parts it belongs to, the outermost first. */
  readonly parts: readonly string[]
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
}

/** A pipeline as data. */
export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** As a flowchart of Mermaid. */
  toMermaid(): string
  /** In the language of Graphviz. */
  toDot(): string
}

/**
 * What a pipeline consists of, without subscribing to it: sources and stages of ours, as far as RxJS lets them be seen. Operators of RxJS in
 * between are no nodes: they hold nothing. (`broadcast`, `fanOut` call their branches' builders for it.)
 *
 * @example
 * ```ts
 * console.log(graph(pipeline).toMermaid())
 * ```
 */
export function graph(pipeline: Observable<unknown>): Graph {
  if (!isObservable(pipeline)) throw mistyped('graph(pipeline)', 'an Observable', pipeline)
  const drawing = new Drawing()
  drawing.add(pipeline, [])
  const { nodes, edges } = drawing
  return { nodes, edges, toMermaid: () => mermaid(nodes, edges), toDot: () => dot(nodes, edges) }
}

class Drawing {
  readonly nodes: GraphNode[] = []
  readonly edges: GraphEdge[] = []
  /** What is drawn, with the nodes its items come from: something used twice is drawn once. */
  private readonly _drawn = new Map<unknown, readonly string[]>()

  /** Draws what leads to `observable`, and answers the nodes that its items come from. */
  add(observable: unknown, parts: readonly string[]): readonly string[] {
    const before = this._drawn.get(observable)
    if (before !== undefined) return before
    const ends = this._draw(observable, parts)
    this._drawn.set(observable, ends)
    return ends
  }

  private _draw(observable: unknown, parts: readonly string[]): readonly string[] {
    if (!isObservable(observable)) return [this._node('foreign', 'foreign', Infinity, parts)]
    const description = descriptionOf(observable)
    if (description === undefined) {
      const { source } = observable as { source?: Observable<unknown> } // what RxJS's own operators have
      return source === undefined ? [this._node('foreign', 'foreign', Infinity, parts)] : this.add(source, parts)
    }
    const { name, holds, policy, source, sources, branches, isPart } = description
    if (isPart === true) return this.add(source, [...parts, name])
    const above = [...(source === undefined ? [] : [source]), ...(sources ?? [])].flatMap((one) => this.add(one, parts))
    const node = this._node(above.length === 0 ? 'source' : 'stage', name, holds, parts, policy)
    for (const from of above) this.edges.push({ from, to: node })
    if (branches === undefined) return [node]
    const top = new Observable<never>()
    this._drawn.set(top, [node])
    return branches(top).flatMap((branch) => this.add(branch, parts))
  }

  private _node(kind: GraphNode['kind'], name: string, holds: number, parts: readonly string[], policy?: string): string {
    const id = `n${this.nodes.length + 1}`
    this.nodes.push({ id, name, kind, holds, ...(policy === undefined ? {} : { policy }), parts })
    return id
  }
}

function labelOf({ name, kind, holds, policy, parts }: GraphNode): string {
  const held = kind === 'foreign' ? 'cannot be looked into' : `holds ${holds === Infinity ? 'no bound' : holds}`
  return `${[...parts, name].join('/')} · ${held}${policy === undefined ? '' : ` · ${policy}`}`
}

function mermaid(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string {
  const shapes = { source: ['([', '])'], stage: ['[', ']'], foreign: ['{{', '}}'] } as const
  const drawn = nodes.map((node) => {
    const [open, close] = shapes[node.kind]
    return `  ${node.id}${open}"${labelOf(node).replaceAll('"', '#quot;')}"${close}`
  })
  return ['flowchart TD', ...drawn, ...edges.map(({ from, to }) => `  ${from} --> ${to}`)].join('\n')
}

function dot(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string {
  const shapes = { source: 'ellipse', stage: 'box', foreign: 'hexagon' } as const
  const drawn = nodes.map((node) => `  ${node.id} [label=${JSON.stringify(labelOf(node))}, shape=${shapes[node.kind]}]`)
  return ['digraph pipeline {', ...drawn, ...edges.map(({ from, to }) => `  ${from} -> ${to}`), '}'].join('\n')
}
