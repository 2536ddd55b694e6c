-- Take a session over from whoever has it, and tell the node that had it.
-- KEYS: session   ARGV: pid, new claim, new node, ms to live, prefix of the nodes' channels
-- Answers {how many nodes were told, node that had it, session}; {-1} when its time is over.
local had = redis.call('HMGET', KEYS[1], 'claim', 'node', 'session')
if not had[1] then return {-1} end
redis.call('HSET', KEYS[1], 'claim', ARGV[2], 'node', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local told = cjson.encode({claimed = ARGV[1], was = had[1], by = ARGV[2], node = ARGV[3]})
return {redis.call('PUBLISH', ARGV[5] .. had[2], '!' .. told), had[2], had[3]}
