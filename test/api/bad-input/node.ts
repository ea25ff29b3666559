/** The places of `millrace/node` and `millrace/node/operators`, outside a bubble: streams wait by the host. */
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { Readable, Writable } from 'node:stream'
import { background } from 'millrace'
import { command, dumpOnSignal, eventsOf, main, receiverOf, requestContext, senderOf, serveUntil, signals, watch } from 'millrace/node'
import {
  fromReadable,
  lines,
  ndjson,
  readLines,
  throughDuplex,
  toDuplex,
  toReadable,
  walk,
  writeFileAtomic,
  writeTo,
} from 'millrace/node/operators'
import { fromIterable, run } from 'millrace/operators'
import type { Observable, OperatorFunction } from 'rxjs'
import { optionsOf, type Table } from './kinds.js'

const response = new EventEmitter()
const contexts = { intake: background, ctx: background }

/**
 * `main` has its accepted values in tests of its own, in processes: here another `main` refuses them at the end. That one has no end of its
 * grace, which would end the process of the tests.
 */
export const node: Table = {
  'main(fn)': ['function', (f) => second(() => main(f))],
  ...optionsOf('main', 'options', 'options?', { drain: 'ms?', grace: 'ms?', trace: 'flag?' }, (options) =>
    second(() => main(() => 1, options)),
  ),
  ...optionsOf('dumpOnSignal', 'options', 'options?', { json: 'flag?', signal: 'word?' }, (options) => dumpOnSignal(options)()),
  'receiverOf(readable)': ['object', (readable) => void receiverOf(readable)],
  'StreamReceiver.cancel(cause)': ['anything', (cause) => receiverOf(Readable.from([1])).cancel(cause)],
  'command(file)': ['name', (file) => void command(file)],
  'command(args)': ['list or none', (args) => void command('true', args)],
  ...optionsOf(
    'command',
    'options',
    'options?',
    { ctx: 'ctx?', cwd: 'text?', env: 'record?', grace: 'ms?' },
    (options) => void command('true', [], options),
  ),
  'eventsOf(emitter)': ['object', (emitter) => void eventsOf(emitter, 'data')],
  'eventsOf(event)': ['event', (event) => void eventsOf(new EventEmitter(), event)],
  ...optionsOf(
    'eventsOf',
    'options',
    'options?',
    { capacity: 'count?', close: 'list or none', map: 'function?', overflow: 'word?' },
    (options) => void eventsOf(new EventEmitter(), 'data', options),
  ),
  'requestContext(request)': ['anything', (request) => requestContext(request, response).cancel()],
  'requestContext(response)': ['object', (given) => requestContext({}, given).cancel()],
  ...optionsOf('requestContext', 'options', 'options?', { parent: 'ctx?', timeout: 'ms?' }, (options) =>
    requestContext({}, response, options).cancel(),
  ),
  'serveUntil(server)': ['object', (server) => void serveUntil(server, contexts)],
  ...optionsOf(
    'serveUntil',
    'options',
    'options',
    { intake: 'ctx', ctx: 'ctx' },
    (options) => void serveUntil(createServer(), options),
    contexts,
  ),
  'signals(names)': ['object', (name) => void signals(name)],
  'senderOf(writable)': ['object', (writable) => void senderOf(writable)],
  'watch(path)': ['name', (path) => watch(path).stop()],
  ...optionsOf('watch', 'options', 'options?', { debounce: 'ms?', recursive: 'flag?', capacity: 'count?' }, (options) =>
    watch('/tmp', options).stop(),
  ),
}

const anotherMain = /a program has one main function/

let hasMain = false
function second(call: () => void): void {
  if (!hasMain) main(() => undefined, { grace: Infinity })
  hasMain = true
  try {
    call()
  } catch (error) {
    if (!anotherMain.test(String(error))) throw error
  }
}

const text = () => fromIterable(['1\n2'])
const items = () => fromIterable([1, 2])
const through = (operator: OperatorFunction<number, unknown>) => ended(items().pipe(operator))
/** A function that makes no stream is no bad argument; its pipeline fails. */
const ended = (pipeline: Observable<unknown>) => run(background, pipeline).join().attempt()
const stage = { name: 'text?', overflow: 'word?', sparse: 'flag?' } as const
const streams = { objectMode: 'flag?', highWaterMark: 'count?', ctx: 'ctx?' } as const
const nowhere = () => new Writable({ objectMode: true, write: (_chunk, _encoding, written) => written() })

export const nodeOperators: Table = {
  'fromReadable(readable)': ['function', (readable) => ended(fromReadable(readable))],
  ...optionsOf('lines', 'options', 'options?', { maxLength: 'count?', ...stage }, (options) => ended(text().pipe(lines(options)))),
  ...optionsOf('ndjson', 'options', 'options?', { maxLength: 'count?', ...stage }, (options) => ended(text().pipe(ndjson(options)))),
  'readLines(path)': ['name', (path) => ended(readLines(path))],
  ...optionsOf('readLines', 'options', 'options?', { maxLength: 'count?', ...stage }, (options) => ended(readLines('/dev/null', options))),
  'throughDuplex(make)': ['function', (make) => through(throughDuplex(make))],
  'toDuplex(build)': ['function', (build) => built(build)],
  ...optionsOf(
    'toDuplex',
    'options',
    'options?',
    { ...streams, readableObjectMode: 'flag?', writableObjectMode: 'flag?' },
    (options) => void toDuplex((source) => source, options).destroy(),
  ),
  'toReadable(source)': ['iterable', (source) => read(toReadable(source)), 'iterable'],
  ...optionsOf('toReadable', 'options', 'options?', streams, (options) => void toReadable(items(), options).destroy()),
  'walk(dir)': ['name', (dir) => ended(walk(dir))],
  ...optionsOf('walk', 'options', 'options?', { maxDepth: 'duration?', skip: 'function?', onError: 'function?' }, (options) =>
    ended(walk('/none', options)),
  ),
  'writeFileAtomic(path)': ['name', (path) => through(writeFileAtomic(path) as never)],
  ...optionsOf('writeFileAtomic', 'options', 'options?', { mode: 'count?', name: 'text?' }, (options) =>
    through(writeFileAtomic('/none/a', options) as never),
  ),
  'writeTo(writable)': ['function', (writable) => through(writeTo(writable))],
  ...optionsOf('writeTo', 'options', 'options?', { end: 'flag?', ...stage }, (options) => through(writeTo(nowhere(), options))),
}

const read = (stream: Readable) => stream.toArray()

/** A function that builds no pipeline is refused too, with its result. */
function built(build: never): void {
  try {
    toDuplex(build).destroy()
  } catch (error) {
    if (!/the result of build/.test(String(error))) throw error
  }
}
