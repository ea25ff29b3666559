/** `doctor` looks at real servers: what they are, what they lack, and what their settings lose. */
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { createTopicsV7, type Producer } from '@platformatic/kafka'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import type { DoctorReport } from 'millrace/broker'
import { doctor as kafkaDoctor, plan as kafkaPlan } from 'millrace/kafka'
import { doctor as natsDoctor, plan } from 'millrace/nats'
import { doctor as postgresDoctor } from 'millrace/postgres'
import { doctor as redisDoctor, type RedisClient } from 'millrace/redis'
import { kafkaStub } from '../support/kafka-stub.js'
import { natsStub } from '../support/nats-stub.js'
import { clientAt } from './kafka/harness.js'
import { KafkaServer } from './kafka/server.js'
import { servers } from './nats/nats.js'
import { PostgresServer } from './postgres/server.js'
import { RedisServer } from './redis/server.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const anyText = expect.any(String) as string
const nothing = { kill: 'nothing', powerCut: 'nothing' }

describe('a server of NATS', () => {
  const open = servers()
  const accounts = `
    accounts { USERS { jetstream: enabled, users: [{ user: u, password: p }] }, SYS { users: [{ user: s, password: p }] }, PLAIN { users: [{ user: x, password: p }] } }
    system_account: SYS`

  it('has the features of its version, and tells the settings of streams', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'orders' }).apply()
    await plan(nc, { queue: 'passing', storage: 'memory' }).apply()
    const report = await natsDoctor(nc)
    expect(report).toMatchObject({ server: 'nats-server', version: expect.stringMatching(/^2\.\d+/) as string })
    expect(report.features.map(({ name, isThere }) => [name, isThere])).toEqual(
      ['JetStream', 'queues', 'stages elsewhere', 'stores of once', 'logs'].map((name) => [name, true]),
    )
    const lost = 'all messages of the stream'
    expect(report.settings).toEqual([
      { name: 'sync_interval', value: null, kill: 'nothing', powerCut: anyText },
      { name: 'stream "orders"', value: 'file, 1 replica', ...nothing },
      { name: 'stream "passing"', value: 'memory, 1 replica', kill: lost, powerCut: lost },
    ])
    expect(report.warnings).toEqual([
      'sync_interval, which the server does not tell: a power cut loses what streams of one replica have stored for the last sync_interval, 2 minutes by default',
      'stream "passing" = memory, 1 replica: a kill of the server or a power cut loses all messages of the stream',
    ])
  })

  it.each([
    ['', '120 s', 'what streams of one replica have stored for the last 120 s'],
    ['sync_interval: always', 'always', 'nothing'],
  ])('tells sync_interval to the system account: %s', async (line, value, powerCut) => {
    const opened = await open({ config: accounts, jetStream: line })
    const [nc, system] = [await opened.connect({ user: 'u', pass: 'p' }), await opened.connect({ user: 's', pass: 'p' })]
    const { settings } = await natsDoctor(nc, { system })
    expect(settings).toEqual([{ name: 'sync_interval', value, kill: 'nothing', powerCut }])
  })

  it('has no JetStream in an account without it', async () => {
    const nc = await (await open({ config: accounts })).connect({ user: 'x', pass: 'p' })
    const { features, settings, warnings } = await natsDoctor(nc)
    expect(features[0]).toEqual({ name: 'JetStream', needs: 'jetstream in the configuration', isThere: false })
    expect(settings).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/^JetStream: needs jetstream in the configuration, and this is nats-server 2\./)])
  })

  it('is away, or the connection is closed', async () => {
    const opened = await open()
    const nc = await opened.connect()
    await opened.server.kill()
    await expect(natsDoctor(nc, { patience: 400 })).rejects.toMatchObject({
      name: 'NatsTimeoutError',
      message: expect.stringMatching(/^doctor\(nc\): .* for 400 ms$/) as string,
    })
    await nc.close()
    await expect(natsDoctor(nc)).rejects.toMatchObject({ name: 'NatsClosedError' })
    await expect(connect({ port: opened.server.port, reconnect: false })).rejects.toThrow() // it was away
  })
})

