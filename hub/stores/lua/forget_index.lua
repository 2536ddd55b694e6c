-- Take a station off the list unless its board has changed.
-- KEYS[1] queues, [2] places:{queues}   ARGV station_id, version
local present = redis.call('HGET', KEYS[1], ARGV[1])
if not present or string.match(present, '^%d+') ~= ARGV[2] then return 0 end
local cell = string.match(present, '^%d+:[^:]*:(%x+)$')
if cell then redis.call('ZREM', KEYS[2], cell .. ':' .. ARGV[1]) end
return redis.call('HDEL', KEYS[1], ARGV[1])
