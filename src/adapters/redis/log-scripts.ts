/** The scripts of a log: its members, and the owner of a partition, whose steps name the owner and the epoch. */
import { CLOCK, FACTS, PAST, TRIM, type Script } from './scripts.js'

/**
 * Says that a member of a log lives. Key: the members. Arguments: member, lease. Returns the members that live.
 */
export const SEEN: Script = `${CLOCK}
local at = now()
redis.call('ZADD', KEYS[1], at, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - 3600000)
return redis.call('ZRANGEBYSCORE', KEYS[1], at - ARGV[2], '+inf')
`

/** `mine()`: whether the first two arguments are the owner and the epoch of the partition whose state is the second key. */
const FENCE = `
local function mine()
  local is = redis.call('HMGET', KEYS[2], 'owner', 'epoch')
  return is[1] == ARGV[1] and is[2] == ARGV[2]
end
`

/**
 * Takes the ownership of a partition, unless another owner lives. Keys: the stream, the state. Arguments: owner, lease, group.
 * Returns nothing, or the id of the floor, the owners that were sent messages beyond this floor with the one to come, the epoch, the
 * number of entries up to the floor, with those that are known to be deleted after it (-1: not known), and how many of these are news.
 */
export const CLAIM: Script = `${CLOCK}${FACTS}${PAST}
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
redis.call('HSET', state, 'owner', me, 'last', me, 'until', at + ARGV[2], 'epoch', epoch, 'rounds', rounds, 'floor', floor, 'sent', floor)
local known = is[9] == floor and tonumber(is[8])
local count = past(stream, floor) or known or -1
if count >= 0 then redis.call('HSET', state, 'count', count, 'counted', floor) end
return { floor, rounds, epoch, count, known and math.max(0, count - known) or 0 }
`

/**
 * Reads on. Keys as of CLAIM. Arguments: owner, epoch, the last id, the most entries, lease. Returns the entries, or nothing where
 * another owns the partition.
 */
export const PULL: Script = `${CLOCK}${FENCE}
if not mine() then return false end
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[3], '+', 'COUNT', ARGV[4])
redis.call('HSET', KEYS[2], 'until', now() + ARGV[5])
if #entries > 0 then redis.call('HSET', KEYS[2], 'sent', entries[#entries][1]) end
return entries
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
 * the id (-1: not known). Returns 0 where another owns the partition.
 */
export const MARK: Script = `${FENCE}${FACTS}${TRIM}${MARKING}
if not mine() then return 0 end
mark()
return 1
`

/**
 * Moves the mark and reads on. Keys as of CLAIM. Arguments: as of MARK, and then the last id, the most entries and the
 * lease of PULL. Returns the entries, or nothing where another owns the partition.
 */
export const MARK_AND_PULL: Script = `${CLOCK}${FENCE}${FACTS}${TRIM}${MARKING}
if not mine() then return false end
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[7], '+', 'COUNT', ARGV[8])
mark()
redis.call('HSET', KEYS[2], 'until', now() + ARGV[9])
if #entries > 0 then redis.call('HSET', KEYS[2], 'sent', entries[#entries][1]) end
return entries
`

/**
 * Keeps the ownership. Keys as of CLAIM. Arguments: owner, epoch, lease, the last id that was read. Returns the number of entries up to
 * that id, with those after it that were deleted, -1 where it is not known, or nothing where another owns the partition.
 */
export const BEAT: Script = `${CLOCK}${FENCE}${FACTS}${PAST}
if not mine() then return false end
redis.call('HSET', KEYS[2], 'until', now() + ARGV[3])
return past(KEYS[1], ARGV[4]) or -1
`

/** Lets the ownership go. Keys as of CLAIM. Arguments: owner, epoch. */
export const RELEASE: Script = `${FENCE}
if mine() then redis.call('HSET', KEYS[2], 'owner', '', 'sent', '') end
return 1
`
