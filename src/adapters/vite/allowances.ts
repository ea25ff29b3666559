/** Tells at the end of a run which allowances have accepted no race. The processes with tests count, in the meta data of files. */

/** The part of Vitest that is used. */
export interface Vitest {
  readonly config: { readonly reporters: unknown[] }
  readonly logger: { warn(text: string): void }
}

/** What the setup file writes into the meta data of a file of tests. */
interface Counts {
  readonly lines: readonly { readonly file: string; readonly line: number; readonly why: string; readonly hits: number }[]
  readonly ignored: Readonly<Record<string, number>>
}

interface TestModule {
  meta(): Readonly<Record<string, unknown>>
}

/** The name of the meta data, which the setup file knows as well. */
const META = 'millrace:race'

const told = new WeakSet<Vitest>()

/** Adds the reporter, once for each Vitest: a plugin is asked for each project. */
export function tellAllowances(vitest: Vitest, ignored: readonly string[]): void {
  if (told.has(vitest)) return
  told.add(vitest)
  vitest.config.reporters.push({
    onTestRunEnd(modules: readonly TestModule[]) {
      const counts = modules.flatMap((module) => (module.meta()[META] as Counts | undefined) ?? []) // by the setup file
      for (const text of unused(counts, ignored)) vitest.logger.warn(text)
    },
  })
}

/** A source is loaded for several files of tests: an allowance is unused if none of them has used the line. */
function unused(counts: readonly Counts[], ignored: readonly string[]): string[] {
  if (counts.length === 0) return []
  const hits = new Map<string, number>()
  for (const { file, line, why, hits: more } of counts.flatMap(({ lines }) => lines))
    add(hits, `race-ok is not used: ${file}:${line} (${why})`, more)
  for (const place of ignored) for (const one of counts) add(hits, `race({ ignore }) is not used: ${place}`, one.ignored[place] ?? 0)
  return [...hits].flatMap(([text, n]) => (n === 0 ? [text] : []))
}

function add(hits: Map<string, number>, text: string, more: number): void {
  hits.set(text, (hits.get(text) ?? 0) + more)
}
