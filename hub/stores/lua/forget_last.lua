-- Take a user off the list of those whose place is known, unless there is a newer fix.
-- KEYS[1] locations   ARGV user_id, time of the fix (us)
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 'nan') ~= tonumber(ARGV[2]) then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
