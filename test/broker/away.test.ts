/** Errors that pass by: the adapters wait for the server, in the order of their calls, and do not fail. */
import { describe, expect, it } from 'vitest'
import { plan as postgresPlan, type PostgresPool } from 'millrace/postgres'
import { plan as redisPlan, type RedisClient } from 'millrace/redis'

const unreached = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'ENOTFOUND', 'EAI_AGAIN'] // prettier-ignore

/** A call that fails with these errors, one after the other, before it answers. */
function failing<A extends readonly unknown[], R>(errors: readonly Error[], answer: (...args: A) => R) {
  const left = [...errors]
  return (...args: A): Promise<R> => {
    const error = left.shift()
    return error === undefined ? Promise.resolve(answer(...args)) : Promise.reject(error)
  }
}

const coded = (code: string): Error => Object.assign(new Error(`the server said ${code}`), { code })

describe('PostgreSQL', () => {
  const poolThat = (errors: readonly Error[]): PostgresPool => {
    const query = failing(errors, () => ({ rows: [{ number: 150_018, name: '15.18', is_there: false }] }))
    return { query, connect: () => Promise.resolve({ query, on() {}, release() {} }) }
  }
  /** The server shuts down, starts, has a full disk, no memory, no connection left, is a standby. */
  const states = ['57P01', '57P02', '57P03', '53100', '53200', '53300', '25006', '08006']
  const texts = ['Connection terminated unexpectedly', 'timeout expired', 'Query read timeout']

  it.each([...unreached, ...states].map(coded).concat(texts.map((text) => new Error(text))))('waits after %s', async (error) => {
    expect(await postgresPlan(poolThat([error]), { queue: 'users' }).check()).toHaveLength(2)
  })

  it('fails at once after what does not pass by', async () => {
    const pool = poolThat([coded('42501')])
    await expect(postgresPlan(pool, { queue: 'users' }).check()).rejects.toMatchObject({ name: 'PostgresRefusedError', code: '42501' })
  })

  it('fails after its patience, with the words of the server', async () => {
    const pool = poolThat(Array.from({ length: 99 }, () => coded('53100')))
    await expect(postgresPlan(pool, { queue: 'users', patience: 150 }).check()).rejects.toMatchObject({
      name: 'PostgresAwayError',
      message: 'plan(): the server was away for 150 ms: Error: the server said 53100',
    })
  })
})

describe('Redis', () => {
  const clientThat = (errors: readonly Error[]): RedisClient => ({
    call: failing(errors, (command) => (command === 'info' ? 'redis_version:7.0.15' : command === 'script' ? 'digest' : ['none'])),
    duplicate: () => ({ call: () => Promise.resolve(null), on() {}, disconnect() {} }),
  })
  const reply = (text: string): Error => Object.assign(new Error(text), { name: 'ReplyError' })
  const replies = [
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'MISCONF Errors writing to the AOF file: No space left on device',
    'NOREPLICAS Not enough good replicas to write.',
    'ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -MISCONF Errors writing to the AOF file', // Redis 6
  ]

  const ofClusters = [
    'Too many Cluster redirections. Last error: Error: Connection is closed.',
    'Failed to refresh slots cache.',
    "Cluster isn't ready and enableOfflineQueue options is false",
    'None of startup nodes is available',
  ]

  it.each([...unreached.map(coded), ...replies.map(reply), ...ofClusters.map((text) => new Error(text))])(
    'waits after %s',
    async (error) => {
      expect(await redisPlan(clientThat([error]), { queue: 'users' }).check()).toHaveLength(1)
    },
  )

  it('says that the client of a cluster is closed, whose commands wait forever', async () => {
    const client = { call: () => new Promise(() => {}), nodes: () => [], status: 'close' }
    await expect(redisPlan(client, { queue: 'users' }).check()).rejects.toMatchObject({ name: 'RedisClosedError' })
  })

  const full = "OOM command not allowed when used memory > 'maxmemory'."
  const ofScript = `ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -${full}` // Redis 6
  it.each([full, ofScript])('fails at once after what does not pass by: %s', async (text) => {
    const client = clientThat([reply(text)])
    await expect(redisPlan(client, { queue: 'users' }).check()).rejects.toMatchObject({ name: 'RedisRefusedError', code: 'OOM' })
  })
})
