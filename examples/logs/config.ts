/** The command line, checked: every value that is wrong is named, with what was expected in its place. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Config {
  /** Gzipped access logs, in order of time. None: they are generated. */
  readonly files: readonly string[]
  /** MB of log text to generate, and the folder where that is kept for the next run. */
  readonly size: number
  readonly data: string
  /** The folder for the results. */
  readonly out: string
  /** Lookups under way at most, of each kind. */
  readonly workers: number
  /** ms that a lookup takes which is not remembered. */
  readonly latency: number
  /** Rows of each top list. */
  readonly top: number
  readonly style: 'millrace' | 'rxjs'
}

/** Throws commander's CommanderError, having printed its one line (or the help, with `exitCode` 0). */
export function parseConfig(args: readonly string[]): Config {
  const command = new Command('logs')
    .description('Read gzipped access logs of any size in flat memory: a table by minute, and the top paths, clients and countries.')
    .usage('[options] [files...]')
    .argument('[files...]', 'gzipped access logs in combined format, in order of time; none: generated ones')
    .option('-s, --size <MB>', 'MB of log text to generate where no files are given', wholeNumber, 300)
    .option('-d, --data <folder>', 'where generated logs are kept', join(tmpdir(), 'millrace-logs'))
    .option('-o, --out <folder>', 'where the results go', 'reports/logs')
    .option('-w, --workers <n>', 'lookups under way at most', wholeNumber, 16)
    .option('-l, --latency <ms>', 'what a lookup takes that is not remembered', wholeNumber, 2)
    .option('-n, --top <n>', 'rows of each top list', wholeNumber, 20)
    .addOption(new Option('--style <style>', 'which of the two programs runs').choices(['millrace', 'rxjs']).default('millrace'))
    .addHelpText('after', '\nExit status: 0 all was read, 1 cut short by an error, 2 usage, 130 SIGINT, 143 SIGTERM.')
    .exitOverride()
    .parse(args, { from: 'user' })
  return { ...command.opts<Omit<Config, 'files'>>(), files: command.args }
}

function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number, 1 or more.')
  return value
}
