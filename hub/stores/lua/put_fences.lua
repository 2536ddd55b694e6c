-- KEYS[1] location:{user_id}   ARGV fences as JSON, milliseconds to live
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'fences', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
