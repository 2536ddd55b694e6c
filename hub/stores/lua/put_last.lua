-- Put a user on the list of those whose place is known, and take off who is too old or too many.
-- KEYS[1] locations   ARGV user_id, time of the fix (us), oldest time kept (us), most users, milliseconds to live
-- Answers the users beyond the most: their places have to be forgotten.
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local beyond = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[4])
if beyond <= 0 then return {} end
local gone = redis.call('ZRANGE', KEYS[1], 0, beyond - 1)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, beyond - 1)
return gone
