-- The clients of these sessions are alive: their time starts anew.
-- KEYS: sessions   ARGV: ms to live, then each one's claim
-- Answers for each: 1 kept, 0 claimed by somebody else, -1 unknown.
local answers = {}
for i = 1, #KEYS do
  local claim = redis.call('HGET', KEYS[i], 'claim')
  if not claim then answers[i] = -1
  elseif claim ~= ARGV[i + 1] then answers[i] = 0
  else
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
    answers[i] = 1
  end
end
return answers
