/** The command line, checked. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Format } from './generate.js'

export interface Config {
  /** A gzipped file of orders; none: one is generated. */
  readonly file: string | undefined
  readonly orders: number
  readonly format: Format
  /** The folder of generated files and of the database. */
  readonly data: string
  readonly workers: number
  readonly rate: number
  /** Orders of a request, and orders that are saved together: a multiple of that. */
  readonly perRequest: number
  readonly batch: number
  readonly style: 'millrace' | 'async' | 'rxjs'
  /** Begin anew, with an empty database. */
  readonly fresh: boolean
}

/** Throws commander's CommanderError, having printed its one line (or the help, with `exitCode` 0). */
export function parseConfig(args: readonly string[]): Config {
  const command = new Command('etl')
    .description(
      'Load a file of orders into a database, with the discounts of the customers. Start again to go on where a run was cut short.',
    )
    .usage('[options] [file]')
    .argument('[file]', 'orders-*.ndjson.gz or orders-*.csv.gz; none: a generated one')
    .option('-n, --orders <n>', 'orders to generate', wholeNumber, 200_000)
    .addOption(new Option('-f, --format <format>', 'of the generated file').choices(['ndjson', 'csv']).default('ndjson'))
    .option('-d, --data <folder>', 'where generated files and the database are', join(tmpdir(), 'millrace-etl'))
    .option('-w, --workers <n>', 'requests at once', wholeNumber, 10)
    .option('-r, --rate <n>', 'requests a second', wholeNumber, 100)
    .option('--per-request <n>', 'orders of a request', wholeNumber, 50)
    .option('-b, --batch <n>', 'orders that are saved together', wholeNumber, 500)
    .option('--fresh', 'begin anew', false)
    .addOption(new Option('--style <style>', 'which of the three programs runs').choices(['millrace', 'async', 'rxjs']).default('millrace'))
    .addHelpText('after', '\nExit status: 0 all is loaded, 1 cut short by an error, 2 usage, 130 SIGINT, 143 SIGTERM.')
    .exitOverride()
    .parse(args, { from: 'user' })
  return { ...command.opts<Omit<Config, 'file'>>(), file: command.args[0] }
}

function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number, 1 or more.')
  return value
}
