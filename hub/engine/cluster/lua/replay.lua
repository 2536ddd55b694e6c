-- What streams hold of some stretches: all of it, or nothing.
-- KEYS: bus, last, then one stream per stretch
-- ARGV: epoch, most bytes, then first (exclusive) and last number of each stretch; -1: without end
-- Answers {newest number, message...}; {-1} when something of it is forgotten; {-2} when it is too much.
local bus, last = KEYS[1], KEYS[2]
if redis.call('HGET', bus, 'epoch') ~= ARGV[1] then return {-1} end
local room = tonumber(ARGV[2])
local floor = tonumber(redis.call('HGET', bus, 'floor') or '0')
local found = {tonumber(redis.call('HGET', bus, 'n') or '0')}
for i = 3, #KEYS do
  local from, to = tonumber(ARGV[2 * i - 3]), tonumber(ARGV[2 * i - 2])
  local stream, forgotten = KEYS[i], floor
  if redis.call('EXISTS', stream) == 1 then
    local info = redis.call('XINFO', 'STREAM', stream)
    for j = 1, #info, 2 do
      if info[j] == 'max-deleted-entry-id' then forgotten = tonumber(string.match(info[j + 1], '%d+')) end
    end
  else
    forgotten = tonumber(redis.call('ZSCORE', last, stream) or floor)
  end
  if to >= 0 then forgotten = math.min(forgotten, to) end
  if forgotten > from then return {-1} end
  local till = to >= 0 and tostring(to) or '+'
  for _, entry in ipairs(redis.call('XRANGE', stream, '(' .. from, till)) do
    room = room - #entry[2][4]
    if room < 0 then return {-2} end
    found[#found + 1] = entry[2][4]
  end
end
return found
