-- Keep a station's board unless a newer one is there.
-- KEYS[1] queue:{station_id}   ARGV version, digest, board as JSON, version that is known to be wrong ('' none)
-- Answers 1 when it was kept.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
local present = redis.call('HGET', KEYS[1], 'version')
if present and tonumber(present) > tonumber(ARGV[1]) and present ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'digest', ARGV[2], 'board', ARGV[3])
return 1
