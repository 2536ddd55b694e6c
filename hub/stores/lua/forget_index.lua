-- Take a station off the list unless its board has changed.
-- KEYS[1] queues   ARGV station_id, version
local present = redis.call('HGET', KEYS[1], ARGV[1])
if not present or string.match(present, '^%d+') ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
