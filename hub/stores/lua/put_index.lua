-- Say in the list of stations which board is the newest: station_id -> version:digest.
-- KEYS[1] queues   ARGV station_id, version, digest, version that is known to be wrong ('' none)
local present = redis.call('HGET', KEYS[1], ARGV[1])
local version = present and string.match(present, '^%d+')
if version and tonumber(version) > tonumber(ARGV[2]) and version ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[3])
return 1
