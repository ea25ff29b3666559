/**
 * The scripts of a log: its members, and the owner of a partition, whose steps name the owner and the epoch. They write
 * also while the memory of the server is full: a log that is worked off with `remove` frees it.
 */
import { ALLOW, CLOCK, FACTS, PAST, TRIM, type Script } from './scripts.js'

/**
 * Says that a member of a log lives. Key: the members. Arguments: member, lease. Returns the members that live.
 */
export const SEEN: Script = `${CLOCK}${ALLOW}
local at = now()
allows(KEYS[1])
redis.call('ZADD', KEYS[1], at, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - 3600000)
return redis.call('ZRANGEBYSCORE', KEYS[1], at - ARGV[2], '+inf')
`

/**
 * `mine()`: whether the first two arguments are the owner and the epoch of the partition whose state is the second key, which
 * may be written then.
 */
const FENCE = `${ALLOW}
local function mine()
  local is = redis.call('HMGET', KEYS[2], 'owner', 'epoch')
  if is[1] ~= ARGV[1] or is[2] ~= ARGV[2] then return false end
  allows(KEYS[2])
  return true
end
`

/**
 * Takes the ownership of a partition, unless another owner lives. Keys: the stream, the state. Arguments: owner, lease, group.
 * Returns nothing, or the id of the floor, the owners that were sent messages beyond this floor with the one to come, the epoch, the
 * number of entries up to the floor, with those that are known to be deleted after it (-1: not known), and how many of these are news.
 */
export const CLAIM: Script = `${CLOCK}${ALLOW}${FACTS}${PAST}
local stream, state, me, at = KEYS[1], KEYS[2], ARGV[1], now()
local group = groupOf(stream, ARGV[3])
if not group then return redis.error_reply('NOGROUP no such group') end
local floor = group['last-delivered-id']
local is = redis.call('HMGET', state, 'owner', 'until', 'epoch', 'last', 'rounds', 'floor', 'sent', 'count', 'counted')
if is[1] and is[1] ~= '' and is[1] ~= me and tonumber(is[2]) > at then return false end
local rounds = tonumber(is[5]) or 0
if is[4] ~= me then
  if is[6] ~= floor then rounds = 1 elseif is[7] and is[7] ~= '' and is[7] ~= floor then rounds = rounds + 1 end
end
local epoch = (tonumber(is[3]) or 0) + 1
allows(state)
redis.call('HSET', state, 'owner', me, 'last', me, 'until', at + ARGV[2], 'epoch', epoch, 'rounds', rounds, 'floor', floor, 'sent', floor, 'from', floor, 'most', 0)
local known = is[9] == floor and tonumber(is[8])
local count = past(stream, floor) or known or -1
if count >= 0 then redis.call('HSET', state, 'count', count, 'counted', floor) end
return { floor, rounds, epoch, count, known and math.max(0, count - known) or 0 }
`

/**
 * `sends(last, most, lease)`: the owner is sent the first entries after an id. The state has `from`, this id, `most`, and `sent`, the last
 * entry of the stream, so that the entries themselves are read by XRANGE after the script: through a script they cost the server seven
 * times as much. Returns `sent`, beyond which nothing may be read.
 */
const SENDING = `
local function sends(last, most, lease)
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '(' .. last, 'COUNT', 1)[1]
  local sent = newest and newest[1] or last
  redis.call('HSET', KEYS[2], 'until', now() + lease, 'from', last, 'most', most, 'sent', sent)
  return sent
end
`

/**
 * Reads on. Keys as of CLAIM. Arguments: owner, epoch, the last id, the most entries, lease. Returns the id up to which entries may be
 * read, or nothing where another owns the partition.
 */
export const PULL: Script = `${CLOCK}${FENCE}${SENDING}
if not mine() then return false end
return sends(ARGV[3], ARGV[4], ARGV[5])
`

/** `read(last)`: the owner has the messages up to an id, and no later ones. */
const READ = `
local function read(last)
  redis.call('HSET', KEYS[2], 'from', last, 'most', 0, 'sent', last)
end
`

/** `mark()`: moves the mark, as the arguments of MARK say. */
const MARKING = `
local function mark()
  redis.call('XGROUP', 'SETID', KEYS[1], ARGV[4], ARGV[3])
  if ARGV[6] ~= '-1' then redis.call('HSET', KEYS[2], 'count', ARGV[6], 'counted', ARGV[3]) end
  if ARGV[5] == '1' then trim(KEYS[1]) end
end
`

/**
 * Moves the mark, and with it the group. Keys as of CLAIM. Arguments: owner, epoch, id, group, removes, the number of entries up to
 * the id (-1: not known), and the last id that was read. Returns 0 where another owns the partition.
 */
export const MARK: Script = `${FENCE}${FACTS}${TRIM}${MARKING}${READ}
if not mine() then return 0 end
mark()
read(ARGV[7])
return 1
`

/**
 * Moves the mark and reads on. Keys as of CLAIM. Arguments: as of MARK, and then the most entries and the lease
 * of PULL. Returns as PULL.
 */
export const MARK_AND_PULL: Script = `${CLOCK}${FENCE}${FACTS}${TRIM}${MARKING}${SENDING}
if not mine() then return false end
mark()
return sends(ARGV[7], ARGV[8], ARGV[9])
`

/**
 * Keeps the ownership. Keys as of CLAIM. Arguments: owner, epoch, lease, the last id that was read. Returns the number of entries up to
 * that id, with those after it that were deleted, -1 where it is not known, or nothing where another owns the partition.
 */
export const BEAT: Script = `${CLOCK}${FENCE}${FACTS}${PAST}${READ}
if not mine() then return false end
redis.call('HSET', KEYS[2], 'until', now() + ARGV[3])
read(ARGV[4])
return past(KEYS[1], ARGV[4]) or -1
`

/** Lets the ownership go. Keys as of CLAIM. Arguments: owner, epoch. */
export const RELEASE: Script = `${FENCE}
if mine() then redis.call('HSET', KEYS[2], 'owner', '', 'sent', '') end
return 1
`
