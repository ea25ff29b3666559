/**
 * The scripts of the adapter: each is one step at the server, so that nothing comes between a look and a change. They name
 * their keys, all of one slot, and go by the clock of the server.
 */

/** The text of a script, in Lua. */
export type Script = string & { readonly isScript?: true }

/** `now()`: Unix time of the server in ms. */
export const CLOCK = `
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
`

/**
 * `allows(key)`: from here on the script may write while the memory of the server is full. A server refuses a command that may need
 * memory only as the first write of a script, and PERSIST needs none: it has no effect on a key that does not expire. The flag `allow-oom`
 * of scripts would say the same, from Redis 7 on.
 */
export const ALLOW = `
local function allows(key) redis.call('PERSIST', key) end
`

/**
 * `before(a, b)`: the order of ids. `factsOf(reply)`: names and values as a table. `groupOf(stream, name)`: the facts of a group, or nil.
 */
export const FACTS = `
local function factsOf(reply)
  local is = {}
  for i = 1, #reply, 2 do is[reply[i]] = reply[i + 1] end
  return is
end
local function groupOf(stream, name)
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local is = factsOf(group)
    if is['name'] == name then return is end
  end
end
local function parts(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end
local function before(a, b)
  local am, an = parts(a)
  local bm, bn = parts(b)
  return am < bm or (am == bm and an < bn)
end
`

/**
 * `past(stream, last)`: the entries that the stream has had up to an id, and those after it that were deleted; nil where that is not
 * known: before Redis 7, and while entries both before and after the id are there.
 */
export const PAST = `
local function past(stream, last)
  local is = factsOf(redis.call('XINFO', 'STREAM', stream))
  local added, first = is['entries-added'], is['first-entry']
  if not added then return nil end
  if is['last-generated-id'] == last then return added end
  if first and not before(last, first[1]) then return nil end
  return added - is['length']
end
`

/** `trim(stream)`: drops the entries that all groups have settled. */
export const TRIM = `
local function trim(stream)
  local first
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local is = factsOf(group)
    local ms, n = parts(is['last-delivered-id'])
    local open = string.format('%.0f-%.0f', ms, n + 1)
    if is['pending'] > 0 then open = redis.call('XPENDING', stream, is['name'], '-', '+', 1)[1][1] end
    if not first or before(open, first) then first = open end
  end
  if first then redis.call('XTRIM', stream, 'MINID', first) end
end
`

/**
 * The hash `reads` has in `settled` how many entries were settled, or reported as deleted: with those that are delivered and not settled
 * they are all up to the last that was delivered.
 */
const QUEUE = `
local stream, later, reads, group, me = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
`

/** `missed()`: how many entries were deleted before they were settled, since the last look. */
const MISSED = `
local function missed()
  local is = groupOf(stream, group)
  local all = is and past(stream, is['last-delivered-id'])
  if not all then return 0 end
  local settled = redis.call('HGET', reads, 'settled')
  local should = all - is['pending']
  if settled and should == tonumber(settled) then return 0 end
  allows(reads)
  redis.call('HSET', reads, 'settled', should)
  return settled and math.max(0, should - settled) or 0
end
`

/**
 * Takes messages: those whose pause is over, those whose lease has ended where `reclaims` is 1, new ones. Keys: the stream, the pauses,
 * the reads. Arguments: group, consumer, the number of places, lease, reclaims, the cursor of the look for leases, removes.
 * Returns the entries with their attempts, ms until the next pause is over (-1: none), the next cursor, and the number of messages that
 * were found to be deleted before they were settled.
 */