describe('a PostgreSQL', () => {
  const opened = async (settings: readonly string[]): Promise<pg.Pool> => {
    const server = new PostgresServer({}, settings)
    closing.push(() => server.close())
    await server.start()
    const pool = new pg.Pool({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' })
    pool.on('error', () => {})
    closing.push(() => pool.end())
    return pool
  }

  it('is well as it comes', async () => {
    const report = await postgresDoctor(await opened(['-c', 'fsync=on']))
    expect(report).toMatchObject({ server: 'PostgreSQL', version: expect.stringMatching(/^\d+/) as string, warnings: [] })
    expect(report.features.map(({ isThere }) => isThere)).toEqual([true, true, true, true])
    expect(report.settings).toEqual([
      { name: 'fsync', value: 'on', ...nothing },
      { name: 'full_page_writes', value: 'on', ...nothing },
      { name: 'synchronous_commit', value: 'on', ...nothing },
    ])
  })

  it('warns of what its settings lose', async () => {
    const { warnings } = await postgresDoctor(await opened(['-c', 'full_page_writes=off', '-c', 'synchronous_commit=off'])) // and fsync
    expect(warnings).toEqual([
      'fsync = off: a power cut loses what the host had not written, and perhaps the whole database',
      'full_page_writes = off: a power cut loses pages that were half written, unless the disk writes them as a whole',
      'synchronous_commit = off: a kill of the server or a power cut loses the commits of the last 0.6 s (three times wal_writer_delay)',
    ])
  })

  it('is away', async () => {
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1 })
    await expect(postgresDoctor(pool, { patience: 150 })).rejects.toMatchObject({ name: 'PostgresAwayError' })
    await pool.end()
  })
})

describe('a Redis', () => {
  const opened = async (settings: readonly string[]): Promise<Redis> => {
    const server = new RedisServer(settings)
    closing.push(() => server.close())
    await server.start()
    const client = new Redis({ host: server.host, port: server.port })
    client.on('error', () => {})
    closing.push(() => {
      client.disconnect()
    })
    return client
  }

  it('is well where each write is on the disk', async () => {
    const report = await redisDoctor(await opened([]))
    expect(report).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/) as string, warnings: [] })
    expect(report.features.map(({ isThere }) => isThere)).toEqual([true, true, true])
    expect(report.settings).toEqual([
      { name: 'appendonly', value: 'yes', ...nothing },
      { name: 'appendfsync', value: 'always', ...nothing },
      { name: 'maxmemory-policy', value: 'noeviction', ...nothing },
    ])
  })

  it('warns of what its settings lose', async () => {
    const usual = await redisDoctor(await opened(['--appendfsync', 'everysec', '--maxmemory-policy', 'allkeys-lru']))
    expect(usual.warnings).toEqual([
      'appendfsync = everysec: a power cut loses about the last second',
      'maxmemory-policy = allkeys-lru: a server whose memory is full drops streams, with messages that nobody has settled; use noeviction',
    ])
    const { warnings } = await redisDoctor(await opened(['--appendonly', 'no']))
    expect(warnings).toEqual(['appendonly = no: a kill of the server or a power cut loses everything since the last snapshot'])
  })

  it('does not tell appendfsync where CONFIG is forbidden', async () => {
    const client = await opened(['--rename-command', 'CONFIG', ''])
    const { settings, warnings } = await redisDoctor(client)
    expect(settings[1]).toEqual({ name: 'appendfsync', value: null, kill: 'nothing', powerCut: 'about the last second, or more' })
    expect(warnings).toEqual(['appendfsync, which the server does not tell: a power cut loses about the last second, or more'])
  })

  it('is away, or the client is closed', async () => {
    const client = new Redis({ host: '127.0.0.1', port: 1 })
    client.on('error', () => {})
    await expect(redisDoctor(client, { patience: 150 })).rejects.toMatchObject({ name: 'RedisAwayError' })
    client.disconnect()
    const closed = await opened([])
    await closed.quit()
    await expect(redisDoctor(closed)).rejects.toMatchObject({ name: 'RedisClosedError' })
  })
})

