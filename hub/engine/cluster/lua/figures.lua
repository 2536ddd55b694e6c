-- Say what this node counts, and hear what the nodes that are alive count.
-- KEYS: figures   ARGV: node, ms for which a node's word is good, figures
-- Answers the figures of each node.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local answers, said = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #said, 2 do
  local at, figures = string.match(said[i + 1], '^(%d+) (.*)$')
  if tonumber(at) < now - tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], said[i])
  else answers[#answers + 1] = figures end
end
return answers
