-- Forget a user's place unless it has changed.
-- KEYS[1] location:{user_id}   ARGV time of the fix (us)
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return redis.call('DEL', KEYS[1]) end
if redis.call('HGET', KEYS[1], 'at') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
