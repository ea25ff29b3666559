/** The modules of instrumented code, and the sites in them. */
import { addSites, sites } from '../race/index.js'

/** A site as instrumented code announces it. */
type Row = readonly [line: number, column: number, unit: string, name: string, how: string]

export function addModule(file: string, table: readonly Row[]): number {
  return addSites(table.map(([line, column, fn, name]) => ({ file, line, column, fn, name })))
}

/** The name of what stands at a site. */
export function nameOf(site: number): string {
  return sites[site].name
}
