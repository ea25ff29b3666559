/** The command line, checked: every value that is wrong is named, with what was expected in its place. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { availableParallelism } from 'node:os'

export interface Config {
  readonly folder: string
  readonly threads: number
  /** Rows of the summary, the extensions with the most bytes. */
  readonly top: number
  /** Prints a line for each file on stdout: its SHA-256 and its path, as sha256sum does. */
  readonly list: boolean
  readonly with: 'millrace' | 'piscina'
}

/** Throws commander's CommanderError, having printed its one line (or the help, with `exitCode` 0). */
export function parseConfig(args: readonly string[]): Config {
  const command = new Command('digest')
    .description('Hash and compress all files of a folder, on every core.')
    .addArgument(new Argument('<folder>', 'the folder, read with all folders below it'))
    .option('-t, --threads <n>', 'threads', wholeNumber, availableParallelism())
    .option('-n, --top <n>', 'rows of the summary', wholeNumber, 10)
    .option('-l, --list', 'print the SHA-256 of each file', false)
    .addOption(new Option('--with <pool>', 'whose threads').choices(['millrace', 'piscina']).default('millrace'))
    .addHelpText('after', '\nExit status: 0 all was read, 1 a file could not be read, 2 usage, 130 SIGINT, 143 SIGTERM.')
    .exitOverride()
    .parse(args, { from: 'user' })
  return { ...command.opts<Omit<Config, 'folder'>>(), folder: command.args[0] ?? '' }
}

function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number, 1 or more.')
  return value
}
