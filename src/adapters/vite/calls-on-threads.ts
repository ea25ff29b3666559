/** Finds `onThreads(import.meta, …)` in a syntax tree, under any name that the function was imported by. */

/** A node of ESTree. */
interface Node {
  readonly type: string
}

interface Named extends Node {
  readonly name?: unknown
  readonly value?: unknown
}

interface ImportSpecifier extends Node {
  readonly imported: Named
  readonly local: Named
}

interface Call extends Node {
  readonly callee: Named & { readonly property?: Named }
  readonly arguments: readonly Node[]
}

const NAME = 'onThreads'

export function callsOnThreads(tree: object): boolean {
  const names = new Set<unknown>([NAME])
  let found = false
  visit(tree, (node) => {
    if (node.type === 'ImportSpecifier') {
      const { imported, local } = node as ImportSpecifier // by its type
      if ((imported.name ?? imported.value) === NAME) names.add(local.name)
    }
    if (node.type === 'CallExpression') {
      const { callee, arguments: given } = node as Call // by its type
      const isCalled = names.has(callee.name) || callee.property?.name === NAME
      found ||= isCalled && given.at(0)?.type === 'MetaProperty'
    }
  })
  return found
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value && typeof value.type === 'string') see(value as Node) // a node has a type
  for (const part of Object.values(value)) visit(part, see)
}
