-- Keep a user's fix if it is newer than the one that is there.
-- KEYS[1] location:{user_id}   ARGV time of the fix (us), fix as JSON, milliseconds to live,
--         time that is known to be wrong ('' none): then the fences go too
-- Answers 1 when it was kept.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
local present = redis.call('HGET', KEYS[1], 'at')
if ARGV[4] ~= '' and present == ARGV[4] then
  redis.call('DEL', KEYS[1])
elseif present and tonumber(present) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'fix', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
