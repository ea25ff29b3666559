import { isObservable, Observable } from 'rxjs'
import { mistyped } from '../../runtime/internal.js'
import { descriptionOf, type Description } from '../demand/scope.js'
import { hasInner } from '../sinks/run.js'

/** A source or stage in a graph. */
export interface GraphNode {
  /** `n1`, `n2` and so on, from the sources downward. */
  readonly id: string
  readonly name: string
  /** `foreign`: a foreign source, or an operator of RxJS with several sources, which cannot be looked into. */
  readonly kind: 'source' | 'stage' | 'foreign'
  /** Items it holds at most; Infinity where nothing bounds them, or the bound is not known. */
  readonly holds: number
  /** The overflow policy, unless a full stage pauses its source. */
  readonly policy?: string
  /** The parts it builds while it runs, or that a run has met there: what they hold is not known. */
  readonly unseen?: string
  /** The names of the parts it belongs to (see `named`), the outermost first. */
  readonly parts: readonly string[]
}

/** Items flow from the node `from` to the node `to`. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
}

/** A pipeline as data. */
export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** The graph as a flowchart of Mermaid. */
  toMermaid(): string
  /** The graph in the language of Graphviz. */
  toDot(): string
}

/**
 * Returns the sources and stages of a pipeline without subscribing to it, as far as RxJS lets them be seen. Operators
 * of RxJS in between are no nodes: they hold nothing. The functions that build the branches of `fanOut` and `broadcast`
 * are called for it. Throws TypeError for an argument that is no observable.
 *
 * @example
 * ```ts
 * console.log(graph(orders).toMermaid())
 * ```
 */
export function graph(pipeline: Observable<unknown>): Graph {
  if (!isObservable(pipeline)) throw mistyped('graph(pipeline)', 'an Observable', pipeline)
  const { nodes, edges } = draw(pipeline, false)
  return { nodes, edges, toMermaid: () => mermaid(nodes, edges), toDot: () => dot(nodes, edges) }
}

/**
 * Draws a pipeline. An observable that is used twice is drawn once, or, with `eachUse`, for each use: each use is a
 * subscription.
 */
export function draw(pipeline: unknown, eachUse: boolean): Pick<Graph, 'nodes' | 'edges'> {
  const drawing = new Drawing(eachUse)
  drawing.add(pipeline, [])
  return drawing
}

const FOREIGN: Description = { name: 'foreign', holds: Infinity }

class Drawing {
  readonly nodes: GraphNode[] = []
  readonly edges: GraphEdge[] = []
  /** The nodes from which the items of an observable come. */
  private readonly _drawn = new Map<unknown, readonly string[]>()

  constructor(private readonly _eachUse: boolean) {}

  /** Draws everything above `observable`. Returns the nodes from which its items come. */
  add(observable: unknown, parts: readonly string[]): readonly string[] {
    const before = this._drawn.get(observable)
    if (before !== undefined) return before
    const ends = this._draw(observable, parts)
    if (!this._eachUse) this._drawn.set(observable, ends)
    return ends
  }

  private _draw(observable: unknown, parts: readonly string[]): readonly string[] {
    if (!isObservable(observable)) return [this._node('foreign', FOREIGN, parts)]
    const description = descriptionOf(observable)
    if (description === undefined) {
      const { source } = observable as { source?: Observable<unknown> } // the operators of RxJS have this field
      if (source === undefined) return [this._node('foreign', FOREIGN, parts)]
      const ends = this.add(source, parts)
      return hasInner(observable) ? ends.map((id) => this._hasInner(id)) : ends
    }
    const { name, source, sources, branches, isPart } = description
    if (isPart === true) return this.add(source, [...parts, name])
    const above = [...(source === undefined ? [] : [source]), ...(sources ?? [])].flatMap((one) => this.add(one, parts))
    const node = this._node(above.length === 0 ? 'source' : 'stage', description, parts)
    for (const from of above) this.edges.push({ from, to: node })
    if (branches === undefined) return [node]
    const root = new Observable<never>()
    this._drawn.set(root, [node])
    return branches(root).flatMap((branch) => this.add(branch, parts))
  }

  /** A run has met inner sources below this node. */
  private _hasInner(id: string): string {
    const at = this.nodes.findIndex((node) => node.id === id)
    this.nodes[at] = { unseen: 'the inner sources of operators below it', ...this.nodes[at] }
    return id
  }

  private _node(kind: GraphNode['kind'], description: Description, parts: readonly string[]): string {
    const { name, holds, policy } = description
    const unseen = description.unseen ?? description.notes?.unseen ?? undefined
    const id = `n${this.nodes.length + 1}`
    const more = { ...(policy === undefined ? {} : { policy }), ...(unseen === undefined ? {} : { unseen }) }
    this.nodes.push({ id, name, kind, holds, ...more, parts })
    return id
  }
}

function labelOf({ name, kind, holds, policy, unseen, parts }: GraphNode): string {
  const held = kind === 'foreign' ? 'cannot be looked into' : `holds ${holds === Infinity ? 'no bound' : holds}`
  return `${[...parts, name].join('/')} · ${held}${unseen === undefined ? '' : `, and ${unseen}`}${policy === undefined ? '' : ` · ${policy}`}`
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