describe('a Kafka', () => {
  const opened = async (config: readonly string[] = []): Promise<{ readonly server: KafkaServer; readonly client: Producer }> => {
    const server = new KafkaServer({ config })
    closing.push(() => server.close())
    await server.start()
    const client = clientAt(server.address)
    closing.push(() => client.close())
    return { server, client }
  }
  const creates = async (client: Producer, name: string, settings: Readonly<Record<string, string>>): Promise<void> => {
    const [broker] = [...(await client.metadata({ topics: [], forceUpdate: true })).brokers.values()]
    const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
    const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs }
    await createTopicsV7.api.async(await client.connections.get(broker), [topic], 10_000, false)
    const known = () => client.metadata({ topics: [name], forceUpdate: true }).then(Boolean, () => false)
    while (!(await known())); // the broker comes to know it later than its controller
  }

  it('is well where each write is on the disk and nothing is deleted, and warns of what the usual settings lose', async () => {
    const { client, server } = await opened()
    await creates(client, 'safe', { 'flush.messages': '1', 'retention.ms': '-1' })
    const safe = await kafkaDoctor(client, { log: 'safe' })
    expect(safe).toMatchObject({ server: 'Kafka', version: '4.0 or later', warnings: [] })
    expect(safe.features.map(({ name, isThere }) => [name, isThere])).toEqual(['logs', 'publishing', 'groups'].map((name) => [name, true]))
    expect(safe.settings).toEqual([{ name: 'topic "safe"', value: '1 replica, min.insync.replicas 1, flush.messages 1', ...nothing }])

    await kafkaPlan(client, { log: 'usual' }).apply()
    await creates(client, 'latest', { 'cleanup.policy': 'compact', 'flush.ms': '500' })
    await creates(client, 'small', { 'retention.bytes': '1000', 'retention.ms': '-1', 'min.insync.replicas': '2', 'flush.messages': '1' })
    expect((await kafkaDoctor(client)).warnings).toEqual([
      'topic "latest" = 1 replica, min.insync.replicas 1: a power cut loses what a server has stored for the last 500 ms',
      'topic "usual" = 1 replica, min.insync.replicas 1: a power cut loses what the disk of a server did not have yet',
      'topic "latest" deletes all but the last message of a key, settled or not (cleanup.policy compact)',
      'topic "small" deletes what is more than 1000 bytes of a partition, settled or not (retention.bytes)',
      'topic "small" takes no messages: min.insync.replicas 2, and it has 1',
      'topic "usual" deletes messages after 168 h, settled or not (retention.ms)',
    ])
    expect((await kafkaDoctor(client, { log: 'absent' })).warnings).toEqual([
      'the topic "absent" is missing: plan(client, { log }).apply() creates it',
    ])

    await server.kill()
    await expect(kafkaDoctor(client, { patience: 400 })).rejects.toMatchObject({ name: 'KafkaAwayError' })
    await client.close()
    await expect(kafkaDoctor(client)).rejects.toMatchObject({ name: 'KafkaClosedError' })
  })

  it('may deal no partitions', async () => {
    const { client } = await opened(['group.coordinator.rebalance.protocols=classic'])
    expect((await kafkaDoctor(client)).warnings).toEqual(['groups: needs group.version 1, and this is Kafka 4.0 or later'])
  })

  const safe = { 'min.insync.replicas': '2', 'unclean.leader.election.enable': 'false', 'retention.ms': '-1', 'cleanup.policy': 'delete' }
  const out = 'topic "topic"'
  it.each([
    ['two of three copies', { replicas: 3, settings: safe }, []],
    [
      'one of three copies',
      { replicas: 3, settings: { ...safe, 'min.insync.replicas': '1' } },
      [
        `${out} = 3 replicas, min.insync.replicas 1: a power cut loses what the disk of a server did not have yet, where no other replica was in sync`,
      ],
    ],
    [
      'a leader that was out of sync',
      { replicas: 3, settings: { ...safe, 'unclean.leader.election.enable': 'true' } },
      [
        `${out} = 3 replicas, min.insync.replicas 2, unclean leader election: a kill of the server or a power cut loses what the next leader has not, where it was out of sync`,
      ],
    ],
    [
      'too few copies in sync',
      { replicas: 3, inSync: 1, settings: safe },
      [`${out} takes no messages now: min.insync.replicas 2, and 1 of 3 replicas in sync`],
    ],
    [
      'settings that are not told',
      { replicas: 1, settings: null },
      [`${out}, which the server does not tell: a power cut loses what the disk of a server did not have yet`],
    ],
  ])('with %s', async (_name, stub, warnings) => {
    expect((await kafkaDoctor(kafkaStub(stub))).warnings).toEqual(warnings)
  })
})