export const TAKE: Script = `${CLOCK}${ALLOW}${FACTS}${PAST}${TRIM}${QUEUE}${MISSED}
local most, lease, reclaims, cursor, removes = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]
local at, out = now(), {}
local lost = reclaims == '1' and missed() or 0
local function claim(id)
  local entry = redis.call('XCLAIM', stream, group, me, 0, id)[1]
  if entry then
    local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
    out[#out + 1] = { id, entry[2], pending[4] }
  else
    redis.call('XACK', stream, group, id)
  end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', at, 'LIMIT', 0, most)) do
  redis.call('ZREM', later, id)
  if redis.call('XPENDING', stream, group, id, id, 1)[1] then claim(id) end
end
if reclaims == '1' then
  local page = redis.call('XPENDING', stream, group, 'IDLE', lease, cursor, '+', 100)
  cursor = '-'
  for i, pending in ipairs(page) do
    if #out >= most then
      cursor = i > 1 and '(' .. page[i - 1][1] or '-'
      break
    end
    if not redis.call('ZSCORE', later, pending[1]) then claim(pending[1]) end
    if i == 100 then cursor = '(' .. pending[1] end
  end
  if removes == '1' then trim(stream) end
end
if #out < most then
  local read = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', most - #out, 'STREAMS', stream, '>')
  if read then
    for _, entry in ipairs(read[1][2]) do out[#out + 1] = { entry[1], entry[2], 1 } end
  end
end
local due = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')[2]
return { out, due and math.max(0, math.ceil(due - at)) or -1, cursor, lost }
`

/**
 * Settles messages. Keys as of TAKE. Arguments: group, consumer, removes, the number of ids that are done, these ids, and for
 * each other message id, attempt, pause in ms, and 1 where the attempt does not count. Only the holder of an attempt can give
 * a message back.
 */
export const SETTLE: Script = `${CLOCK}${QUEUE}
local done = tonumber(ARGV[4])
if done > 0 then
  local ids = { unpack(ARGV, 5, 4 + done) }
  local n = redis.call('XACK', stream, group, unpack(ids))
  if redis.call('HEXISTS', reads, 'settled') == 1 then redis.call('HINCRBY', reads, 'settled', n) end
  if ARGV[3] == '1' and #redis.call('XINFO', 'GROUPS', stream) == 1 then redis.call('XDEL', stream, unpack(ids)) end
end
local at = now()
for i = 5 + done, #ARGV, 4 do
  local id, attempt = ARGV[i], tonumber(ARGV[i + 1])
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if pending and pending[2] == me and pending[4] == attempt then
    redis.call('XCLAIM', stream, group, 'millrace:later', 0, id, 'RETRYCOUNT', attempt - ARGV[i + 3], 'JUSTID')
    redis.call('ZADD', later, at + ARGV[i + 2], id)
  end
end
return 1
`

/**
 * Keeps the leases of messages. Key: the stream. Arguments: group, consumer, and for each message id and attempt. Returns which
 * of the messages are no longer the consumer's: the first is 1.
 */
export const KEEP: Script = `
local stream, group, me = KEYS[1], ARGV[1], ARGV[2]
local mine, lost, kept = {}, {}, {}
for _, pending in ipairs(redis.call('XPENDING', stream, group, '-', '+', 100000, me)) do mine[pending[1]] = pending[4] end
for i = 3, #ARGV, 2 do
  if mine[ARGV[i]] == tonumber(ARGV[i + 1]) then kept[#kept + 1] = ARGV[i] else lost[#lost + 1] = (i - 1) / 2 end
end
for i = 1, #kept, 1000 do
  local ids = { unpack(kept, i, math.min(i + 999, #kept)) }
  ids[#ids + 1] = 'JUSTID'
  redis.call('XCLAIM', stream, group, me, 0, unpack(ids))
end
return lost
`

/**
 * Forgets consumers that have nothing: the given one, and those of this package that were idle for an hour. Key: the
 * stream. Arguments: group, consumer.
 */
export const LEAVE: Script = `
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local is = {}
  for i = 1, #row, 2 do is[row[i]] = row[i + 1] end
  local isOld = string.sub(is['name'], 1, 9) == 'millrace:' and is['idle'] > 3600000
  if is['pending'] == 0 and (is['name'] == ARGV[2] or isOld) then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], is['name']) end
end
return 1
`

/**
 * Stores messages. Keys: the stream, the ids that it had. Arguments: limit (0: none), MAXLEN or MINID or nothing, how many or
 * ms, ms for which ids are known, and for each message its id, value, key and headers; id, key and headers begin with + where
 * they are given. Returns for each message its place, `full`, `known`, the error of the server after a !, or `behind` where an
 * earlier message of its key was refused. Nothing is written before the first XADD: a server whose memory is full would let it pass.
 */
