/** The command line, checked. */
import { Command, InvalidArgumentError } from 'commander'

export interface Config {
  /** The origins of the upstreams for price, stock and reviews; none: three are started on loopback. */
  readonly upstreams: readonly string[]
  /** The port on loopback; 0: any free one. */
  readonly port: number
  /** Seconds of the load; 0: none, and the service runs until a signal. */
  readonly seconds: number
  /** ms from a request to its deadline. */
  readonly deadline: number
  /** ms after which a second call to an upstream begins beside a slow first one. */
  readonly hedge: number
  /** Requests that ask the upstreams at once, and requests that may wait for that. */
  readonly slots: number
  readonly queue: number
  /** Requests a second of a client. */
  readonly rate: number
}

/** Throws commander's CommanderError, having printed its one line (or the help, with `exitCode` 0). */
export function parseConfig(args: readonly string[]): Config {
  const command = new Command('service')
    .description('Serve product pages, each put together from three upstreams, under a load of its own.')
    .usage('[options]')
    .option('-u, --upstreams <origins...>', 'origins that know price, stock and reviews; none: three are started', [])
    .option('-p, --port <n>', 'port on loopback', wholeNumber, 0)
    .option('-t, --seconds <n>', 'seconds of load; 0: none, until a signal', wholeNumber, 6)
    .option('-d, --deadline <ms>', 'time for a request', wholeNumber, 1000)
    .option('--hedge <ms>', 'time after which a second call begins beside a slow first one', wholeNumber, 60)
    .option('--slots <n>', 'requests that ask the upstreams at once', wholeNumber, 32)
    .option('--queue <n>', 'requests that may wait for that; any more are shed', wholeNumber, 64)
    .option('--rate <n>', 'requests a second of a client', wholeNumber, 20)
    .addHelpText('after', '\nExit status: 0 drained in time, 2 usage, 130 and 143 cut short after SIGINT and SIGTERM.')
    .exitOverride()
    .parse(args, { from: 'user' })
  return command.opts<Config>()
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}
