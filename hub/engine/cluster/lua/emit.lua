-- Number an event, append it to its targets' streams and publish it; once for each (reader, seq).
-- KEYS: bus, last, then one stream per target
-- ARGV: epoch if there is none, ms that a stream keeps its events, most events of a stream, droppable,
--       reader, seq, seq before it (0: whatever it was), message, then one channel each
-- Answers the event's number; 0 when that seq was emitted before; -1 when the one before it was not.
local bus, last = KEYS[1], KEYS[2]
local span, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[5] ~= '' then
  local done = redis.call('HGET', bus, 'once:' .. ARGV[5])
  if done and tonumber(done) >= tonumber(ARGV[6]) then return 0 end
  if tonumber(done or '0') < tonumber(ARGV[7]) then return -1 end
  redis.call('HSET', bus, 'once:' .. ARGV[5], ARGV[6])
end
redis.call('HSETNX', bus, 'epoch', ARGV[1])
local n = redis.call('HINCRBY', bus, 'n', 1)
local message = redis.call('HGET', bus, 'epoch') .. ' ' .. n .. ' ' .. ARGV[8]
if ARGV[4] ~= '1' then
  local floor = redis.call('HGET', bus, 'floor') or '0'
  for i = 3, #KEYS do
    local stream = KEYS[i]
    local before = redis.call('ZSCORE', last, stream) or floor
    local fresh = redis.call('EXISTS', stream) == 0
    redis.call('XADD', stream, n .. '-0', 'at', now, 'm', message)
    if fresh then
      -- what an expired stream has forgotten is not forgotten with it
      redis.call('XSETID', stream, n .. '-0', 'ENTRIESADDED', 1, 'MAXDELETEDID', before .. '-0')
    else
      -- deleted one by one, for XTRIM does not say up to where it went
      local over = redis.call('XLEN', stream) - most
      for _, old in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', 4)) do
        if over > 0 or tonumber(old[2][2]) < now - span then redis.call('XDEL', stream, old[1]) end
        over = over - 1
      end
    end
    redis.call('PEXPIRE', stream, span)
    redis.call('ZADD', last, n, stream)
  end
  if redis.call('ZCARD', last) > 100000 then
    redis.call('HSET', bus, 'floor', redis.call('ZPOPMIN', last)[2])
  end
end
for i = 9, #ARGV do redis.call('PUBLISH', ARGV[i], message) end
return n
