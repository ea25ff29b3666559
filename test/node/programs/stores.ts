/**
 * Callbacks of every kind, registered by request A and made to run by request B. Prints for each the stores that it saw.
 * `lazy` loads the package within request L, `at once` does not wait then; `keep` calls keepAsyncContext; `goroutine` lets a goroutine of B do it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import * as borders from './stores-borders.js'
import { rows, type Ask, type Modules } from './stores-rows.js'

const request = new AsyncLocalStorage<string>()
const [how, keep, by] = process.argv.slice(2)

const load = async (): Promise<Modules> => {
  const [core, ops, node, nodeOps, web, webOps, fp, threads, rx] = await Promise.all([
    import('millrace'),
    import('millrace/operators'),
    import('millrace/node'),
    import('millrace/node/operators'),
    import('millrace/web'),
    import('millrace/web/operators'),
    import('millrace/fp-ts'),
    import('millrace/threads'),
    import('rxjs'),
  ])
  return { ...core, ops, node, nodeOps, web, webOps, fp, threads, rx }
}
const modules = how === 'static' ? await load() : await request.run('L', load)
if (how !== 'at once') await new Promise((resolve) => setTimeout(resolve, 10)) // Deno and Bun have no neutral context in the first turn
if (keep === 'keep') modules.node.keepAsyncContext()

const inB = <R>(f: () => R): R => request.run('B', f)
const seen: Record<string, string[]> = {}
const ask = ([name, row]: readonly [string, Ask], isBorder: boolean): (() => unknown) => {
  const stores: string[] = (seen[name] = [])
  let isAsking = isBorder // a border may call its own code at once, in the call of the user
  const look = (): void => void (isAsking || stores.push(request.getStore() ?? 'none'))
  const free = request.run('A', () => row(modules, look, inB))
  isAsking = false
  return free
}
const asked = [
  ...Object.entries(rows).map((row) => ask(row, false)),
  ...Object.values(borders).flatMap((table) => Object.entries(table).map((row) => ask(row, true))),
]
for (let i = 0; i < 3; i++) await modules.go(() => {}).join() // what was asked for before has started
await new Promise((resolve) => setTimeout(resolve, 20))
for (const free of asked) inB(by === 'goroutine' ? () => modules.go(() => void free()) : free)
const isQuiet = () => Object.values(seen).every((stores) => stores.length > 0)
for (let i = 0; i < 1000 && !(i > 1 && isQuiet()); i++) await new Promise((resolve) => setTimeout(resolve, 60))
console.log(JSON.stringify(seen))
process.exit() // some rows wait for ever
