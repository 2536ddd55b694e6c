-- The stations in some cells, as the list of stations has them.
-- KEYS[1] queues, [2] places:{queues}   ARGV the first and the last cell of each span
-- Answers the list's own mark, then each station_id and its entry.
local found = {redis.call('HGET', KEYS[1], '*') or ''}
for at = 1, #ARGV, 2 do
  local places = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. ARGV[at] .. ':', '(' .. ARGV[at + 1] .. ';')
  for _, place in ipairs(places) do
    local cell, station_id = string.match(place, '^(%x+):(.*)$')
    local entry = redis.call('HGET', KEYS[1], station_id)
    if entry and string.match(entry, ':(%x+)$') == cell then  -- else it is gone, or elsewhere
      found[#found + 1] = station_id
      found[#found + 1] = entry
    end
  end
end
return found
