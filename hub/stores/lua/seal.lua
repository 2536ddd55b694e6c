-- End of a rebuild: say that this list is whole, unless Redis was emptied since the rebuild began.
-- KEYS[1] queues   ARGV which servers were asked
if redis.call('HEXISTS', KEYS[1], '*') == 0 then return 0 end
redis.call('HSET', KEYS[1], '*', ARGV[1])
return 1
