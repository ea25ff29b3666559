/** A client of Redis without a server: every stream has the group, and stores what is published; this number of messages waits in each. */
import type { RedisClient } from 'millrace/redis'

type Args = readonly (string | number)[]

export function redisStub(messages = 0): RedisClient {
  let next = 0
  let unblock = (): void => undefined
  /** The arguments of a script, without its text and its keys. */
  const argsOf = (args: Args): Args => args.slice(2 + Number(args[1]))
  const taken = (most: unknown): unknown[] => {
    const entries: unknown[] = []
    for (; next < messages && entries.length < Number(most); next++)
      entries.push([`1577836800000-${next}`, ['value', String(next), 'key', 'k'], 1])
    return entries
  }
  const read = (args: Args): unknown => {
    if (args.includes('BLOCK')) return new Promise((resolve) => (unblock = () => resolve(null)))
    const entries = taken(args[4])
    return entries.length === 0 ? null : [['in', entries]]
  }
  /** A script is known by its text, which is its digest here. */
  const scripts: readonly (readonly [text: RegExp, reply: (args: Args) => unknown])[] = [
    [/'TYPE'/, () => ['stream', 'millrace']],
    [/'XREADGROUP'/, ([, , most]) => [taken(most), -1, '-', 0]],
    [/'XADD'/, (args) => Array.from({ length: (args.length - 4) / 4 }, (_, i) => `1577836800000-${i}`)],
    [/local held/, () => ['0-0', 0, '', '', 0, 0, 0, 0]],
    [/#entries/, () => [0, '0-0']],
    [/lost\[/, () => []],
    [/'HMGET', KEYS\[1\]/, () => ['claimed', 0]],
    [/'ZRANGEBYSCORE', KEYS\[1\]/, ([member]) => [member]],
    [/no such group/, () => null],
  ]
  const replies: Readonly<Record<string, (args: Args) => unknown>> = {
    info: () => 'redis_version:7.0.15\r\n',
    script: ([, text]) => text,
    evalsha: (args) => {
      const [text] = args
      return scripts.find(([known]) => known.test(String(text)))?.[1](argsOf(args)) ?? 1
    },
    xreadgroup: read,
    client: ([what]) => {
      if (what === 'UNBLOCK') unblock()
      return 1
    },
  }
  const call = (command: string, args: Args): Promise<unknown> => Promise.resolve(command in replies ? replies[command](args) : 'OK')
  return { call, duplicate: () => ({ call, on() {}, disconnect: () => unblock() }) }
}
