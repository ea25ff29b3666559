/**
 * Tests are found by name. Always true: the tests of an exported function stand in a file named after it, in kebab case
 * (`withCancel`: with-cancel.test.ts), or in the file that `together` names; and a folder of tests is named after a room of `src`.
 */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, it } from 'vitest'
import { entries, readJson, root } from '../../scripts/entries.mjs'

/** What is tested in a file named after something else: variants of one function, and errors where they are thrown. */
const together: Record<string, Record<string, string>> = {
  millrace: {
    addProbe: 'set-probe',
    onLateFailure: 'failure-rule',
    CanceledError: 'context-end',
    DeadlineExceededError: 'context-end',
    dropping: 'sliding-and-dropping',
    onceFunc: 'once-func-and-once-value',
    onceValue: 'once-func-and-once-value',
    sliding: 'sliding-and-dropping',
    todo: 'background',
  },
  'millrace/operators': {
    InvalidItemError: 'decode',
    pauseControls: 'pausable',
    QueueFullError: 'queue',
    StageTrail: 'trail-of',
    UnpacedError: 'on-unpaced',
    strictDemand: 'on-unpaced',
  },
  'millrace/node': { ClientLeftError: 'request-context', EventsLostError: 'events-of', ExitError: 'command', SignalError: 'terminal' },
  'millrace/node/operators': { LineTooLongError: 'lines', NdjsonError: 'ndjson' },
  'millrace/web': {
    EventStreamError: 'event-source',
    OverflowError: 'events-of',
    StatusError: 'fetch-op',
    WebSocketCloseError: 'web-socket-over-sockets',
    idleTicker: 'frame-ticker',
    nextEvent: 'events-of',
    webSocket: 'web-socket-over-sockets',
  },
  'millrace/web/operators': { LineTooLongError: 'lines', NdjsonError: 'ndjson' },
  'millrace/threads': {
    ThreadLostError: 'on-threads',
    UnclonableError: 'on-threads',
    atomicInt32: 'atomics',
    atomicInt64: 'atomics',
    atomicUint32: 'atomics',
    atomicUint64: 'atomics',
    atomicValue: 'atomics',
  },
  'millrace/broker': {
    BlockedKeyError: 'settle',
    ClaimLostError: 'once',
    DrainError: 'drain',
    LeaseLostError: 'memory-broker',
    PoisonError: 'settle',
    RevokedError: 'memory-broker',
    UnsureError: 'once',
    memoryOnce: 'once',
    positionOf: 'from-pull',
    replay: 'replay-letters',
    serve: 'stage',
  },
  'millrace/nats': {
    NatsClosedError: 'bad-input',
    NatsRefusedError: 'bad-input',
    NatsSetupError: 'bad-input',
    NatsTimeoutError: 'bad-input',
    NatsVersionError: 'bad-input',
    UnpublishableError: 'to-nats',
    natsDeadLetters: 'to-nats',
    subjectToken: 'to-nats',
  },
  'millrace/postgres': {
    PostgresAwayError: 'errors',
    PostgresRefusedError: 'errors',
    PostgresSetupError: 'errors',
    PostgresVersionError: 'errors',
    fromPostgres: 'errors',
    inbox: 'transaction',
    outbox: 'transaction',
    postgresDeadLetters: 'errors',
    toPostgres: 'errors',
  },
  'millrace/redis': {
    RedisAwayError: 'errors',
    RedisClosedError: 'errors',
    RedisFullError: 'errors',
    RedisRefusedError: 'errors',
    RedisSetupError: 'errors',
    RedisTooLargeError: 'values',
    RedisVersionError: 'errors',
    fromRedis: 'values',
    redisDeadLetters: 'values',
    toRedis: 'errors',
  },
  'millrace/kafka': {
    KafkaAwayError: 'errors',
    KafkaClosedError: 'errors',
    KafkaRefusedError: 'errors',
    KafkaSetupError: 'errors',
    KafkaTooLargeError: 'errors',
    KafkaVersionError: 'errors',
    fromKafka: 'values',
    kafkaDeadLetters: 'values',
    toKafka: 'values',
  },
  'millrace/testing': {
    BubbleError: 'bubble',
    FaultError: 'faults',
    LawError: 'laws',
    LeakError: 'watch-goroutines',
    MarbleError: 'marbles',
    RaceError: 'rules',
    ScheduleError: 'explore',
    dumpText: 'dump',
    ignoreRaces: 'rules',
    replay: 'explore',
  },
  'millrace/fast-check': { scheduleOf: 'schedule', waits: 'linearizable' },
  'millrace/fp-ts': {
    chainPoolRTE: 'worker-pool',
    chainPoolTE: 'worker-pool',
    mapE: 'either',
    mapLeftE: 'either',
    partitionE: 'either',
    workerPoolRTE: 'worker-pool',
    workerPoolTE: 'worker-pool',
  },
}

/** Folders of tests that are about no single room: whole programs, ports of Go's bugs, the package and its pages. */
const acrossRooms = [
  'api',
  'brokers',
  'consumers',
  'docs',
  'engines',
  'examples',
  'fast-check',
  'go',
  'goker',
  'laws',
  'model',
  'packages',
  'pipelines',
  'programs',
  'support',
  'types',
]

const exported = readJson('test/api/exports.json') as Record<string, string[]>
const files = new Set(
  readdirSync(new URL('test/', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => basename(file, '.test.ts')),
)
const kebab = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()
const foldersOf = (path: string) => {
  const inside = readdirSync(new URL(path, root), { withFileTypes: true })
  return inside.filter((each) => each.isDirectory()).map(({ name }) => name)
}

it.each(entries)('each function of $specifier has a test file named after it', ({ specifier }) => {
  const aliases = together[specifier] ?? {}
  const missing = exported[specifier].filter((name) => !files.has(aliases[name] ?? kebab(name)))
  expect(missing, 'name a test file after each, or say in `together` where it is tested').toEqual([])
})

it('a function that shares a test file is exported and has none of its own', () => {
  for (const [specifier, aliases] of Object.entries(together))
    for (const [name, file] of Object.entries(aliases)) {
      expect(exported[specifier], `${specifier}: ${name} is exported`).toContain(name)
      expect(files.has(kebab(name)) && kebab(name) !== file, `${name} has a file of its own`).toBe(false)
    }
})

it('a folder of tests is named after a room', () => {
  const rooms = ['src', 'src/runtime', 'src/adapters'].flatMap(foldersOf)
  expect(foldersOf('test').filter((folder) => !rooms.includes(folder) && !acrossRooms.includes(folder))).toEqual([])
})