export const PUBLISH: Script = `${CLOCK}
local stream, ids = KEYS[1], KEYS[2]
local limit, how, threshold, within = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local at, out, refused = now(), {}, {}
local size = limit > 0 and redis.call('XLEN', stream) or 0
if how == 'MINID' then threshold = string.format('%.0f', math.max(0, at - threshold)) end
local function given(text) return string.sub(text, 1, 1) == '+' and string.sub(text, 2) or nil end
local function isKnown(id)
  local since = redis.call('ZSCORE', ids, id)
  return since and tonumber(since) > at - within
end
for i = 5, #ARGV, 4 do
  local id, key, headers = given(ARGV[i]), given(ARGV[i + 2]), given(ARGV[i + 3])
  if key and refused[key] then
    out[#out + 1] = 'behind'
  elseif id and isKnown(id) then
    out[#out + 1] = 'known'
  elseif limit > 0 and size >= limit then
    out[#out + 1] = 'full'
    if key then refused[key] = true end
  else
    local entry = { stream }
    if how ~= '' then
      entry[2], entry[3], entry[4] = how, '~', threshold
    end
    entry[#entry + 1] = '*'
    entry[#entry + 1] = 'value'
    entry[#entry + 1] = ARGV[i + 1]
    if key then
      entry[#entry + 1] = 'key'
      entry[#entry + 1] = key
    end
    if headers then
      entry[#entry + 1] = 'headers'
      entry[#entry + 1] = headers
    end
    local stored = redis.pcall('XADD', unpack(entry))
    if type(stored) == 'table' then
      out[#out + 1] = '!' .. stored.err
      if key then refused[key] = true end
    else
      size = size + 1
      if id then redis.call('ZADD', ids, at, id) end
      out[#out + 1] = stored
    end
  end
end
redis.call('ZREMRANGEBYSCORE', ids, '-inf', at - within)
return out
`

/**
 * How far a group is behind. Keys: the stream, the reads of a queue, the state of a log. Argument: group. Returns the id up to which
 * messages are delivered, the number of those that are delivered and not settled, the first of them, the first that is not delivered,
 * the lag that the server knows (-1: none), the size of the stream, the time, and the number of messages that were deleted before they
 * were settled, and not reported. Nil where the group is missing.
 */
export const STATE: Script = `${CLOCK}${FACTS}${PAST}
local stream = KEYS[1]
local is = groupOf(stream, ARGV[1])
if not is then return false end
local last, pending, lag = is['last-delivered-id'], is['pending'], is['lag']
local held = pending > 0 and redis.call('XPENDING', stream, ARGV[1], '-', '+', 1)[1][1] or ''
local waits = redis.call('XRANGE', stream, '(' .. last, '+', 'COUNT', 1)[1]
local of = redis.call('HMGET', KEYS[3], 'count', 'counted')
local known = of[2] == last and of[1] or redis.call('HGET', KEYS[2], 'settled')
local all = known and past(stream, last)
local missed = all and math.max(0, all - pending - known) or 0
return { last, pending, held, waits and waits[1] or '', type(lag) == 'number' and lag or -1, redis.call('XLEN', stream), now(), missed }
`

/**
 * Creates a group, and the stream where it is missing. Keys: the stream, the reads of a queue or the state of a log. Arguments: group,
 * 0 or $, and `log` or `queue`.
 */
export const CREATE: Script = `${FACTS}${PAST}
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM')
local last = groupOf(KEYS[1], ARGV[1])['last-delivered-id']
local all = past(KEYS[1], last)
if not all then return 1 end
if ARGV[3] == 'log' then
  redis.call('HSET', KEYS[2], 'count', all, 'counted', last)
else
  redis.call('HSET', KEYS[2], 'settled', all)
end
return 1
`

/** The type of a key, and where that is a stream, the names of its groups. Key: the stream. */
export const GROUPS: Script = `
local type = redis.call('TYPE', KEYS[1])['ok']
local out = { type }
if type == 'stream' then
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do out[#out + 1] = group[2] end
end
return out
`

/** Counts entries. Key: the stream. Arguments: after this id, up to this id, and the most entries. Returns their number and the last id. */
export const COUNT: Script = `
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], ARGV[2], 'COUNT', ARGV[3])
return { #entries, #entries > 0 and entries[#entries][1] or ARGV[1] }
`
