-- Take a session over, if it is still as it was read; tell the node that had it.
-- KEYS: session   ARGV: claim it was read with, new claim, new node, ms to live, channel prefix, message
-- Answers {1, how many nodes were told}; {0, 0} when somebody else was faster or its time is over.
local had = redis.call('HMGET', KEYS[1], 'claim', 'node')
if had[1] ~= ARGV[1] then return {0, 0} end
redis.call('HSET', KEYS[1], 'claim', ARGV[2], 'node', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {1, redis.call('PUBLISH', ARGV[5] .. had[2], ARGV[6])}
