-- Count one call in two windows, each of which begins with its first call; a refused call is not counted.
-- KEYS[1] rate:{key}   ARGV calls a minute, calls an hour (0 is no limit), now (us; '' is this server's clock)
-- Answers the microseconds until both windows allow the next call; 0 when this one was allowed and counted.
local MINUTE, HOUR = 60000000, 3600000000
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local kept = redis.call('HMGET', KEYS[1], 'minute_began', 'minute_calls', 'hour_began', 'hour_calls')
local wait = 0

local function window(began, calls, length, most)
  began, calls, most = tonumber(began), tonumber(calls), tonumber(most)
  if not began or now < began or now - began >= length then began, calls = now, 0 end
  if most > 0 and calls >= most then wait = math.max(wait, began + length - now) end
  return began, calls
end

local minute_began, minute_calls = window(kept[1], kept[2], MINUTE, ARGV[1])
local hour_began, hour_calls = window(kept[3], kept[4], HOUR, ARGV[2])
if wait > 0 then return wait end
redis.call('HSET', KEYS[1], 'minute_began', minute_began, 'minute_calls', minute_calls + 1,
  'hour_began', hour_began, 'hour_calls', hour_calls + 1)
redis.call('PEXPIRE', KEYS[1], HOUR / 1000)
return 0