/** As servers answer that are too old to be at hand. */
describe('an old server', () => {
  const missing = ({ features }: DoctorReport): readonly string[] =>
    features.filter(({ isThere }) => !isThere).map(({ name, needs }) => `${name}: ${needs}`)

  it('of NATS has queues, and no logs and no stores of once', async () => {
    const nc = { ...natsStub(), info: { version: '2.9.10' } } as NatsConnection // as far as it is read
    expect(missing(await natsDoctor(nc)).slice(1)).toEqual(['stores of once: nats-server 2.11.0', 'logs: nats-server 2.14.0'])
  })

  it('of Kafka has no logs', async () => {
    const report = await kafkaDoctor(kafkaStub({ versions: { ConsumerGroupHeartbeat: 0 } }))
    expect(report.version).toBe('before 4.0')
    expect(missing(report)).toEqual(['logs: Kafka 4.0'])
    expect(report.warnings[0]).toBe('logs: needs Kafka 4.0, and this is Kafka before 4.0')
  })

  it('of PostgreSQL has nothing, and may be a standby', async () => {
    const on = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' }
    const query = () => Promise.resolve({ rows: [{ number: 90_603, name: '9.6.3', ...on, is_standby: true }] })
    const report = await postgresDoctor({ query })
    expect(missing(report)).toEqual(['queues', 'logs', 'stores of once', 'inbox and outbox'].map((name) => `${name}: PostgreSQL 12`))
    expect(report.warnings).toContain('queues: needs PostgreSQL 12, and this is PostgreSQL 9.6.3')
    expect(report.warnings.at(-1)).toBe('this server is a standby, which stores nothing: connect to the primary')
  })

  it('of Redis has nothing; a Valkey has its own version', async () => {
    const clientThat = (info: string): RedisClient => ({
      call: (command) => Promise.resolve(command === 'info' ? info : ['appendfsync', 'always']),
      duplicate: () => ({ call: () => Promise.resolve(null), on() {}, disconnect() {} }),
    })
    const old = await redisDoctor(clientThat('redis_version:6.0.16\r\naof_enabled:1'))
    expect(missing(old)).toEqual(['queues', 'logs', 'stores of once'].map((name) => `${name}: Redis 6.2`))
    const valkey =
      'redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nrole:slave\r\naof_enabled:1\r\naof_last_write_status:err'
    expect(await redisDoctor(clientThat(valkey))).toMatchObject({
      server: 'Valkey',
      version: '8.0.1',
      warnings: [
        'this server is a replica, which stores nothing: connect to the primary',
        'the server cannot write its append-only file: is its disk full?',
      ],
    })
  })
})
