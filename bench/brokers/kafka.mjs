// Kafka beside the raw client and kafkajs: `node bench/brokers/kafka.mjs [--rounds 5] [--messages 40000] [--only publish,consume]`.
// Needs `npm run build`, `npm run brokers` and, for kafkajs, the peers (`npm run bench -- --install-peers`). One broker, one partition, acks of all.
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findKafka } from '../../scripts/brokers.mjs'
import { compared, freePort } from './compare.mjs'

const rows = {
  publish: ['client, 256 a send', 'client, 1 a send', 'ours', 'kafkajs, 256 a send', 'kafkajs, 1 a send'],
  consume: ['client, a stream', 'ours, a log', 'kafkajs, each batch'],
  through: ['client', 'ours, a log', 'kafkajs'],
}

const java = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-cp', join(findKafka(), '*')]

async function start(folder) {
  const [port, controller] = [await freePort(), await freePort()]
  const config = join(folder, 'server.properties')
  writeFileSync(
    config,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
`,
  )
  execFileSync('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', config], { stdio: 'ignore' })
  const server = spawn('java', [...java, 'kafka.Kafka', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  await new Promise((resolve) => server.stderr.on('data', (given) => (log += given).includes('Kafka Server started') && resolve()))
  return { server, port }
}

await compared({ rows, contender: 'kafka-contender.mjs', messages: 40_000, start })
