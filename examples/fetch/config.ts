/** The command line, checked: every value that is wrong is named, with what was expected in its place. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './duration.js'

export interface Limits {
  /** Requests in flight at most. */
  readonly concurrency: number
  /** Requests started in a second, on average; `burst` of them at once after a quiet time. */
  readonly rate: number
  readonly burst: number
  /** ms that one request may take, its body included. */
  readonly requestTimeout: number
}

export interface Config extends Limits {
  /** URLs, files of URLs, `-` for stdin. None: the embedded site. */
  readonly sources: readonly string[]
  /** ms that the whole run may take. */
  readonly timeout: number
  /** A file for the JSON lines; stdout where there is none. */
  readonly out?: string
  readonly style: 'pipeline' | 'goroutine'
  /** A NATS server, whose workers look at the pages; here where there is none. */
  readonly over?: string
}

/** Throws commander's CommanderError, having printed its one line (or the help, with `exitCode` 0). */
export function parseConfig(args: readonly string[]): Config {
  const command = new Command('fetch')
    .description('Fetch URLs at a bounded rate with bounded concurrency under one deadline; one JSON line for each URL.')
    .usage('[options] [sources...]')
    .argument('[sources...]', 'URLs, files of URLs (one a line, # begins a comment), or - for stdin; none: an embedded site')
    .option('-c, --concurrency <n>', 'requests in flight at most', wholeNumber, 8)
    .option('-r, --rate <n>', 'requests a second', positiveNumber, 50)
    .option('-b, --burst <n>', 'requests at once after a quiet time', wholeNumber, 1)
    .addOption(duration('-t, --timeout <duration>', 'deadline of the whole run', '30s'))
    .addOption(duration('--request-timeout <duration>', 'limit of one request', '2s'))
    .option('-o, --out <file>', 'where the JSON lines go (default: stdout)')
    .addOption(new Option('-s, --style <style>', 'which of the two programs runs').choices(['pipeline', 'goroutine']).default('pipeline'))
    .addOption(new Option('--over <server>', 'look at the pages in other processes, over a NATS server such as nats://127.0.0.1:4222'))
    .addHelpText('after', '\nExit status: 0 every URL was tried, 1 cut short, 2 usage, 130 SIGINT, 143 SIGTERM.')
    .exitOverride()
    .parse(args, { from: 'user' })
  const options = command.opts<Omit<Config, 'sources'>>()
  if (options.over !== undefined && options.style === 'goroutine')
    command.error("error: option '--over <server>' needs the style pipeline. Expected no --style goroutine beside it.")
  return { ...options, sources: command.args }
}

function duration(flags: string, description: string, byDefault: string): Option {
  return new Option(flags, description).argParser(positiveDuration).default(parseDuration(byDefault), byDefault)
}

function wholeNumber(text: string): number {
  return accept(/^\d+$/.test(text) ? Number(text) : NaN, Number.isSafeInteger, 'a whole number, 1 or more')
}

function positiveNumber(text: string): number {
  return accept(text.trim() === '' ? NaN : Number(text), Number.isFinite, 'a number above 0, such as 20 or 0.5')
}

function positiveDuration(text: string): number {
  return accept(parseDuration(text), Number.isFinite, 'a duration above 0, such as 500ms, 10s or 1m30s')
}

function accept(value: number, isValid: (value: number) => boolean, expected: string): number {
  if (!isValid(value) || value <= 0) throw new InvalidArgumentError(`Expected ${expected}.`)
  return value
}
