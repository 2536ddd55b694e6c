-- A session as it is kept, and the epoch: {claim, session, epoch}.
-- KEYS: session, bus
local found = redis.call('HMGET', KEYS[1], 'claim', 'session')
return {found[1], found[2], redis.call('HGET', KEYS[2], 'epoch')}
