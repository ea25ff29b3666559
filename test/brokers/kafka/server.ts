/** A Kafka of its own for a suite, with listeners for links that can be cut: a client follows the address that a broker advertises. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaClasses } from '../../../scripts/brokers.mjs'
import { freePort } from '../processes.js'
import { ServerProcess, type ServerPlace } from '../server-process.js'

/** The files of a folder that was formatted, which is done by a JVM and takes seconds. */
const formatted = new Map<string, Buffer>()

/** An address of the server that is advertised as another: that of a proxy. */
export interface Slot {
  readonly port: number
  readonly advertised: number
}

const JVM = ['-Xms192m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const CLUSTER = 'MkU3OEVBNTcwNTJENDM2Qk'

export interface KafkaSettings extends ServerPlace {
  /** ms without a beat after which a member has lost its partitions. */
  readonly session?: number
  /** ms between two beats of a member; default: a fifth of the session, at most 5000. */
  readonly beat?: number
  readonly slots?: number
  /** Further lines of the configuration. */
  readonly config?: readonly string[]
}

export class KafkaServer extends ServerProcess {
  port = 0
  /** Of the listener that asks for the user `ada` with the password `secret`. */
  lockedPort = 0
  private readonly _free: Slot[] = []

  readonly host: string

  constructor(private readonly _settings: KafkaSettings = {}) {
    super('kafka', _settings.folder)
    this.host = _settings.host ?? '127.0.0.1'
  }

  private get _data(): string {
    return join(this.folder, 'data')
  }
  get address(): string {
    return `${this.host}:${this.port}`
  }

  /** Starts the server, on the same ports and files as before. */
  async start(): Promise<void> {
    const config = join(this.folder, 'server.properties')
    const classes = kafkaClasses()
    if (!existsSync(config)) {
      writeFileSync(config, (await this._configured()).join('\n'))
      if (formatted.size > 0) {
        mkdirSync(this._data)
        for (const [name, bytes] of formatted) writeFileSync(join(this._data, name), bytes)
      } else {
        const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', config]
        execFileSync('java', [...JVM, ...classes, ...format], { stdio: 'pipe' })
        for (const name of readdirSync(this._data)) formatted.set(name, readFileSync(join(this._data, name)))
      }
    }
    const child = spawn('java', [...JVM, ...classes, 'kafka.Kafka', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    await this.ready(child, child.stderr, 'Kafka Server started')
  }

  private async _configured(): Promise<readonly string[]> {
    const { session = 45_000, beat = Math.min(5000, Math.ceil(session / 5)), slots = 0, config = [] } = this._settings
    const controller = await freePort()
    this.port = await freePort()
    this.lockedPort = await freePort()
    for (let n = 0; n < slots; n++) this._free.push({ port: await freePort(), advertised: await freePort() })
    const links = this._free.map(({ port, advertised }, n) => ({ name: `LINK${n}`, port, advertised, protocol: 'PLAINTEXT' }))
    const listeners = [
      { name: 'PLAINTEXT', port: this.port, advertised: this.port, protocol: 'PLAINTEXT' },
      { name: 'LOCKED', port: this.lockedPort, advertised: this.lockedPort, protocol: 'SASL_PLAINTEXT' },
      ...links,
    ]
    const at = (name: string, port: number): string => `${name}://${name === 'PLAINTEXT' ? this.host : '127.0.0.1'}:${port}`
    return [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      `listeners=${[at('CONTROLLER', controller), ...listeners.map(({ name, port }) => at(name, port))].join(',')}`,
      `advertised.listeners=${listeners.map(({ name, advertised }) => at(name, advertised)).join(',')}`,
      `listener.security.protocol.map=${['CONTROLLER:PLAINTEXT', ...listeners.map(({ name, protocol }) => `${name}:${protocol}`)].join(',')}`,
      'controller.listener.names=CONTROLLER',
      'inter.broker.listener.name=PLAINTEXT',
      'sasl.enabled.mechanisms=PLAIN',
      'listener.name.locked.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_ada="secret";',
      `log.dirs=${this._data}`,
      'auto.create.topics.enable=false',
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'transaction.state.log.num.partitions=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      // The registration of a broker that was killed must end before it comes back.
      'broker.session.timeout.ms=1000',
      'broker.heartbeat.interval.ms=200',
      `group.consumer.min.session.timeout.ms=${session}`,
      `group.consumer.session.timeout.ms=${session}`,
      `group.consumer.min.heartbeat.interval.ms=${beat}`,
      `group.consumer.heartbeat.interval.ms=${beat}`,
      ...config,
    ]
  }

  /** An address for a proxy, until it is given back. */
  take(): Slot {
    const slot = this._free.pop()
    if (slot === undefined) throw new Error('no address is free')
    return slot
  }
  giveBack(slot: Slot): void {
    this._free.push(slot)
  }
}
