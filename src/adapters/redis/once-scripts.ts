/** The scripts of the store of `once`. */
import { ALLOW, CLOCK, type Script } from './scripts.js'

/**
 * Claims an id. Key: that of the id. Arguments: owner, lease, within. Returns `done`, `busy` with the ms of the lease, or
 * `claimed` with 1 where another owner had the id and neither finished nor released.
 */
export const ONCE_CLAIM: Script = `${CLOCK}
local is, at = redis.call('HMGET', KEYS[1], 'owner', 'until'), now()
if is[1] == '' then return { 'done' } end
local isOther = is[1] and is[1] ~= ARGV[1]
if isOther and tonumber(is[2]) > at then return { 'busy', tonumber(is[2]) - at } end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', at + ARGV[2])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(ARGV[2], ARGV[3])))
return { 'claimed', isOther and 1 or 0 }
`

/**
 * The effect of an id has happened: its owner is the empty text, until the key expires; also while the memory of the
 * server is full. Key: that of the id. Argument: within.
 */
export const ONCE_FINISH: Script = `${ALLOW}
allows(KEYS[1])
redis.call('HSET', KEYS[1], 'owner', '', 'until', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`

/** Frees an id. Key: that of the id. Argument: owner. */
export const ONCE_RELEASE: Script = `
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`
