-- Take a lease that nobody has.
-- KEYS[1] lease:{name}, [2] fence:{lease:{name}}   ARGV who asks, milliseconds that it lasts
-- Answers the fence, greater than all before; 0 when somebody has the lease.
local fence = redis.call('GET', KEYS[2])
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then  -- it was taken already, and the answer was lost
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(fence)
end
if holder then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
if not fence then
  -- Redis is new or was emptied: somebody may have the lease and not know that it is gone. Nobody gets it
  -- until they must know.
  redis.call('SET', KEYS[2], now)
  redis.call('SET', KEYS[1], '', 'PX', ARGV[2])
  return 0
end
fence = math.max(now, tonumber(fence) + 1)
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return fence
