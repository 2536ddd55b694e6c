-- Keep a session, unless somebody else has claimed it.
-- KEYS: session   ARGV: claim, node, ms to live, session
-- Answers 1 when it was kept.
local claim = redis.call('HGET', KEYS[1], 'claim')
if claim and claim ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'claim', ARGV[1], 'node', ARGV[2], 'session', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
