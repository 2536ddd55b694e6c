-- Say in the list of stations which board is the newest: station_id -> version:digest:cell.
-- KEYS[1] queues, [2] places:{queues}
-- ARGV station_id, version, digest, version that is known to be wrong ('' none), cell
local present = redis.call('HGET', KEYS[1], ARGV[1])
local version = present and string.match(present, '^%d+')
if version and tonumber(version) > tonumber(ARGV[2]) and version ~= ARGV[4] then return 0 end
local cell = present and string.match(present, '^%d+:[^:]*:(%x+)$')
if cell and cell ~= ARGV[5] then redis.call('ZREM', KEYS[2], cell .. ':' .. ARGV[1]) end
redis.call('ZADD', KEYS[2], 0, ARGV[5] .. ':' .. ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[3] .. ':' .. ARGV[5])
return 1
