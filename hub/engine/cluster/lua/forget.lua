-- A session is over, unless somebody else has claimed it.
-- KEYS: session   ARGV: claim
if redis.call('HGET', KEYS[1], 'claim') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
