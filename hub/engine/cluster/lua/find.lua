-- A session as it is kept: {claim, node, session}.
-- KEYS: session
return redis.call('HMGET', KEYS[1], 'claim', 'node', 'session')
