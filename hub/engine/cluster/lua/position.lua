-- The epoch and the newest number. A store that is behind what a node has seen has lost events:
-- a new epoch begins, so that no offset of the old one is taken for one of the new.
-- KEYS: bus   ARGV: epoch if a new one is needed, epoch and number the node has seen ('' and 0 at first)
local bus = KEYS[1]
local n = tonumber(redis.call('HGET', bus, 'n') or '0')
redis.call('HSETNX', bus, 'epoch', ARGV[1])
if redis.call('HGET', bus, 'epoch') == ARGV[2] and n < tonumber(ARGV[3]) then
  redis.call('HSET', bus, 'epoch', ARGV[1], 'n', ARGV[3], 'floor', ARGV[3])
  n = tonumber(ARGV[3])
end
return {redis.call('HGET', bus, 'epoch'), n}
